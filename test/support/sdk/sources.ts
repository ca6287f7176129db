import type { AssetReader, AssetSource } from "../../../client/sdk/index.js"
import { sourceOf } from "../../../client/sdk/upload/once-source.js"

/** @param beforeLast is waited for before the last portion is given. */
export function bytesSource(bytes: Uint8Array, beforeLast: Promise<unknown> = Promise.resolve()): AssetSource {
  return {
    sizeBytes: bytes.length,
    open: () => Promise.resolve({ ...sourceOf(portions(bytes, beforeLast)), close: () => Promise.resolve() }),
  }
}

/** What comes but once, in portions that fit nothing. */
export function onceSource(bytes: Uint8Array): AssetSource {
  return { ...bytesSource(bytes), sizeBytes: null, comesOnce: true }
}

const PORTION_BYTES = 100_001

async function* portions(bytes: Uint8Array, beforeLast: Promise<unknown>): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PORTION_BYTES) {
    if (at + PORTION_BYTES >= bytes.length) await beforeLast
    yield bytes.subarray(at, at + PORTION_BYTES)
  }
}

export async function readAll(reader: AssetReader, start = 0, end = reader.sizeBytes - 1): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of reader.read(start, end)) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}
