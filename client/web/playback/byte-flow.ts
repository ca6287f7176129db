import type { AssetReader } from "../../sdk/reader/asset-reader.js"
import type { PlayBytes, PlayPull } from "../service-worker/messages.js"
import type { AnsweredRange } from "./play-head.js"
import type { Failures } from "./played.js"
import { tellServiceWorker } from "./register.js"

/** A player that took nothing for so long is paused: it keeps no connection to the server. */
const PAUSED_MS = 120_000
/** A browser stops a worker to which nothing was said for half a minute, whatever it is in the middle of. */
const STAY_MS = 15_000

/** The bytes of one answer, a portion for each that the service worker asks for; `onEnd` is called when it is over. @returns what ends it. */
export function flow(
  reader: Pick<AssetReader, "read">,
  range: AnsweredRange,
  port: MessagePort,
  failures: Failures,
  onEnd: () => void,
): () => void {
  let position = range.start
  let reading: { readonly bytes: AsyncGenerator<Uint8Array>; readonly stopping: AbortController } | null = null
  let pausing: ReturnType<typeof setTimeout> | undefined

  const pause = (): void => {
    clearTimeout(pausing)
    if (reading === null) return
    const { bytes, stopping } = reading
    reading = null
    awake(-1)
    stopping.abort()
    // A reader that was stopped in the middle says so; nobody asks any more.
    bytes.return(undefined).catch(() => undefined)
  }
  const begin = (): AsyncGenerator<Uint8Array> => {
    const stopping = new AbortController()
    const bytes = reader.read(position, range.end, stopping.signal)
    reading = { bytes, stopping }
    awake(1)
    return bytes
  }
  const end = (said: PlayBytes): void => {
    pause()
    port.postMessage(said)
    port.close()
    onEnd()
  }
  const give = async (): Promise<void> => {
    clearTimeout(pausing)
    // A reader is asked also behind the last byte: it looks at what stands there.
    if (reading === null && position > range.end) {
      end({ kind: "end" })
      return
    }
    try {
      const next: IteratorResult<Uint8Array, unknown> = await (reading?.bytes ?? begin()).next()
      if (next.done === true) {
        end({ kind: "end" })
        return
      }
      position += next.value.length
      // What was read is valid until the next is asked for; what is handed over is a copy.
      const bytes = new Uint8Array(next.value)
      port.postMessage({ kind: "bytes", bytes } satisfies PlayBytes, [bytes.buffer])
      pausing = setTimeout(pause, PAUSED_MS)
    } catch (error) {
      failures.report(error)
      end({ kind: "failed" })
    }
  }
  port.onmessage = ({ data }: MessageEvent<PlayPull>) => {
    if (data.kind === "pull") void give()
    else end({ kind: "failed" })
  }
  return () => {
    end({ kind: "failed" })
  }
}

let flows = 0
let staying: ReturnType<typeof setInterval> | undefined

/** While bytes flow, the worker is kept from being stopped. */
function awake(change: 1 | -1): void {
  flows += change
  clearInterval(staying)
  if (flows > 0)
    staying = setInterval(() => {
      tellServiceWorker("stay").catch(() => undefined)
    }, STAY_MS)
}
