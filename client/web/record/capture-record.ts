import * as z from "zod"
import { meetingIdText, sealedRecords } from "../platform/sealed-records.js"
import { preparedSchema } from "../prepare/prepared.js"

/** What is recorded here: kept sealed, beside its journal, from before the first byte until it is published, so that the next visit finds it. */
const recordSchema = z.object({
  version: z.literal(1),
  meetingId: meetingIdText,
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

export const captureRecords = sealedRecords("captures", "capture", recordSchema)
