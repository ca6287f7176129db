import { concatBytes } from "../../../shared/protocol/bytes.js"
import { FETCH_OPTIONS } from "./fetch-options.js"
import type { SendingAnswer, SendingRequest } from "./sending-messages.js"

/** The other end of large-sends.ts: sends what it is given, and gives it back with the server's answer. */

declare const self: DedicatedWorkerGlobalScope

/** The server acknowledges in a few words: of a longer answer no more is taken in than shows that it is one. */
const MOST_ANSWER_BYTES = 64 * 1024

const stops = new Map<number, AbortController>()

self.addEventListener("message", ({ data }: MessageEvent<SendingRequest>) => {
  if (data.kind === "stop") stops.get(data.id)?.abort()
  else void send(data)
})

async function send({ id, url, method, headers, buffer, sizeBytes }: SendingRequest & { readonly kind: "send" }) {
  const stop = new AbortController()
  stops.set(id, stop)
  let response: SendingAnswer["response"] = null
  try {
    const body = buffer.subarray(0, sizeBytes)
    const answer = await fetch(url, { ...FETCH_OPTIONS, method, headers, body, signal: stop.signal })
    response = {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: await read(answer),
    }
  } catch {
    // Whoever waits is told that no answer came, and knows whether it gave it up.
  }
  stops.delete(id)
  self.postMessage({ id, buffer, response } satisfies SendingAnswer, [buffer.buffer])
}

async function read(answer: Response): Promise<Uint8Array> {
  const reader = answer.body?.getReader()
  let body: Uint8Array = new Uint8Array(0)
  while (reader !== undefined && body.length <= MOST_ANSWER_BYTES) {
    const { done, value } = await reader.read()
    if (done) return body
    body = concatBytes(body, value)
  }
  await reader?.cancel()
  return body
}
