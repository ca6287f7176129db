import type { Router } from "express"
import type { RandomBytes } from "../shared/protocol/ambient.js"
import { ArchiveError } from "../shared/protocol/errors.js"
import { forgetExpired } from "../shared/server/catalog/capabilities.js"
import type { Instance } from "../shared/server/catalog/instance.js"
import { errorFields, type Logger } from "../shared/server/logger.js"
import type { ByteCaps } from "../shared/server/config.js"
import type { Catalog, ChangeFeed, ObjectStore } from "../shared/server/ports.js"
import { verifySignature } from "../shared/server/signatures.js"
import { MessageCommits } from "./chat/commits.js"
import { createApp } from "./app.js"
import type { ApiContext, Lifecycle } from "./context.js"
import { startLive } from "./live/start.js"
import { createProbe } from "./probe.js"
import { createRateLimits } from "./rate-limits.js"
import { listen } from "./server.js"

export interface ApiSettings {
  readonly host: string
  readonly port: number
  /** Empty: every loopback spelling of the address that is listened on. */
  readonly publicUrls: readonly string[]
  readonly version: string
  readonly unstoredBytes: number
  /** Bytes that a meeting, and all of them, may hold. */
  readonly byteCaps: ByteCaps
  /** What whoever makes a meeting must bring; `null` where anybody may. */
  readonly meetingCode: Uint8Array | null
  readonly anonymousRequestsPerMinute: number
  readonly requestsPerMinute: number
  readonly trustedProxies: number
  readonly drainMs: number
  readonly purgeGraceDays: number
}

export interface ApiParts {
  readonly settings: ApiSettings
  readonly catalog: Catalog
  readonly instance: Instance
  /** Between the API's processes. */
  readonly changes: ChangeFeed
  readonly random: RandomBytes
  readonly logger: Logger
  readonly objects: ObjectStore
  /** The routers of uploads and assets. */
  readonly routers: readonly Router[]
}

export interface RunningApi {
  /** Where people and programs find it. */
  readonly address: string
  readonly port: number
  /** Takes nothing new, lets what is under way end, then closes. */
  stop(): Promise<void>
}

const FORGET_INTERVAL_MS = 60_000

/** Starts to serve. `signaturesReady` must have resolved. */
export async function startApi(parts: ApiParts): Promise<RunningApi> {
  const { settings, catalog, logger } = parts
  const origins = new Set<string>()
  const lifecycle: Lifecycle = { draining: false }
  const context: ApiContext = {
    catalog,
    objects: parts.objects,
    random: parts.random,
    verify: verifySignature,
    instance: parts.instance,
    changed: parts.changes.tell,
    origins,
    version: settings.version,
    unstoredBytes: settings.unstoredBytes,
    commits: new MessageCommits(catalog, settings.byteCaps, (meetingId, messages) => {
      live.kept(meetingId, messages)
      parts.changes.tellOthers(meetingId)
    }),
    meetingBytes: settings.byteCaps.meetingBytes,
    meetingCode: settings.meetingCode,
    purgeGraceDays: settings.purgeGraceDays,
    limits: createRateLimits({ door: settings.anonymousRequestsPerMinute, token: settings.requestsPerMinute }),
    logger,
    trustProxy: settings.trustedProxies,
    probe: createProbe(
      () => catalog.query("SELECT 1", []),
      () => parts.objects.ready(),
    ),
    lifecycle,
  }
  const live = startLive(context, parts.changes, settings.anonymousRequestsPerMinute)
  const server = await listen(createApp(context, parts.routers), live.upgrade, settings, lifecycle).catch(
    async (error: unknown) => {
      await live.drain(0)
      throw error
    },
  )
  for (const origin of originsOf(settings, server.port)) origins.add(origin)
  const forgetting = setInterval(() => {
    forgetExpired(catalog).catch((error: unknown) => {
      logger.warn("expired tokens not forgotten", errorFields(error))
    })
  }, FORGET_INTERVAL_MS)
  const [address = ""] = origins
  return {
    address,
    port: server.port,
    stop: async () => {
      clearInterval(forgetting)
      lifecycle.draining = true
      await Promise.all([live.drain(settings.drainMs), server.drain(settings.drainMs)])
    },
  }
}

/** Scheme and authority of every accepted URL; the first is the one to show. SPEC.md §11. */
function originsOf(settings: ApiSettings, port: number): readonly string[] {
  if (settings.publicUrls.length > 0) return settings.publicUrls.map(originOf)
  const hosts = ["127.0.0.1", "localhost", "[::1]"]
  const own = settings.host.includes(":") ? `[${settings.host}]` : settings.host
  const everyAddress = own === "0.0.0.0" || own === "[::]"
  return [...(everyAddress || hosts.includes(own) ? [] : [own]), ...hosts].map((host) =>
    originOf(`http://${host}:${port}`),
  )
}

function originOf(url: string): string {
  const { protocol, origin } = URL.canParse(url) ? new URL(url) : { protocol: "", origin: "" }
  if (protocol !== "http:" && protocol !== "https:")
    throw new ArchiveError("usage", "PUBLIC_URLS holds something that is no http or https URL")
  return origin
}
