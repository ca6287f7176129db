import { createReadStream } from "node:fs"
import { lstat, open, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { type FileBytes, readOpening } from "../../verifier/read-opening.js"
import { accountOf } from "../describe.js"
import { proveChat } from "./verify-chat.js"
import {
  type ExportedFile,
  type ExportedMeeting,
  hashOf,
  MANIFEST,
  MANIFEST_LIMIT_BYTES,
  parseManifest,
} from "./manifest.js"

export interface ExportFault {
  readonly path: string
  readonly code: string
  readonly reason: string
}

export interface VerifiedExport {
  readonly account: string
  readonly meetings: number
  /** Whose bytes are those that the list names. */
  readonly files: number
  /** Those of them whose author's signature holds for exactly these bytes. */
  readonly proved: number
  /** Messages of chats that are just what was signed. */
  readonly provedMessages: number
  readonly faults: readonly ExportFault[]
  /** What lies in the folder and is not the export's. */
  readonly strangers: readonly string[]
}

/**
 * Checks a whole export, with no server, account or network. One fault hides no other.
 * @throws {@link ArchiveError} `usage` where there is none; `malformed`, `too-large` for a list that can't be read; `interrupted`. SPEC.md §20.
 */
export async function verifyExport(
  folder: string,
  signal: AbortSignal,
  onProgress: (path: string) => void,
): Promise<VerifiedExport> {
  await sodiumReady()
  const manifest = parseManifest(await readManifest(folder))
  const faults: ExportFault[] = []
  const named = new Set([MANIFEST, "index.html"])
  let [files, proved, provedMessages] = [0, 0, 0]
  const check = async (file: ExportedFile, expected: Expected | null): Promise<void> => {
    if (signal.aborted) throw new ArchiveError("interrupted", "interrupted: it was not checked to its end")
    onProgress(file.path)
    named.add(file.path)
    if (file.proof !== null) named.add(file.proof)
    try {
      await assertPlain(folder, file.path)
      const found = await hashOf(join(folder, file.path))
      if (found.sizeBytes !== file.sizeBytes || found.sha256 !== file.sha256)
        throw new ArchiveError("integrity", "it has other bytes than were exported")
      if (file.proof !== null && expected !== null) {
        await assertPlain(folder, file.proof)
        await prove(folder, file, file.proof, expected)
        proved += 1
      }
      files += 1
    } catch (error) {
      if (!isArchiveError(error) || error.code === "interrupted") throw error
      faults.push({
        path: file.path,
        code: error.code,
        reason: `${error.message}${error.place === undefined ? "" : ` (${error.place})`}`,
      })
    }
  }
  /** Of files that hold, so that no fault is named twice. */
  const checkChat = async ({ meeting, folder: place, chatProofs }: ExportedMeeting): Promise<void> => {
    const path = `${place}/chat.json`
    if ([path, ...chatProofs].some((name) => faults.some((fault) => fault.path === name))) return
    try {
      provedMessages += await proveChat(folder, path, meeting, chatProofs)
    } catch (error) {
      if (!isArchiveError(error)) throw error
      faults.push({ path, code: error.code, reason: error.message })
    }
  }
  for (const meeting of manifest.meetings) {
    for (const file of meeting.files) await check(file, null)
    await checkChat(meeting)
    for (const { author, published, files: found } of meeting.recordings)
      for (const file of found) await check(file, { meeting: meeting.meeting, author, published })
  }
  const strangers = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "x").length - 1))
    .filter((path) => !named.has(path))
  const { account, meetings } = manifest
  return { account, meetings: meetings.length, files, proved, provedMessages, faults, strangers }
}

interface Expected {
  readonly meeting: string
  readonly author: string
  readonly published: string
}

/** EX2, EX3. */
async function prove(folder: string, file: ExportedFile, proof: string, expected: Expected): Promise<void> {
  const handle = await open(join(folder, file.path), "r")
  try {
    const bytes: FileBytes = {
      sizeBytes: file.sizeBytes,
      read: async (start, end) => {
        const into = new Uint8Array(end - start)
        for (let filled = 0; filled < into.length;) {
          const { bytesRead } = await handle.read(into, filled, into.length - filled, start + filled)
          if (bytesRead === 0) throw new ArchiveError("truncated", "it has become shorter")
          filled += bytesRead
        }
        return into
      },
    }
    const reader = await readOpening(createReadStream(join(folder, proof)), { primitives: nodePrimitives, file: bytes })
    if ("messages" in reader.opening) throw new ArchiveError("integrity", "its proof is that of messages")
    const { statement, asset } = reader.opening
    const isItself =
      asset !== null &&
      !asset.content.isCarried &&
      asset.content.part === null &&
      asset.manifest.trueBytes === file.sizeBytes &&
      formatId("meeting", idOfHash("meeting", statement.meetingHash)) === expected.meeting &&
      accountOf(statement.authorGenesisHash) === expected.author &&
      isoTimeOf(statement.timeMs) === expected.published
    if (!isItself) throw new ArchiveError("integrity", "its proof is that of something else")
    let provedBytes = 0
    for await (const { bytes: opened } of reader.segments()) provedBytes += opened.length
    if (provedBytes !== file.sizeBytes) throw new ArchiveError("truncated", "its proof ends before it")
  } finally {
    await handle.close()
  }
}

/** A link could lead to a file that is not in the folder, and that others don't get with it. */
async function assertPlain(folder: string, path: string): Promise<void> {
  const names = path.split("/")
  for (const [depth] of names.entries()) {
    const info = await lstat(join(folder, ...names.slice(0, depth + 1))).catch(() => null)
    if (info === null) throw new ArchiveError("integrity", `${path} is missing`)
    const isLast = depth === names.length - 1
    if (isLast ? !info.isFile() : !info.isDirectory())
      throw new ArchiveError("integrity", `${path} is a link, or no plain file`)
  }
}

async function readManifest(folder: string): Promise<string> {
  const path = join(folder, MANIFEST)
  const info = await lstat(path).catch(() => null)
  if (info?.isFile() !== true) throw new ArchiveError("usage", `${folder} is no export: there is no ${MANIFEST} in it`)
  if (info.size > MANIFEST_LIMIT_BYTES) throw new ArchiveError("too-large", `${MANIFEST} is longer than any`)
  return await readFile(path, "utf8")
}
