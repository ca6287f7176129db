import { join } from "node:path"
import { deriveEpochKeys } from "../../client/crypto/epoch-keys.js"
import { nodePrimitives } from "../../client/crypto/node-primitives.js"
import { sodiumReady } from "../../client/crypto/sodium.js"
import {
  type Client,
  createClient,
  createNodeTransport,
  Http,
  openStateFile,
  readMeeting,
} from "../../client/sdk/index.js"
import { parseId } from "../../shared/protocol/ids.js"
import type { Needle } from "./needles.js"
import { random } from "./people.js"

/** Twenty-four bytes from several places; those that are all alike would be found anywhere. */
export function windows(name: string, bytes: Uint8Array): readonly Needle[] {
  return [0.11, 0.29, 0.5, 0.73, 0.92]
    .map((part) => ({
      name,
      bytes: bytes.slice(Math.floor(bytes.length * part), Math.floor(bytes.length * part) + 24),
    }))
    .filter((needle) => new Set(needle.bytes).size > 8)
}

/** The client of a command's home, in this process. */
export async function openHome(
  home: string,
  url: string,
  passphrase: string | null = null,
): Promise<{ readonly client: Client; close(): Promise<void> }> {
  await sodiumReady()
  const state = await openStateFile(join(home, "keystore"), () => Promise.resolve(passphrase), random)
  const { transport, close } = createNodeTransport()
  const client = createClient({
    http: new Http(url, transport),
    state,
    clock: { nowMs: () => Date.now() },
    random,
    primitives: nodePrimitives,
    failpoint: () => undefined,
  })
  return { client, close }
}

/** Every secret of the keystore of a command, as {@link secretsOf} has them. */
export async function clientSecrets(home: string, url: string, meeting: string): Promise<readonly Needle[]> {
  const { client, close } = await openHome(home, url)
  try {
    return await secretsOf(client, meeting)
  } finally {
    await close()
  }
}

/**
 * Every secret of a device, and the content keys of what was published. Upload secrets and tokens are sent to the server, which keeps
 * their hashes: they open nothing, and are not among these.
 */
export async function secretsOf(client: Client, meeting: string): Promise<readonly Needle[]> {
  const log = await readMeeting(client, parseId("meeting", meeting))
  const { secrets, meetings, searchKey } = client.state.current
  const { device, userSeeds } = secrets
  const known = meetings.flatMap((held) => held.known)
  const keys = known.map(({ secret, epoch }) => deriveEpochKeys(secret, epoch))
  return [
    { name: "device's Ed25519 seed", bytes: device.ed25519Seed },
    { name: "device's X-Wing seed", bytes: device.xwingSeed },
    ...userSeeds.map(({ seed }) => ({ name: "user seed", bytes: seed })),
    ...known.map(({ secret }) => ({ name: "epoch secret", bytes: secret })),
    ...keys.map(({ chatKey }) => ({ name: "chat key", bytes: chatKey })),
    ...keys.map(({ presenceKey }) => ({ name: "presence key", bytes: presenceKey })),
    ...known.flatMap(({ adminSeed }) => (adminSeed === null ? [] : [{ name: "admin seed", bytes: adminSeed }])),
    ...(searchKey === null ? [] : [{ name: "search key", bytes: searchKey }]),
    ...log.recordings
      .flatMap((recording) => recording.opened?.assets ?? [])
      .map((asset) => ({ name: "content key", bytes: asset.contentKey })),
  ]
}
