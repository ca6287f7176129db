import { createReadStream } from "node:fs"
import { lstat, open, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import type { AssetRole } from "../../../shared/protocol/recording.js"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { readRange } from "../../verifier/node/read-range.js"
import { readOpening } from "../../verifier/read-opening.js"
import { type FileBytes, rootOfFile } from "../../verifier/seal-again.js"
import { accountOf } from "../describe.js"
import { type ProvableFile, proveChat } from "./verify-chat.js"
import {
  CHAT,
  type ExportedFile,
  type ExportedMeeting,
  type ExportedRecording,
  FIRST_PAGE,
  hashOf,
  IMPORTED,
  MANIFEST,
  MANIFEST_LIMIT_BYTES,
  missingPart,
  PAGES,
  parseManifest,
} from "./manifest.js"

export interface ExportFault {
  readonly path: string
  readonly code: string
  readonly reason: string
}

/** What of an export is as it was made, and is just somebody's word: whoever made it. */
export interface NotProved {
  readonly path: string
  readonly why: "page" | "import" | "converted" | "former"
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
  readonly provedBy: readonly { readonly account: string; readonly files: number; readonly messages: number }[]
  readonly notProved: readonly NotProved[]
  /** Lines of chats that nobody is said to have written: places where something is missing, closed or was refused. */
  readonly unprovedLines: number
  /** What could not be exported, as the list says. */
  readonly missing: ExportedMeeting["missing"]
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
  const check = new ExportCheck(folder, signal, onProgress)
  await check.pages(manifest.files, [FIRST_PAGE])
  for (const meeting of manifest.meetings) {
    await check.meeting(meeting)
    await check.former(meeting)
    for (const recording of meeting.recordings) await check.recording(meeting, recording)
  }
  const strangers = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "x").length - 1))
    .filter((path) => !check.named.has(path))
  const { account, meetings } = manifest
  const { files, proved, provedMessages, provedBy, notProved, unprovedLines, faults } = check
  return {
    account,
    meetings: meetings.length,
    files,
    proved,
    provedMessages,
    provedBy: [...provedBy].map(([by, counts]) => ({ account: by, ...counts })),
    notProved,
    unprovedLines,
    missing: meetings.flatMap((meeting) => meeting.missing),
    faults,
    strangers,
  }
}

/** What a file's opening proves it to be. */
interface ProvedFile {
  readonly role: AssetRole
  /** Which of its recording's files. */
  readonly field: string
  readonly statementHash: Uint8Array
}

class ExportCheck {
  readonly #folder: string
  readonly #signal: AbortSignal
  readonly #onProgress: (path: string) => void
  readonly named = new Set<string>([MANIFEST])
  readonly faults: ExportFault[] = []
  readonly notProved: NotProved[] = []
  readonly provedBy = new Map<string, { files: number; messages: number }>()
  files = 0
  proved = 0
  provedMessages = 0
  unprovedLines = 0

  constructor(folder: string, signal: AbortSignal, onProgress: (path: string) => void) {
    this.#folder = folder
    this.#signal = signal
    this.#onProgress = onProgress
  }

  /** Pages for reading, which are all there and no other: what they say, nobody can be held to. */
  async pages(files: readonly ExportedFile[], wanted: readonly string[]): Promise<void> {
    for (const path of wanted) {
      const file = files.find((other) => other.path === path)
      if (file === undefined) this.#fault(path, new ArchiveError("integrity", "it is missing from the list"))
      else await this.#unproved(file, "page")
    }
    for (const { path } of files) if (!wanted.includes(path)) this.#fault(path, strangeFile())
  }

