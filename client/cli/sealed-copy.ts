import { type FileHandle, open, rm } from "node:fs/promises"
import { ASSET_SALT_BYTES, encodeAssetHeader } from "../../shared/protocol/asset-header.js"
import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { asId } from "../../shared/protocol/ids.js"
import { SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES } from "../../shared/protocol/sizes.js"
import { nodePrimitives } from "../crypto/node-primitives.js"
import { createSegmentOpener, createSegmentSealer } from "../crypto/segments.js"
import type { AssetSource } from "../sdk/upload/journal.js"
import type { PlaintextSource } from "../sdk/upload/piece-sealer.js"

/**
 * Standard input as a source that can be read again: all that came is kept beside the journal, sealed under a key of its own which only this
 * process knows, until the receipt is there.
 */
export async function replayableSource(
  input: PlaintextSource,
  path: string,
  random: RandomBytes,
): Promise<AssetSource & { remove(): Promise<void> }> {
  const file = await open(path, "w+", 0o600)
  const copy = new SealedCopy(file, random)
  let ended: number | null = null
  return {
    sizeBytes: null,
    open: () => {
      let position = 0
      return Promise.resolve({
        read: async (into: Uint8Array) => {
          let filled = 0
          while (filled < into.length) {
            const replayed = position < copy.sizeBytes ? await copy.read(position, into.subarray(filled)) : 0
            if (replayed > 0) {
              filled += replayed
              position += replayed
              continue
            }
            if (ended !== null) break
            const segment = new Uint8Array(SEGMENT_PLAINTEXT_BYTES)
            const count = await input.read(segment)
            if (count < segment.length) ended = copy.sizeBytes + count
            if (count > 0) await copy.append(segment.subarray(0, count))
          }
          return filled
        },
        close: () => Promise.resolve(),
      })
    },
    remove: async () => {
      await file.close().catch(() => undefined)
      await rm(path, { force: true })
    },
  }
}

class SealedCopy {
  readonly #file: FileHandle
  readonly #sealer
  readonly #opener
  #sizeBytes = 0

  constructor(file: FileHandle, random: RandomBytes) {
    this.#file = file
    const key = {
      contentKey: random(32),
      rawHeader: encodeAssetHeader({
        kind: "file",
        assetId: asId("asset", random(16)),
        salt: random(ASSET_SALT_BYTES),
      }),
    }
    this.#sealer = createSegmentSealer(key, nodePrimitives)
    this.#opener = createSegmentOpener(key, nodePrimitives)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** A segment's worth, or less at the end. */
  async append(plaintext: Uint8Array): Promise<void> {
    const index = this.#sizeBytes / SEGMENT_PLAINTEXT_BYTES
    const sealed = new Uint8Array(plaintext.length + SEGMENT_BYTES - SEGMENT_PLAINTEXT_BYTES)
    this.#sealer.seal(index, plaintext.length < SEGMENT_PLAINTEXT_BYTES, plaintext, sealed)
    await this.#file.write(sealed, 0, sealed.length, index * SEGMENT_BYTES)
    this.#sizeBytes += plaintext.length
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    const index = Math.floor(position / SEGMENT_PLAINTEXT_BYTES)
    const plaintextBytes = Math.min(SEGMENT_PLAINTEXT_BYTES, this.#sizeBytes - index * SEGMENT_PLAINTEXT_BYTES)
    const sealed = new Uint8Array(plaintextBytes + SEGMENT_BYTES - SEGMENT_PLAINTEXT_BYTES)
    await this.#file.read(sealed, 0, sealed.length, index * SEGMENT_BYTES)
    const plaintext = this.#opener.open(index, plaintextBytes < SEGMENT_PLAINTEXT_BYTES, sealed)
    const from = position - index * SEGMENT_PLAINTEXT_BYTES
    const part = plaintext.subarray(from, from + into.length)
    into.set(part)
    return part.length
  }
}
