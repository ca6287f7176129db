import * as z from "zod"
import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { activeDevices, isActiveAt, type VerifiedChain, verifyChain } from "../../shared/protocol/chain.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { ChainResponse, HTTP_LIMITS, PairingMessage, PairingPosted } from "../../shared/protocol/http.js"
import { type DeviceId, formatId, idOfHash } from "../../shared/protocol/ids.js"
import { LIMITS } from "../../shared/protocol/limits.js"
import { countersignedBytes, decodeLinkStatement } from "../../shared/protocol/link.js"
import { type DeviceSecrets, deviceSigner, makeDevice, newestUserSeed, publicKeysOf } from "../crypto/account-keys.js"
import { countersign, finishAddDevice, openUserSeeds, prepareAddDevice } from "../crypto/account-links.js"
import {
  formatPairingCode,
  hashOfKeys,
  openCountersignature,
  openOffer,
  openRequest,
  type PairingCode,
  type PairingOffer,
  pairingIdOf,
  type PairingRequest,
  parsePairingCode,
  sealCountersignature,
  sealOffer,
  sealRequest,
} from "../crypto/pairing.js"
import { signerOfSeed, verifySignature } from "../crypto/sodium.js"
import { accountCapability } from "./account.js"
import type { Client } from "./client.js"
import { deviceIdOf } from "./devices.js"
import type { Http } from "./http.js"
import { fetchInstance } from "./instance.js"
import { readKeyring } from "./keyring.js"
import { fetchBoxes, postLink, refreshKeys } from "./links.js"
import { sleep } from "./retry.js"
import { type ClientState, newState } from "./state.js"
import { TokenCache } from "./tokens.js"

/** A second device, by the code that it shows. Neither side can be paired with the server. SPEC.md §5.5. */

const POLL_MS = 1_000

export interface PairingOptions {
  readonly signal?: AbortSignal
  readonly pollMs?: number
}

/** A device that shows its code and waits. */
export interface BegunPairing {
  readonly code: string
  readonly deviceName: string
  readonly device: DeviceSecrets
  readonly secret: Uint8Array
  readonly instanceKey: Uint8Array
}

/** On the new device: makes its keys, and the code by which a device of the account finds it. */
export async function beginPairing(
  http: Http,
  { deviceName, random }: { readonly deviceName: string; readonly random: RandomBytes },
): Promise<BegunPairing> {
  const { instanceKey } = await fetchInstance(http, null)
  const [device, secret] = [makeDevice(random), random(16)]
  const keys = publicKeysOf(device)
  await leave(http, secret, 0, sealRequest(secret, { ...keys, name: deviceName }, random))
  return { code: formatPairingCode({ secret, keysHash: hashOfKeys(keys) }), deviceName, device, secret, instanceKey }
}

/**
 * On the new device: waits until a device of the account approves it, and takes the account's keys.
 * @returns a state to be kept durably at once: it holds the keys of a device that counts.
 * @throws {@link ArchiveError} `timeout` where nobody does in ten minutes; `cannot-open`, `instance-changed`, `fork`, `bad-chain` for a server that
 * answers in the account's place, or keeps something of it back.
 */
export async function completePairing(
  http: Http,
  begun: BegunPairing,
  options: PairingOptions & { readonly random: RandomBytes },
): Promise<ClientState> {
  const { secret, device } = begun
  const deadline = deadlineOf(performance.now())
  for (let n = 1; n < LIMITS.pairingMessages; n += 2) {
    const sealed = await waitForMessage(http, secret, n, deadline, options)
    const offer = openOffer(secret, n, sealed)
    await assertIsOurs(http, begun, offer)
    await leave(
      http,
      secret,
      n + 1,
      sealCountersignature(secret, n + 1, countersign(device, offer.linkStatement), options.random),
    )
    const taken = await waitForLink(http, begun, offer, n + 2, deadline, options)
    if (taken !== null) return await stateOf(http, begun, offer, taken)
  }
  throw new ArchiveError("conflict", "the account changed too often meanwhile: show a new code")
}

