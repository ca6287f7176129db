import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DestinationStream } from "pino"
import type { ClientFailpoint } from "../../../client/sdk/failpoints.js"
import { startWholeApi } from "../../../api/compose.js"
import {
  approveDevice,
  beginPairing,
  type Client,
  type ClientState,
  completePairing,
  createClient,
  createNodeTransport,
  createStateFile,
  Http,
  type News,
  nodePrimitives,
  prepareAccount,
  readPairing,
  recoverAccount,
  registerAccount,
  sodiumReady,
  type Transport,
} from "../../../client/sdk/index.js"
import { openAdapters } from "../../../shared/server/adapters.js"
import { readServerConfig } from "../../../shared/server/config.js"
import type { Catalog } from "../../../shared/server/ports.js"
import { createLogger } from "../../../shared/server/logger.js"
import { startWorker } from "../../../worker/start.js"
import { createTestDatabase } from "../postgres.js"
import { random } from "../people.js"
import { startTcpRelay, type TcpRelay } from "../tcp-relay.js"

/** The real server in this process: API, worker, a PostgreSQL, folders, behind a relay that can be cut. */
export interface Service {
  readonly url: string
  readonly relay: TcpRelay
  readonly folder: string
  readonly databaseUrl: string
  readonly catalog: Catalog
  stop(): Promise<void>
}

/**
 * @param overrides of the server's environment.
 * @param logs gets all that it logs; otherwise it logs nothing.
 */
export async function startService(
  overrides: Readonly<Record<string, string>> = {},
  logs?: DestinationStream,
): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), "taciturn-test-sdk-"))
  const database = await createTestDatabase()
  const settings = {
    TACITURN_DATA: join(folder, "data"),
    LOG_LEVEL: "silent",
    REQUESTS_PER_MINUTE: "0",
    ANONYMOUS_REQUESTS_PER_MINUTE: "0",
    RESERVE_BYTES: "0",
    ...overrides,
  }
  // The relay comes first: its address is the one that clients use, and so the one that the server must accept.
  let apiPort = 0
  const relay = await startTcpRelay({
    host: "127.0.0.1",
    get port() {
      return apiPort
    },
  })
  const url = `http://127.0.0.1:${relay.port}`
  const config = readServerConfig({
    ...settings,
    PORT: "0",
    PUBLIC_URLS: [url, overrides["PUBLIC_URLS"] ?? []].flat().join(),
  })
  const logger = createLogger(logs === undefined ? "silent" : "trace", logs)
  const adapters = await openAdapters(config, database.url, logger)
  const { instanceId, receiptSigner } = adapters.instance
  const worker = startWorker(
    { ...adapters, instanceId, receiptSigner, logger },
    {
      concurrency: 2,
      reconcileMs: 500,
      abandonedMs: 3_600_000,
      settleMs: 0,
      purgeGraceDays: config.purgeGraceDays,
      packAfterDays: config.packAfterDays,
      ledgerFile: config.ledgerFile,
    },
  )
  const api = await startWholeApi(adapters, { ...config, drainMs: 500 }, logger)
  apiPort = api.port
  return {
    url,
    relay,
    folder,
    databaseUrl: database.url,
    catalog: adapters.catalog,
    stop: async () => {
      await relay.stop()
      await api.stop()
      await worker.stop()
      await adapters.close()
      await database.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export interface TestClient {
  readonly client: Client
  readonly home: string
  readonly transport: Transport
  readonly recoveryPhrase: string
  /** What a new process of the same person would have. */
  again(overrides?: {
    readonly transport?: Transport
    readonly failpoint?: (name: ClientFailpoint) => void
    readonly onNews?: (news: News) => void
  }): Client
  close(): Promise<void>
}

/** A person with an account at the service. */
export async function startClient(
  service: Pick<Service, "url" | "folder">,
  deviceName: string,
  overrides: { readonly register?: boolean } = {},
): Promise<TestClient> {
  return await openClient(service, async (http) => await prepareAccount(http, { deviceName, clock, random }), {
    registers: overrides.register !== false,
  })
}

/** Another device of an account, by its recovery phrase; nothing is revoked. */
export async function recoverClient(
  service: Pick<Service, "url" | "folder">,
  recoveryPhrase: string,
  deviceName: string,
): Promise<TestClient> {
  const recover = async (http: Http) => {
    const { state } = await recoverAccount(http, recoveryPhrase, { deviceName, clock, random })
    return { state, recoveryPhrase }
  }
  return await openClient(service, recover, { registers: false })
}

/** Another device of an account, approved by `approver`. */
export async function linkClient(
  service: Pick<Service, "url" | "folder">,
  approver: Client,
  deviceName: string,
): Promise<TestClient> {
  const link = async (http: Http) => {
    const begun = await beginPairing(http, { deviceName, random })
    const [state] = await Promise.all([
      completePairing(http, begun, { random, pollMs: 20 }),
      readPairing(approver, begun.code).then(
        async (requested) => await approveDevice(approver, requested, { pollMs: 20 }),
      ),
    ])
    return { state, recoveryPhrase: "" }
  }
  return await openClient(service, link, { registers: false })
}

const clock = { nowMs: () => Date.now() }

async function openClient(
  service: Pick<Service, "url" | "folder">,
  prepare: (http: Http) => Promise<{ readonly state: ClientState; readonly recoveryPhrase: string }>,
  { registers }: { readonly registers: boolean },
): Promise<TestClient> {
  await sodiumReady()
  const home = await mkdtemp(join(service.folder, "home-"))
  const { transport, close } = createNodeTransport()
  const http = new Http(service.url, transport)
  const { state, recoveryPhrase } = await prepare(http)
  const box = await createStateFile(join(home, "keystore"), state, null, random)
  const parts = { http, state: box, clock, random, primitives: nodePrimitives, failpoint: () => undefined }
  const client = createClient(parts)
  if (registers) await registerAccount(client)
  return {
    client,
    home,
    transport,
    recoveryPhrase,
    again: ({ transport: other = transport, failpoint = () => undefined, onNews = () => undefined } = {}) =>
      createClient({ ...parts, http: new Http(service.url, other), failpoint, onNews }),
    close,
  }
}
