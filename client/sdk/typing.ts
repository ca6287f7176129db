import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import type { PresenceStatement } from "../../shared/protocol/presence.js"
import type { Client } from "./client.js"
import type { Presence } from "./presence.js"

/** Who writes to a meeting's chat right now, of what presence hears. SPEC.md §11.2, PR9. */

const TYPING = "typing"
const GONE = "gone"
/** Said again while it goes on. */
const SAY_EVERY_MS = 5_000
/** Longer than between two of them, so that it doesn't flicker. */
const SHOWN_MS = 7_000

export class Typing {
  readonly #client: Client
  readonly #onChange: (people: readonly Uint8Array[]) => void
  /** By device key. */
  readonly #writing = new Map<string, { readonly genesisHash: Uint8Array; readonly untilMs: number }>()
  #saidMs = Number.NEGATIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined
  #told = ""

  /** @param onChange told the genesis hashes of the others who write, each once. */
  constructor(client: Client, onChange: (people: readonly Uint8Array[]) => void) {
    this.#client = client
    this.#onChange = onChange
  }

  /** Its person types. */
  say(presence: Presence): void {
    const nowMs = this.#client.clock.nowMs()
    if (nowMs < this.#saidMs + SAY_EVERY_MS && nowMs >= this.#saidMs) return
    if (presence.say(TYPING)) this.#saidMs = nowMs
  }

  /** It was sent: whoever goes on says so anew. */
  sent(): void {
    this.#saidMs = Number.NEGATIVE_INFINITY
  }

  /** To be given to `onSaid`. */
  hear({ type, authorGenesisHash, deviceKey }: PresenceStatement): void {
    if (equalBytes(authorGenesisHash, this.#client.state.current.secrets.genesisHash)) return
    if (type === GONE) this.#writing.delete(toHex(deviceKey))
    else if (type === TYPING)
      this.#writing.set(toHex(deviceKey), {
        genesisHash: authorGenesisHash,
        untilMs: this.#client.clock.nowMs() + SHOWN_MS,
      })
    else return
    this.#changed()
  }

  /** A message of that device came. */
  wrote(deviceKey: Uint8Array): void {
    if (this.#writing.delete(toHex(deviceKey))) this.#changed()
  }

  end(): void {
    this.#writing.clear()
    clearTimeout(this.#timer)
  }

  #changed(): void {
    const nowMs = this.#client.clock.nowMs()
    for (const [key, { untilMs }] of this.#writing) if (untilMs <= nowMs) this.#writing.delete(key)
    clearTimeout(this.#timer)
    const nextMs = Math.min(...[...this.#writing.values()].map(({ untilMs }) => untilMs))
    if (nextMs !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(
        () => {
          this.#changed()
        },
        Math.max(1, nextMs - nowMs),
      )
    const people = new Map([...this.#writing.values()].map(({ genesisHash }) => [toHex(genesisHash), genesisHash]))
    const now = [...people.keys()].join()
    if (now === this.#told) return
    this.#told = now
    this.#onChange([...people.values()])
  }
}
