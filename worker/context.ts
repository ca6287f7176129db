import type { Signer } from "../shared/protocol/envelope.js"
import type { InstanceId } from "../shared/protocol/ids.js"
import type { Logger } from "../shared/server/logger.js"
import type { Catalog, JobQueue, ObjectStore, Spool } from "../shared/server/ports.js"

/** What the worker is given. */
export interface WorkerContext {
  readonly catalog: Catalog
  readonly objects: ObjectStore
  readonly spool: Spool
  readonly jobs: JobQueue
  readonly instanceId: InstanceId
  readonly receiptSigner: Signer
  readonly logger: Logger
}
