import type { AssetReader, AssetSource } from "../../../client/sdk/index.js"
import { sourceOf } from "../../../client/sdk/upload/once-source.js"

export function bytesSource(bytes: Uint8Array): AssetSource {
  return {
    sizeBytes: bytes.length,
    open: () => Promise.resolve({ ...sourceOf(portions(bytes)), close: () => Promise.resolve() }),
  }
}

/** What comes but once, in portions that fit nothing. */
export function onceSource(bytes: Uint8Array): AssetSource {
  return { ...bytesSource(bytes), sizeBytes: null, comesOnce: true }
}

async function* portions(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_001) yield bytes.subarray(at, at + 100_001)
}

export async function readAll(reader: AssetReader, start = 0, end = reader.sizeBytes - 1): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of reader.read(start, end)) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}
