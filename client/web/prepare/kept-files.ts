import { ArchiveError } from "../../../shared/protocol/errors.js"
import type { AssetSource } from "../../sdk/upload/journal.js"
import { openRecord, sealRecord } from "../platform/device-key.js"
import { freeBuffer } from "../platform/free-buffer.js"
import { readSealed, removeSealedFile, writeSealed } from "../platform/sealed-files.js"

/**
 * What is to be uploaded, kept in the browser's own files until it is: block by block, each sealed under the device's key, in a file of its own, so that
 * one in the middle can be written again, as an index that stands in front of its media is.
 */
const BLOCK_BYTES = 1024 * 1024
/** Nonce and tag. */
const OVERHEAD_BYTES = 28

function blockName(name: string, index: number): string {
  return `${name}-${index}`
}

function placeOf(uploadId: string, name: string, index: number): string {
  return `kept ${uploadId} ${blockName(name, index)}`
}

/** Whoever is done with it frees it. */
async function readBlock(
  uploadId: string,
  name: string,
  index: number,
  sizeBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const sealed = await readSealed(uploadId, blockName(name, index), 0, sizeBytes + OVERHEAD_BYTES)
  const block = await openRecord(placeOf(uploadId, name, index), sealed)
  freeBuffer(sealed)
  return block
}

/** A file that is written at any places, and read once it is closed. One block of it is in memory. */
export class KeptFileWriter {
  readonly #uploadId: string
  readonly #name: string
  /** Plaintext bytes of each block that was written. */
  readonly #written: number[] = []
  readonly #block = new Uint8Array(BLOCK_BYTES)
  #index = 0
  #filled = 0

  constructor(uploadId: string, name: string) {
    this.#uploadId = uploadId
    this.#name = name
  }

  /** @throws {@link ArchiveError} `out-of-space`. */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      const at = position + taken
      await this.#turnTo(Math.floor(at / BLOCK_BYTES))
      const within = at % BLOCK_BYTES
      const part = bytes.subarray(taken, taken + BLOCK_BYTES - within)
      this.#block.set(part, within)
      this.#filled = Math.max(this.#filled, within + part.length)
      taken += part.length
    }
  }

  /** @returns how many bytes it has. */
  async close(): Promise<number> {
    await this.#flush()
    // What nobody wrote is zeros: between a place that was left free and what stands behind it.
    for (let index = 0; index < this.#written.length - 1; index++)
      if (this.#written[index] !== BLOCK_BYTES) {
        await this.#turnTo(index)
        this.#filled = BLOCK_BYTES
        await this.#flush()
      }
    return Math.max(0, this.#written.length - 1) * BLOCK_BYTES + (this.#written.at(-1) ?? 0)
  }

  async #turnTo(index: number): Promise<void> {
    if (index === this.#index) return
    await this.#flush()
    const known = this.#written[index] ?? 0
    this.#block.fill(0)
    if (known > 0) {
      const before = await readBlock(this.#uploadId, this.#name, index, known)
      this.#block.set(before)
      freeBuffer(before)
    }
    this.#index = index
    this.#filled = known
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return
    const place = placeOf(this.#uploadId, this.#name, this.#index)
    const sealed = await sealRecord(place, this.#block.subarray(0, this.#filled))
    await writeSealed(this.#uploadId, blockName(this.#name, this.#index), 0, sealed)
    freeBuffer(sealed)
    while (this.#written.length <= this.#index) this.#written.push(0)
    this.#written[this.#index] = this.#filled
  }
}

/** The bytes of a kept file from `start` to before `end`, fewer where it ends. @throws {@link ArchiveError} `changed` where the browser threw it away. */
export async function readKept(
  uploadId: string,
  name: string,
  sizeBytes: number,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, Math.min(end, sizeBytes) - start))
  for (let filled = 0; filled < bytes.length;) {
    const at = start + filled
    const index = Math.floor(at / BLOCK_BYTES)
    const block = await readBlock(uploadId, name, index, Math.min(BLOCK_BYTES, sizeBytes - index * BLOCK_BYTES))
    const part = block.subarray(at % BLOCK_BYTES, (at % BLOCK_BYTES) + bytes.length - filled)
    bytes.set(part, filled)
    filled += part.length
    freeBuffer(block)
  }
  return bytes
}

/** Forgets a kept file that is needed no more, before all of its upload is. */
export async function forgetKept(uploadId: string, name: string, sizeBytes: number): Promise<void> {
  for (let index = 0; index * BLOCK_BYTES < sizeBytes; index++) await removeSealedFile(uploadId, blockName(name, index))
}

/** A file that was kept, as a source. Reading rejects with an {@link ArchiveError} `changed` where the browser threw it away. */
export function keptFileSource(uploadId: string, name: string, sizeBytes: number): AssetSource {
  return {
    sizeBytes,
    open: () => {
      let position = 0
      let block: Uint8Array<ArrayBuffer> = new Uint8Array(0)
      return Promise.resolve({
        read: async (into) => {
          let filled = 0
          while (filled < into.length && position < sizeBytes) {
            const within = position % BLOCK_BYTES
            if (within === 0) block = await readBlock(uploadId, name, position / BLOCK_BYTES, blockBytes(position))
            const part = block.subarray(within, within + into.length - filled)
            if (part.length === 0) throw new ArchiveError("changed", "what this browser kept is no longer whole")
            into.set(part, filled)
            filled += part.length
            position += part.length
            if (position % BLOCK_BYTES === 0) freeBuffer(block)
          }
          return filled
        },
        close: () => {
          freeBuffer(block)
          return Promise.resolve()
        },
      })
    },
  }

  function blockBytes(start: number): number {
    return Math.min(BLOCK_BYTES, sizeBytes - start)
  }
}
