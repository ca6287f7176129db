import { ArchiveError } from "../../../shared/protocol/errors.js"
import { writeToDisk } from "./sealed-file-disk.js"
import type { SealedFileAnswer, SealedFileRequest } from "./sealed-file-messages.js"
import workerUrl from "./sealed-file-worker.ts?worker&url"
import { trustedScriptUrl } from "./trusted-urls.js"

/** Files of ciphertext in the origin private file system: what came of a source that comes once, until it is sent. */

/** Holds a folder per upload. */
const FOLDER = "sealed"
/** A worker writes by itself, a page has one do it. */
const IS_WORKER = typeof document === "undefined"

let worker: Worker | null = null
let lastId = 0
const waiting = new Map<number, (failure: string | null) => void>()

/** Puts `sealed` into a file at `startBytes`; it is on the disk when this resolves. @throws {@link ArchiveError} `out-of-space`, `unavailable`. */
export async function writeSealed(upload: string, name: string, startBytes: number, sealed: Uint8Array): Promise<void> {
  const write = IS_WORKER ? writeHere : writeByWorker
  const failure = await write([FOLDER, upload], name, startBytes, sealed)
  if (failure === null) return
  throw failure === "QuotaExceededError"
    ? new ArchiveError("out-of-space", "the browser has no more room to keep what was captured", { retryable: false })
    : new ArchiveError("unavailable", `the browser can't keep what was captured: ${failure}`, { retryable: false })
}

/** @returns the name of what the browser threw, or `null`. */
async function writeHere(
  folders: readonly string[],
  name: string,
  startBytes: number,
  sealed: Uint8Array,
): Promise<string | null> {
  try {
    // A browser writes what no thread shares; nothing here does.
    await writeToDisk(folders, name, startBytes, sealed as Uint8Array<ArrayBuffer>)
    return null
  } catch (error) {
    return error instanceof DOMException ? error.name : String(error)
  }
}

/** The same, for a page. */
async function writeByWorker(
  folders: readonly string[],
  name: string,
  startBytes: number,
  sealed: Uint8Array,
): Promise<string | null> {
  worker ??= startWorker()
  const id = ++lastId
  const answered = new Promise<string | null>((resolve) => {
    waiting.set(id, resolve)
  })
  // The caller goes on to send the bytes: what is handed over is a copy.
  const copy = new Uint8Array(sealed)
  const request: SealedFileRequest = { id, folders, name, startBytes, sealed: copy }
  worker.postMessage(request, [copy.buffer])
  return await answered
}

/** A file that is written to between being looked up and being read can't be read: it is looked up again. */
const READ_ATTEMPTS = 20

/** So many bytes of a file, also while it grows. @throws {@link ArchiveError} `changed` where they are not there. */
export async function readSealed(
  upload: string,
  name: string,
  startBytes: number,
  sizeBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const folder = await (await sealedFolder()).getDirectoryHandle(upload)
      const file = await (await folder.getFileHandle(name)).getFile()
      const part = new Uint8Array(await file.slice(startBytes, startBytes + sizeBytes).arrayBuffer())
      if (part.length === sizeBytes) return part
      break
    } catch (cause) {
      const isWritten = cause instanceof DOMException && cause.name === "NotReadableError"
      if (isWritten && attempt < READ_ATTEMPTS) continue
      throw new ArchiveError("changed", "what this browser kept of the recording can't be read", { cause })
    }
  }
  throw new ArchiveError("changed", "what this browser kept of the recording is no longer whole")
}

/** All of a file; `null` where there is none. @throws {@link ArchiveError} `changed` where it can't be read. */
export async function readWholeSealed(upload: string, name: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const folder = await (await sealedFolder()).getDirectoryHandle(upload)
    return new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer())
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "NotFoundError") return null
    throw new ArchiveError("changed", "what this browser kept of the recording can't be read", { cause })
  }
}

export async function removeSealedFile(upload: string, name: string): Promise<void> {
  await ignoringAbsence(async () => {
    const folder = await (await sealedFolder()).getDirectoryHandle(upload)
    await folder.removeEntry(name)
  })
}

export async function removeSealedFiles(upload: string): Promise<void> {
  await ignoringAbsence(async () => {
    await (await sealedFolder()).removeEntry(upload, { recursive: true })
  })
}

export async function removeAllSealedFiles(): Promise<void> {
  await ignoringAbsence(async () => {
    const root = await navigator.storage.getDirectory()
    await root.removeEntry(FOLDER, { recursive: true })
  })
}

async function sealedFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return await root.getDirectoryHandle(FOLDER)
}

function startWorker(): Worker {
  const started = new Worker(trustedScriptUrl(workerUrl), { type: "module" })
  started.addEventListener("message", ({ data }: MessageEvent<SealedFileAnswer>) => {
    waiting.get(data.id)?.(data.failure)
    waiting.delete(data.id)
  })
  started.addEventListener("error", (event) => {
    event.preventDefault()
    worker = null
    for (const answer of waiting.values()) answer("its worker ended")
    waiting.clear()
  })
  return started
}

/** A browser that keeps no files for this page has none to remove. */
async function ignoringAbsence(step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : ""
    if (name === "NotFoundError" || name === "SecurityError") return
    throw new ArchiveError("unavailable", "what this browser kept of a recording can't be removed", {
      cause,
      retryable: false,
    })
  }
}