/** P3 to P5. */
async function assertIsOurs(http: Http, { instanceKey, device }: BegunPairing, offer: PairingOffer): Promise<void> {
  if (!equalBytes(offer.instanceKey, instanceKey))
    throw new ArchiveError(
      "instance-changed",
      "the server at this address is another than the one that the account's device knows: nothing was taken from it",
    )
  const { chain } = await fetchOfferedChain(http, offer)
  const { seq, prev, signerKey, body } = decodeLinkStatement(offer.linkStatement)
  const keys = publicKeysOf(device)
  const isOwn =
    body.type === "add-device" &&
    equalBytes(body.device.ed25519, keys.ed25519) &&
    equalBytes(body.device.xwing, keys.xwing)
  const continues =
    seq > offer.chain.seq &&
    equalBytes(chain.linkHashes[seq - 1] ?? new Uint8Array(0), prev) &&
    isActiveAt(chain, signerKey, seq - 1)
  if (!isOwn || !continues)
    throw new ArchiveError("bad-chain", "the link that was offered does not add this device to that account")
}

async function fetchOfferedChain(
  http: Http,
  { genesisHash, chain: { seq, headHash } }: PairingOffer,
): Promise<{ readonly links: readonly Uint8Array[]; readonly chain: VerifiedChain }> {
  const account = formatId("account", idOfHash("account", genesisHash))
  const { links } = await http.json(ChainResponse, { path: `/v1/accounts/${account}/chain`, subject: account })
  return { links, chain: verifyChain(links, verifySignature, { genesisHash, seq, headHash, isVerified: false }) }
}

/** The chain once it has this device; `null` where another offer came instead, since another link came first. */
async function waitForLink(
  http: Http,
  { secret, device }: BegunPairing,
  offer: PairingOffer,
  next: number,
  deadline: number,
  options: PairingOptions,
): Promise<Awaited<ReturnType<typeof fetchOfferedChain>> | null> {
  const { ed25519 } = publicKeysOf(device)
  for (;;) {
    const found = await fetchOfferedChain(http, offer)
    if (activeDevices(found.chain).some((active) => equalBytes(active.ed25519, ed25519))) return found
    if (next < LIMITS.pairingMessages && (await read(http, secret, next)) !== null) return null
    await pause(deadline, options)
  }
}

async function stateOf(
  http: Http,
  { device, deviceName, instanceKey }: BegunPairing,
  { keyring }: PairingOffer,
  { links, chain }: { readonly links: readonly Uint8Array[]; readonly chain: VerifiedChain },
): Promise<ClientState> {
  const capability = { kind: "account", id: chain.accountId, signer: signerOfSeed(device.ed25519Seed) } as const
  const boxes = await fetchBoxes(http, new TokenCache(), capability)
  const { genesisHash, headHash } = chain
  const state = newState({
    url: http.baseUrl,
    instanceKey,
    deviceName,
    genesisLink: links[0] ?? new Uint8Array(0),
    secrets: { genesisHash, device, userSeeds: openUserSeeds(chain, device, boxes) },
    head: { seq: chain.linkHashes.length - 1, headHash },
  })
  return { ...state, keyring: { ...keyring } }
}

/** A device that asks to be added, as its code vouches. */
export interface RequestedDevice {
  readonly code: PairingCode
  readonly request: PairingRequest
}

/**
 * On a device of the account: what the device with this code asks for.
 * @throws {@link ArchiveError} `malformed` for no code; `not-found` for one that has ended; `not-authorised`, `cannot-open` where the server gives other keys.
 */
export async function readPairing(client: Client, text: string): Promise<RequestedDevice> {
  const code = parsePairingCode(text)
  const sealed = await read(client.http, code.secret, 0)
  if (sealed === null)
    throw new ArchiveError(
      "not-found",
      "no device with this code waits at this server: show a new code, and use the same server",
    )
  return { code, request: openRequest(code, sealed) }
}

