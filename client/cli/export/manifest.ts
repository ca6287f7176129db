import { open } from "node:fs/promises"
import { createHash } from "node:crypto"
import * as z from "zod"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { AssetRole } from "../../../shared/protocol/recording.js"
import { sanitiseFileName } from "../../sdk/saved-name.js"

/** What an export says of itself. SPEC.md §20. */

export const MANIFEST = "export.json"
export const FIRST_PAGE = "index.html"
/** What every meeting's folder has: its chat, and pages. */
export const CHAT = "chat.json"
export const PAGES = ["chat.html", "index.html"] as const
/** What was imported with a recording, in its folder. */
export const IMPORTED = "imported.json"
export const MANIFEST_LIMIT_BYTES = 64 * 1024 * 1024

/** With `/` between names, from the export's folder on: it leads nowhere else. */
const pathSchema = z
  .string()
  .max(1_024)
  .refine(
    (path) =>
      path !== "" &&
      path.split("/").every((name) => name !== "" && name !== "." && name !== ".." && !/[\\\0]/.test(name)),
  )
const sizeSchema = z.number().int().min(0)

const exportedFileSchema = z.object({
  path: pathSchema,
  sizeBytes: sizeSchema,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The opening that says who archived it; `null` for what was made here, and for files of messages, whose proof is their message's. */
  proof: pathSchema.nullable(),
})
export type ExportedFile = z.infer<typeof exportedFileSchema>

const exportedRecordingSchema = z.object({
  recording: z.string(),
  title: z.string(),
  folder: pathSchema,
  author: z.string(),
  published: z.string(),
  isImported: z.boolean(),
  /** Deleted in its meeting since it was exported. */
  isWithdrawn: z.boolean(),
  files: z.array(exportedFileSchema),
})
export type ExportedRecording = z.infer<typeof exportedRecordingSchema>

const exportedMeetingSchema = z.object({
  meeting: z.string(),
  title: z.string(),
  folder: pathSchema,
  messages: sizeSchema,
  recordings: z.array(exportedRecordingSchema),
  /** Chat, its proofs and files, and pages. */
  files: z.array(exportedFileSchema),
  /** Openings of all messages that this account could open. */
  chatProofs: z.array(pathSchema),
  /** What earlier calls wrote and the meeting has no more: of messages and recordings that went since. */
  former: z.array(exportedFileSchema).default([]),
  /** What could not be exported, and why. */
  missing: z.array(z.object({ what: z.string(), code: z.string(), reason: z.string() })),
})
export type ExportedMeeting = z.infer<typeof exportedMeetingSchema>

const manifestSchema = z.object({
  version: z.literal(1),
  account: z.string(),
  exported: z.string(),
  meetings: z.array(exportedMeetingSchema),
  /** The first page; none until an export has come to its end. */
  files: z.array(exportedFileSchema),
})
export type ExportManifest = z.infer<typeof manifestSchema>

/** @throws {@link ArchiveError} `malformed`, also for a path that leads out of the folder. EX1. */
export function parseManifest(text: string): ExportManifest {
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new ArchiveError("malformed", `${MANIFEST} is no list of an export that can be read`, { cause })
  }
}

/** How the list names a recording's file that could not be had. */
export function missingPart(recording: string, role: AssetRole): string {
  return `${recording}, ${role}`
}

const TITLE_CHARACTERS = 60

/** A folder's name: what it is called, and all of its id, since authors choose ids, and two may end alike. */
export function folderName(title: string, id: string): string {
  return `${sanitiseFileName([...title].slice(0, TITLE_CHARACTERS).join("")).trim()} ${id}`
}

/** What lies beside a recording's media, by its name in the recording's folder. */
const BESIDE = /^(?:(?:captions|poster|waveform|import)-\d+\.[a-z]+|imported\.json|.*\.(?:opening|partial))$/i

/** The name of a recording's media, which is its author's choice, and none that something else there has. */
export function mediaFileName(name: string): string {
  return BESIDE.test(name) ? `media ${name}` : name
}

export function mediaOf(files: readonly ExportedFile[]): ExportedFile | undefined {
  return files.find(({ path }) => !BESIDE.test(path.slice(path.lastIndexOf("/") + 1)))
}

const READ_BYTES = 1 << 20

export async function hashOf(path: string): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  const file = await open(path, "r")
  try {
    const hash = createHash("sha256")
    let sizeBytes = 0
    const buffer = new Uint8Array(READ_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return { sizeBytes, sha256: hash.digest("hex") }
      hash.update(buffer.subarray(0, bytesRead))
      sizeBytes += bytesRead
    }
  } finally {
    await file.close()
  }
}
