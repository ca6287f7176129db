import type { RandomBytes } from "../../protocol/ambient.js"
import type { Signer } from "../../protocol/envelope.js"
import { ArchiveError } from "../../protocol/errors.js"
import type { InstanceId } from "../../protocol/ids.js"
import { instanceIdOf, keyIdOf, makeServerKey, type ServerKeyPurpose } from "../../protocol/receipt.js"
import type { Catalog, Queryable } from "../ports.js"
import { TODAY } from "./sql.js"

/** Who this server is. SPEC.md §10. */
export interface Instance {
  readonly instanceId: InstanceId
  readonly instanceKey: Uint8Array
  readonly incarnation: number
  /** Envelopes by the instance key, of every receipt and operator key there was. */
  readonly serverKeys: readonly Uint8Array[]
  readonly receiptSigner: Signer
  readonly operatorSigner: Signer
}

/** The Ed25519 pair of a 32-byte seed. */
export type SignerOfSeed = (seed: Uint8Array) => Signer

const SEED_BYTES = 32
const PURPOSES: readonly ServerKeyPurpose[] = ["receipt", "operator"]

/** Reads the instance's keys; the first process to come makes them. Safe for any number at once. */
export async function openInstance(
  catalog: Catalog,
  random: RandomBytes,
  signerOfSeed: SignerOfSeed,
): Promise<Instance> {
  await catalog.transaction(async (transaction) => {
    const inserted = await transaction.query(
      `INSERT INTO instance (id, instance_seed, incarnation, created_day) VALUES (1, $1, 0, ${TODAY}) ON CONFLICT (id) DO NOTHING RETURNING 1`,
      [random(SEED_BYTES)],
    )
    if (inserted.length === 0) return
    const { instance_seed: seed, created_day: day } = await instanceRow(transaction)
    for (const purpose of PURPOSES)
      await insertServerKey(transaction, purpose, day, signerOfSeed(seed), random, signerOfSeed)
  })
  const instance = await instanceRow(catalog)
  const { publicKey: instanceKey } = signerOfSeed(instance.instance_seed)
  const keys = await catalog.query<{ purpose: ServerKeyPurpose; seed: Uint8Array; certificate: Uint8Array }>(
    "SELECT purpose, seed, certificate FROM server_keys ORDER BY day, purpose, key_id",
    [],
  )
  const newestSigner = (purpose: ServerKeyPurpose): Signer => {
    const key = keys.findLast((candidate) => candidate.purpose === purpose)
    if (key === undefined) throw new ArchiveError("internal", `the catalog holds no ${purpose} key`)
    return signerOfSeed(key.seed)
  }
  return {
    instanceId: instanceIdOf(instanceKey),
    instanceKey,
    incarnation: instance.incarnation,
    serverKeys: keys.map((key) => key.certificate),
    receiptSigner: newestSigner("receipt"),
    operatorSigner: newestSigner("operator"),
  }
}

async function instanceRow(
  catalog: Queryable,
): Promise<{ instance_seed: Uint8Array; incarnation: number; created_day: number }> {
  const [row] = await catalog.query<{ instance_seed: Uint8Array; incarnation: number; created_day: number }>(
    "SELECT instance_seed, incarnation, created_day FROM instance WHERE id = 1",
    [],
  )
  if (row === undefined) throw new ArchiveError("internal", "the catalog holds no instance")
  return row
}

async function insertServerKey(
  transaction: Queryable,
  purpose: ServerKeyPurpose,
  day: number,
  instanceSigner: Signer,
  random: RandomBytes,
  signerOfSeed: SignerOfSeed,
): Promise<void> {
  const seed = random(SEED_BYTES)
  const { publicKey } = signerOfSeed(seed)
  const certificate = makeServerKey({ purpose, key: publicKey, day }, instanceSigner)
  await transaction.query(
    "INSERT INTO server_keys (purpose, key_id, seed, public_key, certificate, day) VALUES ($1, $2, $3, $4, $5, $6)",
    [purpose, keyIdOf(publicKey), seed, publicKey, certificate, day],
  )
}
