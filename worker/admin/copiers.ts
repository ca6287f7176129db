import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { ArchiveError, type ErrorCode } from "../../shared/protocol/errors.js"
import {
  addBytes,
  copyHashed,
  createHashedFile,
  type HashedBytes,
  hashWritten,
  type KnownBytes,
} from "./hashed-file.js"

/** Writes files of a production, several at once, each durable when that resolves. */
export interface Copiers {
  /** As {@link copyHashed}. */
  copy(from: string, to: string): Promise<HashedBytes | null>
  /** @throws {@link ArchiveError} `unavailable`, `out-of-space`, or what `contents` fail with: what was written then stays. */
  write(to: string, contents: AsyncIterable<Uint8Array>): Promise<HashedBytes>
  /** As {@link hashWritten}. */
  hash(path: string, known: KnownBytes): Promise<HashedBytes | null>
  close(): Promise<void>
}

/** What a thread does for one file, told by its id. */
export type CopyRequest = { readonly id: number } & (
  | { readonly kind: "copy"; readonly from: string; readonly to: string }
  | { readonly kind: "hash"; readonly path: string; readonly known: KnownBytes }
  | { readonly kind: "create"; readonly to: string }
  | { readonly kind: "add"; readonly bytes: Uint8Array<ArrayBuffer>; readonly filledBytes: number }
  | { readonly kind: "commit" | "abandon" }
)

/** `create` and `add` have no failures of their own: `commit` has them. */
export type CopyAnswer =
  | { readonly kind: "took"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "done"; readonly id: number; readonly hashes: HashedBytes | null }
  | { readonly kind: "failed"; readonly id: number; readonly code: ErrorCode; readonly message: string }

/** To hash takes longer than most disks do. */
const THREADS = Math.min(availableParallelism(), 4)
/** While some of a thread's files wait for the disk, it hashes another. */
export const COPIES_AT_ONCE = 6 * THREADS

/** Bytes go to the threads in these, which come back: so that memory neither grows nor has to be collected. */
const BUFFER_BYTES = 1 << 18
/** Each file that is written keeps one to fill. */
const BUFFERS = 2 * COPIES_AT_ONCE
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64 }

const ENTRY = new URL("./copier-worker.js", import.meta.url)

/**
 * By threads that start as they are needed.
 * Run from source there is no compiled `entry` to start: then all is done in the calling thread.
 */
export function openCopiers(entry: URL = ENTRY): Copiers {
  if (!existsSync(entry)) return HERE
  const threads: CopierThread[] = []
  const buffers = new Buffers()
  let lastId = 0

  const idlest = (): CopierThread => {
    const [found] = threads.toSorted((a, b) => a.tasks - b.tasks)
    if (found !== undefined && (found.tasks === 0 || threads.length === THREADS)) return found
    const started = new CopierThread(entry, buffers)
    threads.push(started)
    return started
  }

  return {
    copy: async (from, to) => await idlest().do({ id: ++lastId, kind: "copy", from, to }),
    hash: async (path, known) => await idlest().do({ id: ++lastId, kind: "hash", path, known }),
    write: async (to, contents) => {
      const id = ++lastId
      const thread = idlest()
      const written = thread.do({ id, kind: "create", to })
      // Where the thread ends, that is so before anybody waits for it.
      written.catch(() => undefined)
      try {
        await buffers.fill(contents, (bytes, filledBytes) => {
          thread.post({ id, kind: "add", bytes, filledBytes }, [bytes.buffer])
        })
        thread.post({ id, kind: "commit" })
      } catch (error) {
        thread.post({ id, kind: "abandon" })
        await written.catch(() => undefined)
        throw error
      }
      return whole(await written)
    },
    close: async () => {
      await Promise.all(
        threads.splice(0).map(async (thread) => {
          await thread.end()
        }),
      )
    },
  }
}

