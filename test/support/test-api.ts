import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Router } from "express"
import { sodiumReady } from "../../client/crypto/sodium.js"
import { startApi } from "../../api/start.js"
import { secureRandom } from "../../shared/server/ambient.js"
import { openInstance } from "../../shared/server/catalog/instance.js"
import { createInProcessFeed } from "../../shared/server/changes/in-process.js"
import { createLogger } from "../../shared/server/logger.js"
import type { ByteCaps } from "../../shared/server/config.js"
import { openFolderStore } from "../../shared/server/objects/folder.js"
import type { Catalog, ChangeFeed, ObjectStore } from "../../shared/server/ports.js"
import { signaturesReady, signerOfSeed } from "../../shared/server/signatures.js"
import { createTestDatabase, type TestDatabase } from "./postgres.js"

export interface TestApi {
  readonly url: string
  readonly port: number
  readonly catalog: Catalog
  readonly objects: ObjectStore
  readonly database: TestDatabase
  /** What was logged, line by line. */
  readonly logged: string[]
  stop(): Promise<void>
}

export interface TestApiOptions {
  /** Another node's, which ends it. */
  readonly database?: TestDatabase
  readonly changes?: ChangeFeed
  readonly port?: number
  readonly publicUrls?: readonly string[]
  /** Another way to the database than the straight one. */
  readonly catalog?: Catalog
  /** Another way to the store. */
  readonly objectsOf?: (objects: ObjectStore) => ObjectStore
  readonly anonymousRequestsPerMinute?: number
  readonly requestsPerMinute?: number
  readonly drainMs?: number
  readonly meetingCode?: Uint8Array
  readonly routers?: readonly Router[]
  readonly byteCaps?: ByteCaps
}

/** The API without uploads, on a fresh database of a real PostgreSQL, on a random port. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  await Promise.all([sodiumReady(), signaturesReady()])
  const database = options.database ?? (await createTestDatabase())
  const catalog = options.catalog ?? database.catalog
  const folder = await mkdtemp(join(tmpdir(), "taciturn-test-api-"))
  const objects = await openFolderStore(join(folder, "objects"))
  const logged: string[] = []
  const api = await startApi({
    settings: {
      host: "127.0.0.1",
      port: options.port ?? 0,
      publicUrls: options.publicUrls ?? [],
      version: "0.0.0-test",
      unstoredBytes: 64 * 1024 * 1024,
      byteCaps: options.byteCaps ?? { meetingBytes: null, instanceBytes: null },
      meetingCode: options.meetingCode ?? null,
      anonymousRequestsPerMinute: options.anonymousRequestsPerMinute ?? 0,
      requestsPerMinute: options.requestsPerMinute ?? 0,
      trustedProxies: 0,
      drainMs: options.drainMs ?? 2_000,
      purgeGraceDays: 7,
    },
    catalog,
    instance: await openInstance(database.catalog, secureRandom, signerOfSeed),
    changes: options.changes ?? createInProcessFeed(),
    random: secureRandom,
    logger: createLogger("debug", { write: (line: string) => void logged.push(line) }),
    objects: options.objectsOf?.(objects) ?? objects,
    routers: options.routers ?? [],
  })
  return {
    url: api.address,
    port: api.port,
    catalog: database.catalog,
    objects,
    database,
    logged,
    stop: async () => {
      await api.stop()
      await objects.close()
      await rm(folder, { recursive: true })
      if (options.database === undefined) await database.stop()
    },
  }
}
