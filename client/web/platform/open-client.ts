import type { Clock, RandomBytes } from "../../../shared/protocol/ambient.js"
import { type SegmentPrimitives, sodiumPrimitives } from "../../crypto/primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { type Client, createClient } from "../../sdk/client.js"
import { Http } from "../../sdk/http.js"
import type { SegmentWork } from "../../sdk/segment-work.js"
import type { StateBox } from "../../sdk/state.js"
import { tellNews } from "../news/news-store.js"
import { fetchTransport } from "./fetch-transport.js"
import { createSegmentWorkers } from "./segment-workers.js"
import { secureRandom } from "./secure-random.js"
import { openStateBox } from "./state-box.js"

/** What a client has here beside its account. */
export interface ClientParts {
  readonly http: Http
  readonly clock: Clock
  readonly random: RandomBytes
  readonly primitives: SegmentPrimitives
  readonly segmentWork: SegmentWork
  readonly failpoint: () => void
}

/** One pool for the page, whoever asks. */
let segmentWork: SegmentWork | null = null

/** What makes an account, when there is none yet: ready to use once this resolves. @param url of the server; a page may reach its own alone. */
export async function createClientParts(url: string = location.origin): Promise<ClientParts> {
  await sodiumReady()
  return partsOf(url)
}

/** This browser's account as a client, or `null` where it holds none. @throws {@link ArchiveError} as {@link openStateBox}. */
export async function openClient(): Promise<Client | null> {
  const [state] = await Promise.all([openStateBox(), sodiumReady()])
  return state === null ? null : clientOf(state)
}

/** A client of an account whose state was opened or made here; its news are shown. What makes or opens one has awaited libsodium. */
export function clientOf(state: StateBox): Client {
  return createClient({ ...partsOf(location.origin), state, onNews: tellNews })
}

function partsOf(url: string): ClientParts {
  segmentWork ??= createSegmentWorkers()
  return {
    http: new Http(url, fetchTransport),
    clock: { nowMs: () => Date.now() },
    random: secureRandom,
    primitives: sodiumPrimitives,
    segmentWork,
    failpoint: () => undefined,
  }
}
