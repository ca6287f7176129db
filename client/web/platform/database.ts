import { type DBSchema, type IDBPDatabase, openDB } from "idb"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"

/** What this browser keeps: one key that no script can read out, and records sealed under it. */
export interface DeviceSchema extends DBSchema {
  readonly keys: { key: "device"; value: CryptoKey }
  readonly state: { key: "state"; value: { readonly revision: number; readonly sealed: Uint8Array<ArrayBuffer> } }
  readonly journals: { key: string; value: Uint8Array<ArrayBuffer> }
  /** What a person chose to upload, by upload: it goes with the journal. */
  readonly uploads: { key: string; value: Uint8Array<ArrayBuffer> }
  /** What is, or was, being recorded here, by its journal. */
  readonly captures: { key: string; value: Uint8Array<ArrayBuffer> }
  /** By upload, asset in hex, and first segment. */
  readonly leaves: { key: [string, string, number]; value: Uint8Array<ArrayBuffer> }
  /** Of the search index, by name, which tells nothing, and revision, or SHA-256 of a volume as it is sealed. */
  readonly shards: { key: [string, number | string]; value: Uint8Array<ArrayBuffer> }
}

const NAME = "taciturn"
const VERSION = 3

let opened: Promise<IDBPDatabase<DeviceSchema>> | null = null

/** @throws {@link ArchiveError} `unavailable` where the browser keeps nothing for this page. */
export async function openDatabase(): Promise<IDBPDatabase<DeviceSchema>> {
  const forget = (): void => {
    opened = null
  }
  opened ??= openDB<DeviceSchema>(NAME, VERSION, {
    upgrade: (database) => {
      for (const name of ["keys", "state", "journals", "uploads", "captures", "leaves", "shards"] as const)
        if (!database.objectStoreNames.contains(name)) database.createObjectStore(name)
    },
    // A newer version of the app waits in another tab.
    blocking: (_current, _next, event) => {
      ;(event.target as IDBDatabase).close()
      forget()
    },
    terminated: forget,
  })
  try {
    return await opened
  } catch (cause) {
    forget()
    throw storageError(cause)
  }
}

/** As an error of the app, in words. */
export function storageError(cause: unknown): ArchiveError {
  if (isArchiveError(cause)) return cause
  return cause instanceof DOMException && cause.name === "QuotaExceededError"
    ? new ArchiveError("out-of-space", "the browser has no more room for this app", { cause, retryable: false })
    : new ArchiveError("unavailable", "the browser's storage can't be used", { cause, retryable: false })
}

/** Runs a step on what is stored; each transaction is waited for until it is on the disk. @throws {@link ArchiveError} as {@link storageError}. */
export async function withStorage<Result>(
  step: (database: IDBPDatabase<DeviceSchema>) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase()
  try {
    return await step(database)
  } catch (error) {
    throw storageError(error)
  }
}

export const DURABLE: IDBTransactionOptions = { durability: "strict" }
