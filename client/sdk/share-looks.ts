import { activeDevices } from "../../shared/protocol/chain.js"
import { inRecords } from "../../shared/protocol/read-marks.js"
import type { Client } from "./client.js"
import { decideInKeyring } from "./keyring.js"
import { readMarksIn } from "./keyring-views.js"
import { refreshKeys } from "./links.js"
import { isCovered, withReadMarks } from "./read-marks.js"

const LEAST_WAIT_MS = 15 * 60_000
const CHANCE_MS = 30 * 60_000

/**
 * Tells the account's other devices what was looked at here, once that is due, so that they show it as new no more; where there is no other, nobody is told.
 * The server sees when a keyring grows, and is not to learn by that which meeting was looked at: so it grows 15 to 45 minutes after the first look that
 * is not in it, for all meetings at once. To be called from time to time. SPEC.md §5.4.
 * @throws {@link ArchiveError} as `decideInKeyring`.
 */
export async function shareLooks(client: Client): Promise<void> {
  const { looks, looksDueAtMs } = client.state.current
  if (looks.length === 0) return
  const wasDue = looksDueAtMs !== null && looksDueAtMs <= client.clock.nowMs()
  // Also by a clock that was set back since.
  const isFarOff = looksDueAtMs !== null && looksDueAtMs > client.clock.nowMs() + LEAST_WAIT_MS + CHANCE_MS
  if (looksDueAtMs === null || wasDue || isFarOff) await putOff(client)
  if (!wasDue || activeDevices(await refreshKeys(client)).length < 2) return
  for (const together of inRecords(looks))
    await decideInKeyring(client, (entries) => {
      const known = readMarksIn(entries)
      const marks = together.filter((look) => !isCovered(known, look))
      return marks.length === 0 ? null : { type: "read-marks", marks }
    })
  await client.state.update((state) => ({ ...withReadMarks(state, looks), looksDueAtMs: null }))
}

async function putOff({ clock, random, state }: Client): Promise<void> {
  const [chance = 0] = random(1)
  const looksDueAtMs = clock.nowMs() + LEAST_WAIT_MS + Math.floor((CHANCE_MS * chance) / 256)
  await state.update((current) => ({ ...current, looksDueAtMs }))
}
