import type { RandomBytes } from "../shared/protocol/ambient.js"
import type { VerifySignature } from "../shared/protocol/envelope.js"
import type { Instance } from "../shared/server/catalog/instance.js"
import type { Logger } from "../shared/server/logger.js"
import type { Catalog, ObjectStore } from "../shared/server/ports.js"
import type { MessageCommits } from "./chat/commits.js"
import type { RateLimits } from "./rate-limits.js"

/** What every route is given. */
export interface ApiContext {
  readonly catalog: Catalog
  /** What routes of their own do not stream: packs of old messages. */
  readonly objects: ObjectStore
  readonly random: RandomBytes
  readonly verify: VerifySignature
  readonly instance: Instance
  /** To be called after a change of an account or a meeting was committed: their sockets are told. */
  readonly changed: (subject: Uint8Array) => void
  /** Keeps a message, with others of its meeting that come at the same time. */
  readonly commits: MessageCommits
  /** Scheme and authority of every address that clients may use. SPEC.md §11. */
  readonly origins: ReadonlySet<string>
  readonly version: string
  /** Pieces that an upload may have waiting before it is told to wait. */
  readonly unstoredBytes: number
  /** Bytes that a meeting may hold; `null` for no cap. */
  readonly meetingBytes: number | null
  /** What whoever makes a meeting must bring; `null` where anybody may. */
  readonly meetingCode: Uint8Array | null
  /** Days between a deletion and its purge day. */
  readonly purgeGraceDays: number
  readonly limits: RateLimits
  readonly logger: Logger
  /** How many proxies stand before this process: whose word on the client's address counts. */
  readonly trustProxy: number
  /** Resolves when catalog and store answer. @throws {@link ArchiveError} `unavailable`. */
  readonly probe: () => Promise<void>
  readonly lifecycle: Lifecycle
}

/** Whether the process still takes new work. */
export interface Lifecycle {
  draining: boolean
}
