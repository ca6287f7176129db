import type { Adapters } from "../shared/server/adapters.js"
import { secureRandom } from "../shared/server/ambient.js"
import { createAssetReader } from "../shared/server/assets/reader.js"
import type { ServerConfig } from "../shared/server/config.js"
import { errorFields, type Logger } from "../shared/server/logger.js"
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
    authoriseReading: (request) => authoriseNewestEpoch(catalog, request),
    authoriseDeletion: (request, meetingId, assetId) => authoriseDeletion(catalog, request, meetingId, assetId),
    purgeGraceDays: config.purgeGraceDays,
    onStreamFailed: (error) => {
      logger.warn("a stream broke off", errorFields(error))
    },
  })
  return startApi({
    settings: {
      host: config.host,
      port: config.port,
      publicUrls: config.publicUrls,
      version: programVersion(),
      unstoredBytes: UNSTORED_BYTES,
      meetingBytes: config.byteCaps.meetingBytes,
      meetingCode: config.meetingCode,
      anonymousRequestsPerMinute: config.anonymousRequestsPerMinute,
      requestsPerMinute: config.requestsPerMinute,
      trustedProxies: config.trustedProxies,
      drainMs: config.drainMs,
      purgeGraceDays: config.purgeGraceDays,
    },
    catalog,
    instance,
    random: secureRandom,
    logger,
    probeStore: () => objects.ready(),
    routers: [uploads, assets],
  })
}
