import * as z from "zod"
import { ArchiveError } from "../../protocol/errors.js"
import type { Job } from "../ports.js"

const asset = z.string().regex(/^[0-9a-f]{32}$/)
const jobSchema = z.discriminatedUnion("name", [
  z.object({ name: z.literal("store-chunk"), asset, chunk: z.number().int().min(0) }),
  z.object({ name: z.literal("finish-asset"), asset }),
])

/** One name per piece of work, so that a queue holds it once. */
export function jobKey(job: Job): string {
  return job.name === "store-chunk" ? `${job.name}.${job.asset}.${job.chunk}` : `${job.name}.${job.asset}`
}

/** @throws {@link ArchiveError} `malformed`: a queue is no more to be trusted than a network. */
export function parseJob(raw: unknown): Job {
  const parsed = jobSchema.safeParse(raw)
  if (!parsed.success) throw new ArchiveError("malformed", "a job of another form")
  return parsed.data
}
