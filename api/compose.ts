import type { Adapters } from "../shared/server/adapters.js"
import { secureRandom } from "../shared/server/ambient.js"
import { createAssetReader } from "../shared/server/assets/reader.js"
import { createInProcessFeed } from "../shared/server/changes/in-process.js"
import type { ServerConfig } from "../shared/server/config.js"
import { errorFields, type Logger } from "../shared/server/logger.js"
import { createLiveReader } from "../shared/server/assets/live-reader.js"
import type { ChangeFeed } from "../shared/server/ports.js"
import { programVersion } from "../shared/server/version.js"
import { createAssetRoutes } from "./assets/routes.js"
import { authoriseDeletion, authoriseNewestEpoch } from "./authorise.js"
import { type RunningApi, startApi } from "./start.js"
import { createUploadRoutes } from "./uploads/routes.js"

/** Pieces that an upload may have waiting to be stored. */
const UNSTORED_BYTES = 64 * 1024 * 1024
/** Merkle trees that are kept for readers. */
const TREE_CACHE_BYTES = 16 * 1024 * 1024

/** The whole API on what a process opened. The adapters stay the caller's to close. */
export async function startWholeApi(adapters: Adapters, config: ServerConfig, logger: Logger): Promise<RunningApi> {
  const { catalog, objects, spool, jobs, instance } = adapters
  const uploads = createUploadRoutes({
    catalog,
    spool,
    jobs,
    unstoredBytes: UNSTORED_BYTES,
    reserveBytes: config.reserveBytes,
    byteCaps: config.byteCaps,
    authoriseCreation: (request) => authoriseNewestEpoch(catalog, request),
    onNudgeFailed: (error) => {
      logger.warn("a job was not queued; the reconciler will bring it", errorFields(error))
    },
  })
  const assets = createAssetRoutes({
    catalog,
    reader: createAssetReader(catalog, objects, TREE_CACHE_BYTES),
    liveReader: createLiveReader(catalog, objects, spool),
    authoriseReading: (request) => authoriseNewestEpoch(catalog, request),
    authoriseDeletion: (request, meetingId, assetId) => authoriseDeletion(catalog, request, meetingId, assetId),
    purgeGraceDays: config.purgeGraceDays,
    onStreamFailed: (error) => {
      logger.warn("a stream broke off", errorFields(error))
    },
  })
  const changes = await openChanges(config, logger)
  const api = await startApi({
    settings: {
      host: config.host,
      port: config.port,
      publicUrls: config.publicUrls,
      version: programVersion(),
      unstoredBytes: UNSTORED_BYTES,
      byteCaps: config.byteCaps,
      meetingCode: config.meetingCode,
      anonymousRequestsPerMinute: config.anonymousRequestsPerMinute,
      requestsPerMinute: config.requestsPerMinute,
      trustedProxies: config.trustedProxies,
      drainMs: config.drainMs,
      purgeGraceDays: config.purgeGraceDays,
    },
    catalog,
    instance,
    changes,
    random: secureRandom,
    logger,
    objects,
    routers: [uploads, assets],
  }).catch(async (error: unknown) => {
    await changes.close()
    throw error
  })
  return {
    ...api,
    stop: async () => {
      await api.stop()
      await changes.close()
    },
  }
}

async function openChanges(config: ServerConfig, logger: Logger): Promise<ChangeFeed> {
  if (config.redisUrl === null) return createInProcessFeed()
  const { openRedisFeed } = await import("../shared/server/changes/redis.js")
  return openRedisFeed(config.redisUrl, secureRandom, (error) => {
    logger.debug("Redis does not answer; sockets hear of changes a little later", errorFields(error))
  })
}
