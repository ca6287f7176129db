import * as z from "zod"
import { meetingIdText, recordingIdText, sealedRecords } from "../platform/sealed-records.js"
import { preparedAssetSchema, preparedSchema } from "../prepare/prepared.js"

/** What somebody chose to upload: kept sealed from then on until it is published, so that a reload finds it again. */
const recordSchema = z.object({
  version: z.literal(1),
  meetingId: meetingIdText,
  title: z.string(),
  capturedAtMs: z.number().int().min(0).nullable(),
  /** By these the same file is known again when it has to be chosen again; `null` where it is no file. */
  file: z.object({ name: z.string(), sizeBytes: z.number().int().min(0), modifiedMs: z.number() }).nullable(),
  /** What it saves of a capture whose recorder is gone; `null` for a file. */
  recovers: recordingIdText.nullable().default(null),
  /** Of an import: what lay beside the file and where it came from, kept already. It belongs to that very file. */
  beside: z.array(preparedAssetSchema).default([]),
  isPaused: z.boolean(),
  /** `null` until it was prepared. */
  prepared: preparedSchema.nullable(),
})

export type UploadRecord = Readonly<z.infer<typeof recordSchema>>

export const uploadRecords = sealedRecords("uploads", "upload", recordSchema)
