import { ArchiveError } from "../../shared/protocol/errors.js"

/** Takes bytes that come in portions of any size, as many as are asked for. */
export class ByteReader {
  readonly #portions: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#portions = source[Symbol.asyncIterator]()
  }

  /** The next `count` bytes, as a copy. @throws {@link ArchiveError} `truncated`, with the place, where there are fewer. */
  async take(count: number, place: string): Promise<Uint8Array> {
    const taken: Uint8Array[] = []
    // Nothing is allocated for what a file only claims to have.
    for (let left = count; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#advance()))
        throw new ArchiveError("truncated", "the opening ends too early", { place })
      const part = this.#rest.subarray(0, left)
      taken.push(part.slice())
      this.#rest = this.#rest.subarray(part.length)
      left -= part.length
    }
    return joined(taken, count)
  }

  /** @throws {@link ArchiveError} `malformed` where more follows. */
  async assertEnd(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#advance()))
      throw new ArchiveError("malformed", "the opening is followed by other bytes", { place: "end" })
  }

  async close(): Promise<void> {
    await this.#portions.return?.().catch(() => undefined)
  }

  async #advance(): Promise<boolean> {
    for (;;) {
      const next = await this.#portions.next()
      if (next.done === true) return false
      if (next.value.length === 0) continue
      this.#rest = next.value
      return true
    }
  }
}

function joined(parts: readonly Uint8Array[], count: number): Uint8Array {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const bytes = new Uint8Array(count)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
