import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import type { TransportResponse } from "../http.js"
import { type RetryOptions, withRetry } from "../retry.js"

/** Asks for the sealed bytes `start` to `end`, inclusive. */
export type RequestRange = (start: number, end: number, signal: AbortSignal) => Promise<TransportResponse>

/**
 * A range of a sealed stream, read in order into buffers of the caller. A connection that breaks is followed by another, from the first byte that is missing.
 * Nothing of it is verified yet.
 */
export class SealedStream {
  readonly #request: RequestRange
  readonly #storedBytes: number
  readonly #end: number
  readonly #retry: RetryOptions
  readonly #signal: AbortSignal
  #position: number
  #chunks: AsyncIterator<Uint8Array> | null = null
  #rest: Uint8Array = new Uint8Array(0)

  constructor(
    request: RequestRange,
    range: { readonly start: number; readonly end: number; readonly storedBytes: number },
    signal: AbortSignal,
    retry: Omit<RetryOptions, "signal">,
  ) {
    this.#request = request
    this.#position = range.start
    this.#end = range.end
    this.#storedBytes = range.storedBytes
    this.#signal = signal
    this.#retry = { ...retry, signal }
  }

  /**
   * Fills `into`, or as many whole segments of it as came when `withinMs` are over: one at least, however long it takes.
   * @returns how many bytes.
   * @throws {@link ArchiveError} `integrity` for another range than was asked for; `truncated`; what the server says.
   */
  async fill(into: Uint8Array, withinMs = Infinity): Promise<number> {
    const beganMs = performance.now()
    let filled = 0
    while (filled < into.length) {
      const isWhole = filled > 0 && this.#position % SEGMENT_BYTES === 0
      if (isWhole && performance.now() - beganMs > withinMs) break
      const next = await withRetry(async () => await this.#next(), this.#retry)
      const taken = next.subarray(0, Math.min(into.length - filled, SEGMENT_BYTES - (this.#position % SEGMENT_BYTES)))
      into.set(taken, filled)
      filled += taken.length
      this.#position += taken.length
      this.#rest = next.subarray(taken.length)
    }
    return filled
  }

  async close(): Promise<void> {
    const chunks = this.#chunks
    this.#chunks = null
    await chunks?.return?.().catch(() => undefined)
  }

  async #next(): Promise<Uint8Array> {
    if (this.#rest.length > 0) return this.#rest
    try {
      this.#chunks ??= await this.#open()
      const next = await this.#chunks.next()
      if (next.done !== true) return next.value
    } catch (error) {
      this.#chunks = null
      if (!isArchiveError(error) || error.code !== "too-large") throw error
      throw this.#refuse("the server answered with more than was asked for", error)
    }
    throw new ArchiveError("truncated", "the server's bytes end before the recording does", { place: this.#place() })
  }

  async #open(): Promise<AsyncIterator<Uint8Array>> {
    const response = await this.#request(this.#position, this.#end, this.#signal)
    const chunks = response.chunks(this.#end - this.#position + 1)[Symbol.asyncIterator]()
    if (
      response.status === 206 &&
      response.header("content-range") === `bytes ${this.#position}-${this.#end}/${this.#storedBytes}`
    )
      return chunks
    await chunks.return?.()
    throw this.#refuse("the server answered with another range than was asked for")
  }

  #refuse(message: string, cause?: unknown): ArchiveError {
    return new ArchiveError("integrity", message, { place: this.#place(), cause })
  }

  #place(): string {
    return `segment ${Math.floor(this.#position / SEGMENT_BYTES)}`
  }
}
