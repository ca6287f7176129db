import type { Readable } from "node:stream"
import type { PieceHashes } from "./assets/piece-hasher.js"

/** What the server asks of the world around it. Adapters pass the suites in test/contract. */

/** One row by column name, as the driver gives it: `bytea` as bytes, `bigint` as a number. */
export type Row = Record<string, unknown>

export interface Queryable {
  /** @throws {@link ArchiveError} `unavailable` where the database can't be reached; `out-of-space` where its disk is full. */
  query<R extends object = Row>(sql: string, values: readonly unknown[]): Promise<readonly R[]>
}

/** The catalog: the truth about everything unfinished. Deadlines use its clock. */
export interface Catalog extends Queryable {
  /** Runs `work` in one transaction, committed durably when this resolves and rolled back when it throws. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Bytes to be stored, with their SHA-256 as it was computed when they passed by. */
export type ObjectSource =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly sha256: Uint8Array }
  | {
      readonly kind: "files"
      /** Their contents one after another. */
      readonly paths: readonly string[]
      readonly sizeBytes: number
      readonly sha256: Uint8Array
      /** Whether a single file may be moved away instead of copied. */
      readonly consume: boolean
    }

/** Immutable objects by key. */
export interface ObjectStore {
  /**
   * Durable when it resolves, and idempotent: a key is only ever put with the same bytes. After a failure the object may be there or not.
   * @throws {@link ArchiveError} `integrity` if the bytes have not that hash, `unavailable`, `out-of-space`.
   */
  put(key: string, source: ObjectSource): Promise<void>
  /**
   * The object's bytes, or those of an inclusive range: less than that where the object ends before.
   * @throws {@link ArchiveError} `not-found`, `unavailable`; `truncated`, where it does not give nothing, for a range that begins behind the end.
   */
  get(key: string, range?: { readonly start: number; readonly end: number }): Promise<Readable>
  /** The file on this machine that is the object, if it is there; `null` of a store that is elsewhere. For who reads it whole, and fast. */
  fileOf(key: string): string | null
  /** @throws {@link ArchiveError} `unavailable`. */
  head(key: string): Promise<{ readonly sizeBytes: number } | null>
  /** Resolves whether the object was there or not. */
  delete(key: string): Promise<void>
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly sizeBytes: number }>
  /** @throws {@link ArchiveError} `unavailable` if the store does not answer. */
  ready(): Promise<void>
  /** Frees what the adapter holds; objects stay. */
  close(): Promise<void>
}

/** What is to be looked at: ids alone. `asset` is an asset id in hex. */
export type Job =
  | { readonly name: "store-chunk"; readonly asset: string; readonly chunk: number }
  | { readonly name: "finish-asset"; readonly asset: string }

/** A nudge: a job may be lost, come late, or run twice at once. The reconciler makes good from the catalog. */
export interface JobQueue {
  /** Never waits for the job. @throws {@link ArchiveError} `unavailable`, which callers may ignore. */
  enqueue(job: Job): Promise<void>
  /** Starts taking jobs. A handler that throws leaves its work to the reconciler. */
  work(handler: (job: Job) => Promise<void>, options: { readonly concurrency: number }): void
  /** Takes no further jobs and waits for those that run. */
  close(): Promise<void>
}

/** What is said on a meeting's socket, for the others of its epoch. SPEC.md §11.2. */
export interface Said {
  readonly meetingId: Uint8Array
  readonly epoch: number
  readonly sealed: Uint8Array
}

/** Between processes: which account or meeting changed. A word may be lost, or false: who hears it looks at the catalog, and looks from time to time anyway. */
export interface ChangeFeed {
  /** Never waits, never fails. @param subject account id or meeting id. */
  tell(subject: Uint8Array): void
  /** The same without this process, which knows already. */
  tellOthers(subject: Uint8Array): void
  /** Hears what this process tells, too. */
  listen(listener: (subject: Uint8Array) => void): void
  /** Passes on to the other processes. Never waits, never fails, keeps nothing; it may be lost. */
  pass(said: Said): void
  /** Hears what other processes pass on, never what this one does; it may be false. */
  listenToSaid(listener: (said: Said) => void): void
  close(): Promise<void>
}

/** A file of the spool while a piece is received into it. */
export interface SpoolFile {
  /** Takes a packet, whose memory is the file's from now on. @returns what to wait for before more is given; `null` for nothing. What fails, `commit` tells. */
  add(packet: Uint8Array): Promise<void> | null
  /** Durable when it resolves, contents and name. @throws {@link ArchiveError} `unavailable`, `out-of-space`; then it is to be discarded. */
  commit(): Promise<PieceHashes>
  /** Leaves nothing behind. */
  discard(): Promise<void>
}

/** Where pieces wait until they are stored. */
export interface Spool {
  create(name: string): Promise<SpoolFile>
  pathOf(name: string): string
  /** Resolves whether the file was there or not. */
  remove(name: string): Promise<void>
  list(): Promise<readonly { readonly name: string; readonly sizeBytes: number; readonly changedAtMs: number }[]>
  freeBytes(): Promise<number>
  /** Frees what the adapter holds; files stay. */
  close(): Promise<void>
}
