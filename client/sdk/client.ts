import type { Clock, RandomBytes } from "../../shared/protocol/ambient.js"
import { type Author } from "../crypto/log-event.js"
import { deviceSigner } from "../crypto/account-keys.js"
import type { SegmentPrimitives } from "../crypto/primitives.js"
import type { News } from "./activity.js"
import type { ClientFailpoint } from "./failpoints.js"
import type { Http } from "./http.js"
import type { StateBox } from "./state.js"
import { inlineSegmentWork, type SegmentWork } from "./segment-work.js"
import { TokenCache } from "./tokens.js"

/** What every call of the SDK is given. */
export interface Client {
  readonly http: Http
  readonly state: StateBox
  readonly tokens: TokenCache
  readonly clock: Clock
  readonly random: RandomBytes
  readonly primitives: SegmentPrimitives
  readonly segmentWork: SegmentWork
  /** Called before and after each durable step; tests stop the process there. */
  readonly failpoint: (name: ClientFailpoint) => void
  /** Called with what others changed about who holds keys, as soon as this device verified it; each once. */
  readonly onNews: (news: News) => void
}

/** @param parts `segmentWork` is this thread's own where none is given; without `onNews` news are in `activityOf` alone. */
export function createClient(
  parts: Omit<Client, "tokens" | "segmentWork" | "onNews"> & Partial<Pick<Client, "segmentWork" | "onNews">>,
): Client {
  return {
    ...parts,
    segmentWork: parts.segmentWork ?? inlineSegmentWork(parts.primitives),
    onNews: parts.onNews ?? (() => undefined),
    tokens: new TokenCache(),
  }
}

/** This device as an author, at the chain head that it knows. */
export function selfAsAuthor(client: Client, chainHead: Uint8Array): Author {
  const { secrets } = client.state.current
  return { genesisHash: secrets.genesisHash, chainHead, signer: deviceSigner(secrets) }
}
