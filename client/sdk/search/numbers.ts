import { ArchiveError } from "../../../shared/protocol/errors.js"

/** Many small whole numbers in few bytes: seven bits in each, the lowest first, the last byte of a number with its upper bit clear. SPEC.md §14.2. */

const MORE = 0x80
/** Below 2^35: no row, count or length is more. */
const MOST_BYTES = 5
const FIRST_BYTES = 1024

export class NumberWriter {
  #raw = new Uint8Array(FIRST_BYTES)
  #length = 0

  write(value: number): void {
    if (this.#length + MOST_BYTES > this.#raw.length) {
      const grown = new Uint8Array(2 * this.#raw.length)
      grown.set(this.#raw)
      this.#raw = grown
    }
    let rest = value
    for (; rest >= MORE; rest = Math.floor(rest / MORE)) this.#raw[this.#length++] = (rest % MORE) | MORE
    this.#raw[this.#length++] = rest
  }

  bytes(): Uint8Array {
    return this.#raw.slice(0, this.#length)
  }
}

export class NumberReader {
  readonly #raw: Uint8Array
  #at: number

  constructor(raw: Uint8Array, at = 0) {
    this.#raw = raw
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  /** @throws {@link ArchiveError} `malformed` behind the end, or for one that is longer than any. */
  read(): number {
    let [value, scale] = [0, 1]
    for (let count = 0; count < MOST_BYTES; count++) {
      const byte = this.#raw[this.#at++]
      if (byte === undefined) break
      value += (byte % MORE) * scale
      if (byte < MORE) return value
      scale *= MORE
    }
    throw new ArchiveError("malformed", "a search index of another form")
  }
}