/** On a device of the account: adds the device that asks. @throws {@link ArchiveError} `timeout`, `bad-signature`, `too-large`, `conflict`. */
export async function approveDevice(
  client: Client,
  { code: { secret }, request }: RequestedDevice,
  options: PairingOptions = {},
): Promise<DeviceId> {
  const deadline = deadlineOf(performance.now())
  for (let n = 1; n + 1 < LIMITS.pairingMessages; n += 2) {
    const made = await offer(client, secret, n, request)
    const sealed = await waitForMessage(client.http, secret, n + 1, deadline, options)
    // Where an earlier call left an offer, its countersignature is for a link whose box is gone.
    if (made !== null && (await add(client, made, request, openCountersignature(secret, n + 1, sealed))))
      return deviceIdOf(request.ed25519)
  }
  throw new ArchiveError("conflict", "the account changed too often meanwhile: show a new code")
}

/** `null` where there is an offer already. */
async function offer(
  client: Client,
  secret: Uint8Array,
  n: number,
  request: PairingRequest,
): Promise<ReturnType<typeof prepareAddDevice> | null> {
  const { head } = await readKeyring(client)
  const chain = await refreshKeys(client)
  const { secrets, instanceKey } = client.state.current
  const made = prepareAddDevice(
    chain,
    deviceSigner(secrets),
    newestUserSeed(secrets),
    { keys: request, name: request.name },
    { nowMs: client.clock.nowMs(), random: client.random },
  )
  const said = {
    genesisHash: chain.genesisHash,
    chain: { seq: chain.linkHashes.length - 1, headHash: chain.headHash },
    keyring: { count: head.seq + 1, hash: head.hash },
    instanceKey,
    linkStatement: made.statement,
  }
  const isLeft = await isAccepted(leave(client.http, secret, n, sealOffer(secret, n, said, client.random)))
  return isLeft ? made : null
}

/** `false` where another link came first. */
async function add(
  client: Client,
  made: ReturnType<typeof prepareAddDevice>,
  { ed25519 }: PairingRequest,
  signature: Uint8Array,
): Promise<boolean> {
  if (!verifySignature(signature, countersignedBytes(made.statement), ed25519))
    throw new ArchiveError("bad-signature", "the device did not countersign the link that it was offered")
  const link = finishAddDevice(made, deviceSigner(client.state.current.secrets), { key: ed25519, signature })
  const isAppended = await isAccepted(postLink(client.http, client.tokens, accountCapability(client), link))
  if (isAppended) await refreshKeys(client)
  return isAppended
}

async function isAccepted(sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent
    return true
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "conflict") throw error
    return false
  }
}

async function leave(http: Http, secret: Uint8Array, n: number, sealed: Uint8Array): Promise<void> {
  await http.json(PairingPosted, {
    method: "POST",
    path: pathOf(secret, n),
    subject: "pairing",
    json: z.encode(PairingMessage, { sealed }),
  })
}

async function read(http: Http, secret: Uint8Array, n: number): Promise<Uint8Array | null> {
  try {
    return (await http.json(PairingMessage, { path: pathOf(secret, n), subject: "pairing" })).sealed
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "not-found") throw error
    return null
  }
}

async function waitForMessage(
  http: Http,
  secret: Uint8Array,
  n: number,
  deadline: number,
  options: PairingOptions,
): Promise<Uint8Array> {
  for (;;) {
    const sealed = await read(http, secret, n)
    if (sealed !== null) return sealed
    await pause(deadline, options)
  }
}

function pathOf(secret: Uint8Array, n: number): string {
  return `/v1/pairings/${formatId("pairing", pairingIdOf(secret))}/messages/${n}`
}

function deadlineOf(nowMs: number): number {
  return nowMs + HTTP_LIMITS.pairingMs
}

async function pause(deadline: number, { signal, pollMs = POLL_MS }: PairingOptions): Promise<void> {
  if (performance.now() > deadline)
    throw new ArchiveError("timeout", "the other device did not answer in ten minutes: show a new code")
  await sleep(pollMs, signal)
}
