import { open, rename, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { toHex } from "../../shared/protocol/bytes.js"
import type { Signer } from "../../shared/protocol/envelope.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { type CaseId, formatId } from "../../shared/protocol/ids.js"
import { type Actor, readCustody, recordCustody } from "../../shared/server/catalog/custody.js"
import type { Instance } from "../../shared/server/catalog/instance.js"
import { noteStep } from "../../shared/server/catalog/notices.js"
import { TODAY } from "../../shared/server/catalog/sql.js"
import { fsyncFolder, translateFileError } from "../../shared/server/files.js"
import type { Catalog } from "../../shared/server/ports.js"
import { readItem } from "./arguments.js"
import { CONFIRMATION_FILE, signConfirmation } from "./confirmation.js"
import { UNCONFIRMED } from "./produce.js"
import { verifyProduction } from "./verify.js"

/**
 * A second operator's confirmation: the production is verified whole, signed, named as it was to be, and noted as produced.
 * @returns the folder under its name.
 * @throws {@link ArchiveError} as `verifyProduction`; `usage` for a folder that waits for no confirmation; `forbidden` for a key that is no confirmer's;
 * `conflict` where the same person made it, or it is another case's.
 */
export async function confirmProduction(
  catalog: Catalog,
  instance: Instance,
  {
    caseId,
    folder,
    actor,
    confirmer,
  }: { readonly caseId: CaseId; readonly folder: string; readonly actor: Actor; readonly confirmer: Signer },
): Promise<string> {
  const source = resolve(folder)
  if (!source.endsWith(UNCONFIRMED)) throw new ArchiveError("usage", `${folder} waits for no confirmation`)
  const target = source.slice(0, -UNCONFIRMED.length)
  if ((await stat(target).catch(() => null)) !== null)
    throw new ArchiveError("exists", `${target} exists: move it away first`)
  const { instanceKey } = instance
  const verified = await verifyProduction(source, { instanceKey, onFile: () => undefined, awaitsConfirmation: true })
  if (verified.case !== formatId("case", caseId)) throw new ArchiveError("conflict", "a production of another case")
  if (!verified.confirmers.includes(toHex(confirmer.publicKey)))
    throw new ArchiveError("forbidden", "this key is none that may confirm this production")
  await catalog.transaction(async (transaction) => {
    const tagManifestSha512 = toHex(verified.tagManifestHash)
    const ofThis = (await readCustody(transaction, caseId))
      .map(({ entry }) => JSON.parse(entry) as { actor: string; action: string; details: Record<string, unknown> })
      .filter(({ details }) => details["tagManifestSha512"] === tagManifestSha512)
    const prepared = ofThis.find(({ action }) => action === "prepared")
    if (prepared === undefined) throw new ArchiveError("conflict", "a production that this case's record does not have")
    if (prepared.actor === actor.name)
      throw new ArchiveError("conflict", `${actor.name} made this production: another person confirms it`)
    const [today] = await transaction.query<{ day: number }>(`SELECT ${TODAY} AS day`, [])
    const statement = { scopeId: caseId, tagManifestHash: verified.tagManifestHash, day: today?.day ?? 0 }
    await writeDurably(join(source, CONFIRMATION_FILE), signConfirmation(statement, confirmer))
    // An earlier try was interrupted before the folder had its name.
    if (ofThis.some(({ action }) => action === "produced")) return
    const { seq } = await recordCustody(transaction, caseId, actor, "produced", {
      tagManifestSha512,
      confirmer: toHex(confirmer.publicKey),
    })
    const { from: fromDay, to: toDay } = verified.days
    await noteStep(transaction, caseId, {
      seq,
      action: "produce",
      items: verified.scope.map(({ item }) => readItem(item)),
      fromDay,
      toDay,
      tagManifestHash: verified.tagManifestHash,
    })
  })
  try {
    await rename(source, target)
    await fsyncFolder(dirname(target))
  } catch (error) {
    throw translateFileError(error, target)
  }
  return target
}

/** Again, where an earlier try was interrupted. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(path, "w", 0o600)
    await file.writeFile(bytes)
    await file.sync()
    await file.close()
    await fsyncFolder(dirname(path))
  } catch (error) {
    throw translateFileError(error, path)
  }
}
