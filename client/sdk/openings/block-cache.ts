import { SEGMENT_PLAINTEXT_BYTES } from "../../../shared/protocol/sizes.js"
import type { AssetReader } from "../reader/asset-reader.js"

/** Read at once, though less was asked for: a film's packets are small, and stand beside each other. */
const BLOCK_BYTES = 16 * SEGMENT_PLAINTEXT_BYTES
const BLOCKS = 8

/** Small reads of an asset, from a few blocks of it that are kept. */
export class BlockCache {
  readonly #reader: AssetReader
  readonly #signal: AbortSignal | undefined
  /** The one that was used last is the last. */
  readonly #blocks = new Map<number, Uint8Array>()

  constructor(reader: AssetReader, signal?: AbortSignal) {
    this.#reader = reader
    this.#signal = signal
  }

  /** The bytes from `start` to before `end`. @throws what the reader does. */
  async read(start: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start)
    for (let at = start; at < end;) {
      const index = Math.floor(at / BLOCK_BYTES)
      const block = await this.#block(index)
      const part = block.subarray(at - index * BLOCK_BYTES, end - index * BLOCK_BYTES)
      if (part.length === 0) break
      bytes.set(part, at - start)
      at += part.length
    }
    return bytes
  }

  async #block(index: number): Promise<Uint8Array> {
    const known = this.#blocks.get(index)
    const block = known ?? (await this.#fetch(index))
    this.#blocks.delete(index)
    this.#blocks.set(index, block)
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS) break
      this.#blocks.delete(oldest)
    }
    return block
  }

  async #fetch(index: number): Promise<Uint8Array> {
    const start = index * BLOCK_BYTES
    const end = Math.min(start + BLOCK_BYTES, this.#reader.sizeBytes)
    const block = new Uint8Array(Math.max(0, end - start))
    let filled = 0
    for await (const part of this.#reader.read(start, end - 1, this.#signal)) {
      block.set(part, filled)
      filled += part.length
    }
    return block
  }
}
