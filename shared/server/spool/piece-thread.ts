import { existsSync } from "node:fs"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { ArchiveError, type ErrorCode } from "../../protocol/errors.js"
import type { PieceHashes } from "../assets/piece-hasher.js"
import type { SpoolFile } from "../ports.js"
import { createPieceFile } from "./piece-file.js"

export type ThreadRequest =
  | { readonly id: number; readonly kind: "create"; readonly name: string }
  | { readonly id: number; readonly kind: "add"; readonly packets: readonly Uint8Array[] }
  | { readonly id: number; readonly kind: "commit" | "discard" }

export type ThreadAnswer =
  | { readonly id: number; readonly kind: "took"; readonly sizeBytes: number }
  | { readonly id: number; readonly kind: "done"; readonly hashes: PieceHashes | null }
  | { readonly id: number; readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }

/** Where new files of a spool are written. */
export interface PieceThread {
  create(name: string): Promise<SpoolFile>
  close(): Promise<void>
}

/** Handed over at once. */
const BATCH_BYTES = 256 * 1024
/** On their way to the thread, before the sender has to wait. */
const HELD_BYTES = 2 * 1024 * 1024
/** It holds little beside the packets that pass through, which must not stay for long. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64 }

const ENTRY = new URL("./piece-thread-worker.js", import.meta.url)

/**
 * Files hashed and written by a thread, so that the calling one only receives. Packets are handed over, not copied: so neither their hashing nor the
 * collection of their memory is the caller's. The thread starts with the first file.
 * Run from source there is no compiled `entry` to start: then all is done in the calling thread.
 */
export function createPieceThread(root: string, entry: URL = ENTRY): PieceThread {
  if (!existsSync(entry)) {
    return { create: async (name) => await createPieceFile(root, name), close: () => Promise.resolve() }
  }
  const files = new Map<number, RemoteFile>()
  let thread: Worker | null = null
  let lastId = 0

  const start = (): Worker => {
    const started = new Worker(entry, { workerData: root, resourceLimits: THREAD_LIMITS })
    started.unref()
    started.on("message", (answer: ThreadAnswer) => files.get(answer.id)?.take(answer))
    // What it fails with ends it.
    started.on("error", () => undefined)
    started.on("exit", () => {
      if (thread === started) thread = null
      for (const file of files.values()) file.lose()
      files.clear()
    })
    return started
  }

  return {
    create: async (name) => {
      const posting = (thread ??= start())
      const id = ++lastId
      const file = new RemoteFile(join(root, name), {
        post: (request, transferred) => {
          posting.postMessage({ id, ...request }, transferred)
        },
        forget: () => files.delete(id),
      })
      files.set(id, file)
      await file.create(name)
      return file
    },
    close: async () => {
      const ending = thread
      thread = null
      await ending?.terminate()
    },
  }
}

type Without<Request, Key extends string> = Request extends unknown ? Omit<Request, Key> : never

interface Asked {
  readonly resolve: (hashes: PieceHashes | null) => void
  readonly reject: (error: ArchiveError) => void
}

interface Line {
  post(request: Without<ThreadRequest, "id">, transferred: ArrayBuffer[]): void
  forget(): void
}

class RemoteFile implements SpoolFile {
  readonly #path: string
  readonly #line: Line
  #asked: Asked | null = null
  #failure: ArchiveError | null = null
  #isLost = false
  #packets: Uint8Array[] = []
  #waitingBytes = 0
  #heldBytes = 0
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null

  constructor(path: string, line: Line) {
    this.#path = path
    this.#line = line
  }

  async create(name: string): Promise<void> {
    await this.#ask({ kind: "create", name }).catch((error: unknown) => {
      this.#line.forget()
      throw error
    })
  }

  add(packet: Uint8Array): Promise<void> | null {
    this.#packets.push(packet)
    this.#waitingBytes += packet.length
    this.#heldBytes += packet.length
    if (this.#waitingBytes >= BATCH_BYTES) this.#handOver()
    if (this.#heldBytes < HELD_BYTES || this.#failure !== null) return null
    this.#room ??= newRoom()
    return this.#room.promise
  }

  async commit(): Promise<PieceHashes> {
    this.#handOver()
    const hashes = await this.#ask({ kind: "commit" })
    if (hashes === null) throw new ArchiveError("internal", "a spool file without its hashes")
    this.#line.forget()
    return hashes
  }

  async discard(): Promise<void> {
    this.#packets = []
    this.#failure = null
    if (this.#isLost) await rm(this.#path, { force: true })
    else await this.#ask({ kind: "discard" })
    this.#line.forget()
  }

  /** The thread is gone, and all that it had not written. */
  lose(): void {
    this.#isLost = true
    this.take({ id: 0, kind: "failed", code: "unavailable", message: "the spool's thread ended" })
  }

  take(answer: ThreadAnswer): void {
    if (answer.kind === "took") this.#heldBytes -= answer.sizeBytes
    if (answer.kind === "failed") this.#failure = new ArchiveError(answer.code, answer.message)
    if (answer.kind === "failed" || this.#heldBytes < HELD_BYTES) {
      this.#room?.resolve()
      this.#room = null
    }
    if (answer.kind === "took" || this.#asked === null) return
    const asked = this.#asked
    this.#asked = null
    if (this.#failure === null) asked.resolve(answer.kind === "done" ? answer.hashes : null)
    else asked.reject(this.#failure)
  }

  #handOver(): void {
    const packets = this.#packets.map(owned)
    this.#packets = []
    this.#waitingBytes = 0
    this.#line.post(
      { kind: "add", packets },
      packets.map(({ buffer }) => buffer),
    )
  }

  /** One question at a time; a failure that was told before is its answer. */
  async #ask(request: Without<ThreadRequest, "id">): Promise<PieceHashes | null> {
    if (this.#failure !== null) throw this.#failure
    return await new Promise((resolve, reject) => {
      this.#asked = { resolve, reject }
      this.#line.post(request, [])
    })
  }
}

/** The packet in memory that is nobody else's, so that it can be handed over. */
function owned(packet: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = packet
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === packet.byteLength
  return isWhole ? (packet as Uint8Array<ArrayBuffer>) : new Uint8Array(packet)
}

function newRoom(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
