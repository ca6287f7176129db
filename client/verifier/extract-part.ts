import {
  ALL_FORMATS,
  CustomSource,
  type EncodedPacket,
  Input,
  type InputTrack,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  WebMOutputFormat,
} from "mediabunny"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { OpenedPart } from "../../shared/protocol/opening.js"
import { earliest, type Lane, laneOf, targetOf } from "./packet-lanes.js"

/** A recording's file, of which some bytes may not be there. */
export interface PartSource {
  readonly sizeBytes: number
  /** The bytes from `start` to before `end`. @throws {@link ArchiveError} where some are not there. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** Which minutes came out. */
export interface ExtractedPart {
  readonly container: "mp4" | "webm"
  /** In the recording: where the key frame stands before what was chosen. */
  readonly startMs: number
  readonly endMs: number
  readonly durationMs: number
}

export interface ExtractOptions {
  readonly signal?: AbortSignal | undefined
  /** How far it is, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined
}

/** Written at once: what is in memory of the output. */
const PORTION_BYTES = 1024 * 1024
/** Kept of the source, so that neighbouring packets are not read twice. */
const CACHE_BYTES = 8 * 1024 * 1024
/** H.264 and H.265 decode at most so many pictures before one that is shown earlier. */
const REORDERED_PICTURES = 16
const REORDERED_CODECS: ReadonlySet<string> = new Set(["avc", "hevc"])

/**
 * Copies the packets of some minutes of a recording, as they are, into a container of their own, beginning with the key frame at or before `fromMs`.
 * What it reads of the source depends on the source's bytes and `part` alone: so whoever notes that knows what another needs to do the same. SPEC.md §18.
 * @throws {@link ArchiveError} `unsupported` for what is no film or sound that can be cut; `usage` for minutes that it has not; what the source throws.
 */
export async function extractPart(
  source: PartSource,
  part: OpenedPart,
  write: (position: number, bytes: Uint8Array) => Promise<void>,
  options: ExtractOptions = {},
): Promise<ExtractedPart> {
  let failure = null as Error | null
  const input = new Input({
    formats: ALL_FORMATS,
    source: new CustomSource({
      getSize: () => source.sizeBytes,
      read: async (start, end) => {
        assertGoesOn(options.signal)
        try {
          return await source.read(start, end)
        } catch (error) {
          failure ??= error instanceof Error ? error : new Error("unreadable", { cause: error })
          throw failure
        }
      },
      maxCacheSize: CACHE_BYTES,
      prefetchProfile: "none",
    }),
  })
  try {
    return await copyPart(input, part, write, options)
  } catch (error) {
    assertGoesOn(options.signal)
    if (failure !== null) throw failure
    throw error instanceof ArchiveError
      ? error
      : new ArchiveError("unsupported", "this recording's film or sound can't be cut", { cause: error })
  } finally {
    input.dispose()
  }
}

function assertGoesOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ArchiveError("interrupted", "interrupted: nothing was written")
}

async function copyPart(
  input: Input,
  part: OpenedPart,
  write: (position: number, bytes: Uint8Array) => Promise<void>,
  options: ExtractOptions,
): Promise<ExtractedPart> {
  if (!(await input.canRead()))
    throw new ArchiveError("unsupported", "this recording is no film or sound that can be cut: open all of it instead")
  const tracks = [...(await input.getVideoTracks()), ...(await input.getAudioTracks())]
  const container = tracks.length === 0 ? null : await targetOf(input, tracks)
  if (container === null)
    throw new ArchiveError("unsupported", "this recording's film or sound can't be cut: open all of it instead")
  const output = new Output({
    format: container === "webm" ? new WebMOutputFormat() : new Mp4OutputFormat({ fastStart: false }),
    target: new StreamTarget(
      new WritableStream<{ readonly data: Uint8Array; readonly position: number }>({
        write: async ({ data, position }) => {
          await write(position, data)
        },
      }),
      { chunked: true, chunkSize: PORTION_BYTES },
    ),
  })
  const lanes: Lane[] = []
  for (const track of tracks) lanes.push(await laneOf(output, track, null))
  await output.start()
  const [fromS, toS] = [part.fromMs / 1_000, part.toMs / 1_000]
  const [guide] = lanes
  const start = guide === undefined ? null : await firstAt(guide, fromS)
  if (start === null || start.timestamp >= toS) throw endsBefore()
  const startS = start.timestamp
  const heads = await Promise.all(lanes.map(async (lane) => await headOf(lane, startS, toS)))
  let endS = startS
  for (let head = earliest(heads); head?.next != null; head = earliest(heads)) {
    const packet = head.next
    if (packet.timestamp >= startS) {
      await head.lane.add(packet.clone({ timestamp: packet.timestamp - startS }))
      endS = Math.max(endS, packet.timestamp + packet.duration)
    }
    head.next = await nextWithin(head, packet, toS)
    options.onProgress?.(Math.min(1, (packet.timestamp - startS) / (toS - startS)))
  }
  if (endS <= fromS) throw endsBefore()
  await output.finalize()
  const [startMs, endMs] = [Math.round(startS * 1_000), Math.round(endS * 1_000)]
  return { container, startMs, endMs, durationMs: endMs - startMs }
}

function endsBefore(): ArchiveError {
  return new ArchiveError("usage", "the recording ends before the minutes that were asked for")
}

interface LaneHead {
  readonly lane: Lane
  readonly lookAhead: number
  next: EncodedPacket | null
}

async function headOf(lane: Lane, startS: number, toS: number): Promise<LaneHead> {
  const lookAhead = REORDERED_CODECS.has((await lane.track.getCodec()) ?? "") ? REORDERED_PICTURES : 0
  const first = await firstAt(lane, startS)
  return { lane, lookAhead, next: first !== null && first.timestamp < toS ? first : null }
}

/** Of pictures the key frame at or before a time, of sound what is heard then; the first there is where none is that early. */
async function firstAt({ sink, track }: Lane, timeS: number): Promise<EncodedPacket | null> {
  const found = isPicture(track) ? await sink.getKeyPacket(timeS) : await sink.getPacket(timeS)
  return found ?? (await sink.getFirstPacket())
}

function isPicture(track: InputTrack): boolean {
  return track.isVideoTrack()
}

/** The packet behind another, in the order of decoding, while it or one that it is needed for is shown before `toS`. */
async function nextWithin(
  { lane: { sink }, lookAhead }: LaneHead,
  packet: EncodedPacket,
  toS: number,
): Promise<EncodedPacket | null> {
  let seen = await sink.getNextPacket(packet, { metadataOnly: true })
  for (let left = lookAhead; seen !== null && seen.timestamp >= toS && left > 0; left--)
    seen = await sink.getNextPacket(seen, { metadataOnly: true })
  return seen === null || seen.timestamp >= toS ? null : await sink.getNextPacket(packet)
}
