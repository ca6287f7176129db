import { sodiumPrimitives } from "../../crypto/primitives.js"
import { sodiumReady } from "../../crypto/sodium.js"
import { type Client, createClient } from "../../sdk/client.js"
import { Http } from "../../sdk/http.js"
import { fetchTransport } from "./fetch-transport.js"
import { secureRandom } from "./secure-random.js"
import { openStateBox } from "./state-box.js"

/**
 * This browser's account in a worker, which has a thread of its own to verify and open in; `null` where there is none. It shares the page's state as another tab does.
 * @throws {@link ArchiveError} as {@link openStateBox}.
 */
export async function createWorkerClient({
  onForgotten,
  onNews,
}: {
  /** Called once this browser forgot the account. */
  readonly onForgotten: () => void
  readonly onNews: Client["onNews"]
}): Promise<Client | null> {
  const [state] = await Promise.all([openStateBox(onForgotten), sodiumReady()])
  if (state === null) return null
  return createClient({
    http: new Http(location.origin, fetchTransport),
    state,
    clock: { nowMs: () => Date.now() },
    random: secureRandom,
    primitives: sodiumPrimitives,
    failpoint: () => undefined,
    onNews,
  })
}
