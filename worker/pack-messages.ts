import { secureRandom } from "../shared/server/ambient.js"
import { dayOf } from "../shared/protocol/ambient.js"
import { sha256 } from "../shared/protocol/hash.js"
import { timeOfCatalog } from "../shared/server/catalog/cases.js"
import {
  beginPack,
  finishPack,
  forgetPack,
  giveUpPack,
  nextPackable,
  strayPacks,
} from "../shared/server/catalog/packs.js"
import { makePack, packKey } from "../shared/server/chat-pack.js"
import { failpoint } from "../shared/server/failpoints.js"
import type { WorkerContext } from "./context.js"

const PACKS_PER_PASS = 100

type Context = Pick<WorkerContext, "catalog" | "objects" | "logger">

/**
 * Brings the bytes of old messages into packs of the object store, once a day: until a day is over, none of it is packed. SPEC.md §16.6.
 * Harmless when run twice, by two workers at once, or ended anywhere: rows are whole until a pack that is stored takes their place.
 * @param before the day on which nothing was left to be packed.
 * @returns the same: today, unless there is more.
 */
export async function packMessages(context: Context, afterDays: number, before: number): Promise<number> {
  const { catalog, objects, logger } = context
  const day = dayOf((await timeOfCatalog(catalog)).getTime())
  // Only of today there is ever more on one day.
  if (day === before && afterDays > 0) return before
  let messages = 0
  for (let packs = 0; packs < PACKS_PER_PASS; packs++) {
    const packable = await nextPackable(catalog, afterDays)
    if (packable === null) {
      if (messages > 0) logger.info("old messages were packed", { messages, packs })
      return day
    }
    const { bytes, offsets } = makePack(packable.meetingId, packable.messages)
    const pack = { packId: secureRandom(16), sha256: sha256(bytes), sizeBytes: bytes.length }
    await beginPack(catalog, pack)
    failpoint("worker.pack.after-begin")
    await objects.put(packKey(pack.packId), { kind: "bytes", bytes, sha256: pack.sha256 })
    failpoint("worker.pack.after-put")
    if (await finishPack(catalog, pack.packId, packable, offsets)) messages += packable.messages.length
    failpoint("worker.pack.after-finish")
  }
  return before
}

/** Removes packs that nothing names any more, and those that a worker which died had begun. */
export async function removeStrayPacks({ catalog, objects, logger }: Context, settleMs: number): Promise<void> {
  let removed = 0
  for (const packId of await strayPacks(catalog, settleMs, PACKS_PER_PASS)) {
    if (!(await giveUpPack(catalog, packId))) continue
    failpoint("worker.pack.after-give-up")
    await objects.delete(packKey(packId))
    failpoint("worker.pack.after-object")
    await forgetPack(catalog, packId)
    removed += 1
  }
  if (removed > 0) logger.info("packs without messages were removed", { packs: removed })
}
