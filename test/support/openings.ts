import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { nodePrimitives } from "../../client/crypto/node-primitives.js"
import type { SealedBytes } from "../../client/verifier/read-opening.js"
import { type RandomFile, type VerifiedOpening, verifyOpening } from "../../client/verifier/verify-opening.js"
import { root } from "./programs.js"

export interface MemoryFile extends RandomFile {
  bytes(): Buffer
}

export function memoryFile(): MemoryFile {
  let held = Buffer.alloc(0)
  return {
    write: (position, bytes) => {
      if (position + bytes.length > held.length)
        held = Buffer.concat([held, Buffer.alloc(position + bytes.length - held.length)])
      held.set(bytes, position)
      return Promise.resolve()
    },
    read: (start, end) => Promise.resolve(held.subarray(start, end)),
    bytes: () => held,
  }
}

/** What comes in portions that fit nothing. */
export async function* portionsOf(bytes: Uint8Array, portionBytes = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += portionBytes)
    yield await Promise.resolve(bytes.subarray(at, at + portionBytes))
}

export async function collected(portions: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of portions) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

/** An opening verified whole, and what it gave out. */
export async function verifyBytes(
  raw: Uint8Array,
  sealed?: SealedBytes,
): Promise<VerifiedOpening & { readonly out: Buffer; readonly scratch: Buffer }> {
  const [out, scratch] = [memoryFile(), memoryFile()]
  const verified = await verifyOpening(
    portionsOf(raw),
    { out, scratch: () => Promise.resolve(scratch) },
    { primitives: nodePrimitives, sealed },
  )
  return { ...verified, out: out.bytes(), scratch: scratch.bytes() }
}

/** The real clip again and again: of `seconds`, its index in front. Needs ffmpeg. */
export async function loopedFilm(
  folder: string,
  seconds: number,
  kind: "mp4" | "webm" = "mp4",
): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const path = join(folder, `looped.${kind}`)
  const coded =
    kind === "mp4"
      ? ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-bf", "2", "-c:a", "aac", "-movflags", "+faststart"]
      : "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 600k -g 50 -c:a libopus -cues_to_front 1".split(" ")
  await promisify(execFile)("ffmpeg", [
    ...["-v", "error", "-y", "-stream_loop", "-1", "-i", join(root, "test/data/meeting.mp4")],
    ...["-t", String(seconds), "-vf", "scale=320:-2", ...coded, path],
  ])
  return { path, bytes: await readFile(path) }
}

export interface Probed {
  readonly seconds: number
  readonly streams: readonly string[]
  readonly pictures: number
}

/** What ffprobe says of a file, every picture of which it decodes without complaint. */
export async function probe(path: string): Promise<Probed> {
  const { stdout, stderr } = await promisify(execFile)("ffprobe", [
    ...["-v", "error", "-count_frames", "-of", "json"],
    ...["-show_entries", "format=duration:stream=codec_name,codec_type,nb_read_frames", path],
  ])
  if (stderr !== "") throw new Error(stderr)
  const { format, streams } = JSON.parse(stdout) as {
    format: { duration: string }
    streams: { codec_name: string; codec_type: string; nb_read_frames?: string }[]
  }
  const video = streams.find(({ codec_type }) => codec_type === "video")
  return {
    seconds: Number(format.duration),
    streams: streams.map(({ codec_name }) => codec_name),
    pictures: Number(video?.nb_read_frames ?? 0),
  }
}