const HERE: Copiers = {
  copy: copyHashed,
  hash: hashWritten,
  write: async (to, contents) => {
    const file = createHashedFile(to)
    try {
      for await (const bytes of contents) await addBytes(file, bytes)
      return await file.commit()
    } finally {
      file.abandon()
    }
  },
  close: () => Promise.resolve(),
}

function whole(hashes: HashedBytes | null): HashedBytes {
  if (hashes === null) throw new ArchiveError("internal", "a file without its hash")
  return hashes
}

interface Asked {
  readonly resolve: (hashes: HashedBytes | null) => void
  readonly reject: (error: ArchiveError) => void
}

class CopierThread {
  readonly #worker: Worker
  readonly #asked = new Map<number, Asked>()
  #isLost = false

  constructor(entry: URL, buffers: Buffers) {
    this.#worker = new Worker(entry, { resourceLimits: THREAD_LIMITS })
    this.#worker.unref()
    this.#worker.on("message", (answer: CopyAnswer) => {
      if (answer.kind === "took") buffers.give(answer.bytes)
      else this.#settle(answer)
    })
    // What it fails with ends it.
    this.#worker.on("error", () => undefined)
    this.#worker.on("exit", () => {
      this.#isLost = true
      buffers.lose()
      for (const id of this.#asked.keys()) this.#settle({ id, kind: "failed", ...LOST })
    })
  }

  get tasks(): number {
    return this.#asked.size
  }

  async do(request: CopyRequest): Promise<HashedBytes | null> {
    if (this.#isLost) throw new ArchiveError(LOST.code, LOST.message)
    return await new Promise((resolve, reject) => {
      this.#asked.set(request.id, { resolve, reject })
      this.post(request)
    })
  }

  post(request: CopyRequest, transferred: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transferred)
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(answer: Exclude<CopyAnswer, { kind: "took" }>): void {
    const asked = this.#asked.get(answer.id)
    this.#asked.delete(answer.id)
    if (answer.kind === "done") asked?.resolve(answer.hashes)
    else asked?.reject(new ArchiveError(answer.code, answer.message))
  }
}

const LOST = { code: "unavailable", message: "a thread that copies ended" } as const

class Buffers {
  readonly #free: Uint8Array<ArrayBuffer>[] = []
  readonly #waiting: {
    readonly resolve: (bytes: Uint8Array<ArrayBuffer>) => void
    readonly reject: (error: ArchiveError) => void
  }[] = []
  #made = 0
  #isLost = false

  /** Gives `contents` away buffer by buffer, each with how much of it is filled. */
  async fill(
    contents: AsyncIterable<Uint8Array>,
    giveAway: (bytes: Uint8Array<ArrayBuffer>, filledBytes: number) => void,
  ): Promise<void> {
    let bytes = await this.#take()
    let filledBytes = 0
    try {
      for await (const part of contents)
        for (let at = 0; at < part.length;) {
          if (filledBytes === bytes.length) {
            giveAway(bytes, filledBytes)
            bytes = await this.#take()
            filledBytes = 0
          }
          const count = Math.min(part.length - at, bytes.length - filledBytes)
          bytes.set(part.subarray(at, at + count), filledBytes)
          at += count
          filledBytes += count
        }
    } catch (error) {
      // One that was given away has no bytes here any more.
      if (bytes.length > 0) this.give(bytes)
      throw error
    }
    giveAway(bytes, filledBytes)
  }

  give(bytes: Uint8Array<ArrayBuffer>): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(bytes)
    else next.resolve(bytes)
  }

  /** Some are gone with their thread: nobody waits for them. */
  lose(): void {
    this.#isLost = true
    for (const { reject } of this.#waiting.splice(0)) reject(new ArchiveError(LOST.code, LOST.message))
  }

  async #take(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#isLost) throw new ArchiveError(LOST.code, LOST.message)
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#made < BUFFERS) {
      this.#made += 1
      return new Uint8Array(BUFFER_BYTES)
    }
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }
}
