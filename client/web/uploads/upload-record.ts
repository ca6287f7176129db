import * as z from "zod"
import { fromBase64Url, toBase64Url, utf8 } from "../../../shared/protocol/bytes.js"
import { asId, type MeetingId, type RecordingId } from "../../../shared/protocol/ids.js"
import { DURABLE, withStorage } from "../platform/database.js"
import { openRecord, sealRecord } from "../platform/device-key.js"
import { preparedSchema } from "../prepare/prepared.js"

/** What somebody chose to upload: kept sealed from then on until it is published, so that a reload finds it again. */
const recordSchema = z.object({
  version: z.literal(1),
  meetingId: z.codec(
    z.string(),
    z.custom<MeetingId>((value) => value instanceof Uint8Array),
    { decode: (text) => asId("meeting", fromBase64Url(text)), encode: toBase64Url },
  ),
  title: z.string(),
  capturedAtMs: z.number().int().min(0).nullable(),
  /** By these the same file is known again when it has to be chosen again; `null` where it is no file. */
  file: z.object({ name: z.string(), sizeBytes: z.number().int().min(0), modifiedMs: z.number() }).nullable(),
  /** What it saves of a capture whose recorder is gone; `null` for a file. */
  recovers: z
    .codec(
      z.string(),
      z.custom<RecordingId>((value) => value instanceof Uint8Array),
      { decode: (text) => asId("recording", fromBase64Url(text)), encode: toBase64Url },
    )
    .nullable()
    .default(null),
  isPaused: z.boolean(),
  /** `null` until it was prepared. */
  prepared: preparedSchema.nullable(),
})

export type UploadRecord = Readonly<z.infer<typeof recordSchema>>

function placeOf(uploadId: string): string {
  return `upload ${uploadId}`
}

/** Durable when it resolves. */
export async function saveUploadRecord(uploadId: string, record: UploadRecord): Promise<void> {
  const encoded = utf8(JSON.stringify(z.encode(recordSchema, record)))
  const sealed = await sealRecord(placeOf(uploadId), encoded)
  await withStorage(async (database) => {
    const change = database.transaction("uploads", "readwrite", DURABLE)
    await change.store.put(sealed, uploadId)
    await change.done
  })
}

export async function listUploadRecords(): Promise<readonly string[]> {
  return await withStorage(async (database) => await database.getAllKeys("uploads"))
}

/** `null` where it is gone, as another tab finished or cancelled it. @throws {@link ArchiveError} `cannot-open`. */
export async function loadUploadRecord(uploadId: string): Promise<UploadRecord | null> {
  const sealed = await withStorage(async (database) => await database.get("uploads", uploadId))
  if (sealed === undefined) return null
  const text = new TextDecoder().decode(await openRecord(placeOf(uploadId), sealed))
  return z.decode(recordSchema, JSON.parse(text) as z.input<typeof recordSchema>)
}
