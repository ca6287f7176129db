import * as z from "zod"
import { fromBase64Url, toBase64Url, utf8 } from "../../../shared/protocol/bytes.js"
import { asId, type MeetingId } from "../../../shared/protocol/ids.js"
import { DURABLE, withStorage } from "../platform/database.js"
import { openRecord, sealRecord } from "../platform/device-key.js"
import { preparedSchema } from "../prepare/prepared.js"

/** What is recorded here: kept sealed, beside its journal, from before the first byte until it is published, so that the next visit finds it. */
const recordSchema = z.object({
  version: z.literal(1),
  meetingId: z.codec(
    z.string(),
    z.custom<MeetingId>((value) => value instanceof Uint8Array),
    { decode: (text) => asId("meeting", fromBase64Url(text)), encode: toBase64Url },
  ),
  title: z.string(),
  mediaType: z.string(),
  capturedAtMs: z.number().int().min(0),
  /** What is safe here, in time; a second or two less than is kept. */
  keptMs: z.number().int().min(0),
  /** Whether its end was reached, or somebody said that it is to be published: then it goes on by itself. */
  isEnded: z.boolean(),
  /** `null` until the archive was made. */
  prepared: preparedSchema.nullable(),
})

export type CaptureRecord = Readonly<z.infer<typeof recordSchema>>

function placeOf(captureId: string): string {
  return `capture ${captureId}`
}

/** @param durability `relaxed` for what is only shown. */
export async function saveCaptureRecord(
  captureId: string,
  record: CaptureRecord,
  durability: IDBTransactionDurability = "strict",
): Promise<void> {
  const encoded = utf8(JSON.stringify(z.encode(recordSchema, record)))
  const sealed = await sealRecord(placeOf(captureId), encoded)
  await withStorage(async (database) => {
    const change = database.transaction("captures", "readwrite", { ...DURABLE, durability })
    await change.store.put(sealed, captureId)
    await change.done
  })
}

export async function listCaptureRecords(): Promise<readonly string[]> {
  return await withStorage(async (database) => await database.getAllKeys("captures"))
}

/** `null` where it is gone. @throws {@link ArchiveError} `cannot-open`. */
export async function loadCaptureRecord(captureId: string): Promise<CaptureRecord | null> {
  const sealed = await withStorage(async (database) => await database.get("captures", captureId))
  if (sealed === undefined) return null
  const text = new TextDecoder().decode(await openRecord(placeOf(captureId), sealed))
  return z.decode(recordSchema, JSON.parse(text) as z.input<typeof recordSchema>)
}