  /** The chat, with its files, and the meeting's pages. EX5. */
  async meeting({ meeting, folder: place, files, chatProofs }: ExportedMeeting): Promise<void> {
    const chatPath = `${place}/${CHAT}`
    const listed = new Map(files.map((file) => [file.path, file]))
    const isPage = (path: string): boolean => PAGES.some((name) => path === `${place}/${name}`)
    await this.pages(
      files.filter(({ path }) => isPage(path)),
      PAGES.map((name) => `${place}/${name}`),
    )
    const faultsBefore = this.faults.length
    for (const path of [chatPath, ...chatProofs]) {
      const file = listed.get(path)
      if (file === undefined) this.#fault(path, new ArchiveError("integrity", "it is missing from the list"))
      else
        await this.#try(path, async () => {
          await this.#assertIsListed(file)
        })
    }
    const others = files.filter(({ path }) => path !== chatPath && !chatProofs.includes(path) && !isPage(path))
    for (const file of others)
      await this.#try(file.path, async () => {
        await this.#assertIsListed(file)
      })
    // Of files that hold, so that no fault is named twice.
    if (this.faults.length > faultsBefore) return
    await this.#try(chatPath, async () => {
      const chat = await proveChat(this.#folder, place, meeting, chatProofs)
      for (const author of chat.authors) this.#countFor(author).messages += 1
      this.provedMessages += chat.authors.length
      this.unprovedLines += chat.unprovedLines
      for (const { path } of others) if (!chat.files.has(path)) this.#fault(path, strangeFile())
      for (const [path, sent] of chat.files) await this.#sentFile(listed.get(path), path, sent)
    })
  }

  /** What is kept of an earlier export: as it was written then, and held against nothing else. */
  async former({ former }: ExportedMeeting): Promise<void> {
    for (const file of former) {
      if (file.proof !== null) this.named.add(file.proof)
      await this.#unproved(file, "former", file.proof)
    }
  }

  /** A file of a message: sealed again by the key that was signed with it, it has the root that was signed. */
  async #sentFile(file: ExportedFile | undefined, path: string, { author, sent }: ProvableFile): Promise<void> {
    await this.#try(path, async () => {
      if (file === undefined) throw new ArchiveError("integrity", "it is missing from the list")
      const root = await withFile(
        join(this.#folder, path),
        file.sizeBytes,
        async (bytes) => await rootOfFile(bytes, sent, nodePrimitives),
      )
      if (file.sizeBytes !== sent.trueBytes || !equalBytes(root, sent.root))
        throw new ArchiveError("integrity", "it is not what was signed with its message")
      this.#countProved(author)
    })
  }

  /** Its media, and all of its files but what says of itself that it was made from them. */
  async recording({ meeting, missing }: ExportedMeeting, recording: ExportedRecording): Promise<void> {
    const expected = { meeting, author: recording.author, published: recording.published }
    const faultsBefore = this.faults.length
    const proved = new Map<string, ProvedFile>()
    for (const file of recording.files) {
      const { proof } = file
      if (proof === null) continue
      await this.#try(file.path, async () => {
        this.named.add(proof)
        await this.#assertIsListed(file, proof)
        await assertPlain(this.#folder, proof)
        const one = await prove(this.#folder, file, proof, expected)
        for (const other of proved.values())
          if (other.field === one.field || !equalBytes(other.statementHash, one.statementHash))
            throw new ArchiveError("integrity", "its proof is that of another file, or of another recording")
        proved.set(file.path, one)
        this.#countProved(recording.author)
      })
    }
    const roles = [...proved.values()].map(({ role }) => role)
    for (const file of recording.files) {
      if (file.proof !== null) continue
      const why = this.#madeFrom(file.path, recording.folder, proved)
      if (why === null)
        await this.#try(file.path, async () => {
          await this.#assertIsListed(file)
          throw new ArchiveError("integrity", "it has no proof: nobody can be told to have archived it")
        })
      else await this.#unproved(file, why)
    }
    if (this.faults.length > faultsBefore) return
    const isSaidMissing = (role: AssetRole): boolean =>
      missing.some(({ what }) => what === missingPart(recording.recording, role))
    if (!roles.includes("media") && !isSaidMissing("media"))
      this.#fault(recording.folder, new ArchiveError("integrity", "the recording itself is missing"))
    if (roles.includes("import") !== recording.isImported && !isSaidMissing("import"))
      this.#fault(recording.folder, new ArchiveError("integrity", "whether it was imported is not as its files say"))
  }

  /** What may lie there without a proof of its own. */
  #madeFrom(path: string, folder: string, proved: ReadonlyMap<string, ProvedFile>): NotProved["why"] | null {
    if (path === `${folder}/${IMPORTED}`)
      return [...proved.values()].some(({ role }) => role === "import") ? "import" : null
    const source = proved.get(path.replace(/\.vtt$/, ".srt"))
    return path.startsWith(`${folder}/captions-`) && source?.role === "captions" ? "converted" : null
  }

  async #unproved(file: ExportedFile, why: NotProved["why"], proof: string | null = null): Promise<void> {
    await this.#try(file.path, async () => {
      await this.#assertIsListed(file, proof)
      this.notProved.push({ path: file.path, why })
    })
  }

  /** EX1. @param proof the one that it may have. */
  async #assertIsListed(file: ExportedFile, proof: string | null = null): Promise<void> {
    if (this.#signal.aborted) throw new ArchiveError("interrupted", "interrupted: it was not checked to its end")
    this.#onProgress(file.path)
    if (this.named.has(file.path) || file.proof !== proof) throw strangeFile()
    this.named.add(file.path)
    await assertPlain(this.#folder, file.path)
    const found = await hashOf(join(this.#folder, file.path))
    if (found.sizeBytes !== file.sizeBytes || found.sha256 !== file.sha256)
      throw new ArchiveError("integrity", "it has other bytes than were exported")
    this.files += 1
  }

  async #try(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const isUnreadable = error instanceof Error && "syscall" in error
      if (!isUnreadable && (!isArchiveError(error) || error.code === "interrupted")) throw error
      this.#fault(path, isArchiveError(error) ? error : new ArchiveError("integrity", "it can't be read"))
    }
  }

  #fault(path: string, { code, message, place }: ArchiveError): void {
    this.named.add(path)
    this.faults.push({ path, code, reason: `${message}${place === undefined ? "" : ` (${place})`}` })
  }

  #countProved(author: string): void {
    this.proved += 1
    this.#countFor(author).files += 1
  }

  #countFor(author: string): { files: number; messages: number } {
    const counts = this.provedBy.get(author) ?? { files: 0, messages: 0 }
    this.provedBy.set(author, counts)
    return counts
  }
}

function strangeFile(): ArchiveError {
  return new ArchiveError("integrity", "it is nothing that an export has there, or is listed twice")
}

interface Expected {
  readonly meeting: string
  readonly author: string
  readonly published: string
}

/** EX2, EX3. */
async function prove(folder: string, file: ExportedFile, proof: string, expected: Expected): Promise<ProvedFile> {
  return await withFile(join(folder, file.path), file.sizeBytes, async (bytes) => {
    const reader = await readOpening(createReadStream(join(folder, proof)), { primitives: nodePrimitives, file: bytes })
    if ("messages" in reader.opening) throw new ArchiveError("integrity", "its proof is that of messages")
    const { statement, statementHash, fields, asset } = reader.opening
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
    return { role: asset.manifest.role, field: fields[0]?.name ?? "", statementHash }
  })
}

async function withFile<Result>(
  path: string,
  sizeBytes: number,
  use: (bytes: FileBytes) => Promise<Result>,
): Promise<Result> {
  const handle = await open(path, "r")
  try {
    return await use({
      sizeBytes,
      read: async (start, end) =>
        await readRange(handle, start, end, () => new ArchiveError("truncated", "it has become shorter")),
    })
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
