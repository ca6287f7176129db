import {
  EncodedAudioPacketSource,
  type EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  type Input,
  type InputTrack,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  WebMOutputFormat,
} from "mediabunny"
import type { KeptFileWriter } from "./kept-files.js"

/** The same as those of the command. */
const WEBM_CODECS: ReadonlySet<string> = new Set(["vp8", "vp9", "av1", "opus", "vorbis"])
const MP4_CODECS: ReadonlySet<string> = new Set(["avc", "hevc", "av1", "vp9", "aac", "mp3", "opus", "ac3", "flac"])
/** Written at once: what is in memory of the output. */
const PORTION_BYTES = 4 * 1024 * 1024

/** What a track is to become, and how far it was read. */
interface Lane {
  readonly sink: EncodedPacketSink
  readonly add: (packet: EncodedPacket) => Promise<void>
  next: EncodedPacket | null
}

/** The container for these tracks without re-encoding; `null` where there is none. */
export async function targetOf(input: Input, tracks: readonly InputTrack[]): Promise<"webm" | "mp4" | null> {
  const codecs = await Promise.all(tracks.map(async (track) => await track.getCodec()))
  const name = (await input.getFormat()).name
  const all = (known: ReadonlySet<string>): boolean => codecs.every((codec) => codec !== null && known.has(codec))
  if (/webm|matroska/i.test(name) && all(WEBM_CODECS)) return "webm"
  return all(MP4_CODECS) ? "mp4" : null
}

/**
 * Puts the tracks' packets, as they are, into a container that can be started and seeked in by ranges.
 * An MP4's index stands in front: room for it is left there, as its size follows from the number of packets.
 */
export async function remux(
  tracks: readonly InputTrack[],
  kind: "webm" | "mp4",
  into: KeptFileWriter,
  durationS: number,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const writable = new WritableStream<{ readonly data: Uint8Array; readonly position: number }>({
    write: async ({ data, position }) => {
      await into.write(position, data)
    },
  })
  const output = new Output({
    format: kind === "webm" ? new WebMOutputFormat() : new Mp4OutputFormat({ fastStart: "reserve" }),
    target: new StreamTarget(writable, { chunked: true, chunkSize: PORTION_BYTES }),
  })
  const lanes: Lane[] = []
  for (const track of tracks) lanes.push(await laneOf(output, track, kind))
  await output.start()
  for (const lane of lanes) lane.next = await lane.sink.getFirstPacket()
  for (;;) {
    const lane = earliest(lanes)
    if (lane?.next == null) break
    const packet = lane.next
    await lane.add(packet)
    onProgress(Math.min(1, packet.timestamp / Math.max(durationS, 1)))
    lane.next = await lane.sink.getNextPacket(packet)
  }
  await output.finalize()
}

async function laneOf(output: Output, track: InputTrack, kind: "webm" | "mp4"): Promise<Lane> {
  const common = {
    languageCode: await track.getLanguageCode(),
    ...(kind === "mp4" ? { maximumPacketCount: (await track.computePacketStats()).packetCount } : {}),
  }
  const sink = new EncodedPacketSink(track)
  if (track.isVideoTrack()) {
    const [codec, decoderConfig] = [await track.getCodec(), await track.getDecoderConfig()]
    if (codec === null) throw new Error("a track without a known codec")
    const source = new EncodedVideoPacketSource(codec)
    output.addVideoTrack(source, { ...common, rotation: await track.getRotation() })
    const meta = decoderConfig === null ? undefined : { decoderConfig }
    return {
      sink,
      add: async (packet) => {
        await source.add(packet, meta)
      },
      next: null,
    }
  }
  if (!track.isAudioTrack()) throw new Error("a track that is neither picture nor sound")
  const [codec, decoderConfig] = [await track.getCodec(), await track.getDecoderConfig()]
  if (codec === null) throw new Error("a track without a known codec")
  const source = new EncodedAudioPacketSource(codec)
  output.addAudioTrack(source, common)
  const meta = decoderConfig === null ? undefined : { decoderConfig }
  return {
    sink,
    add: async (packet) => {
      await source.add(packet, meta)
    },
    next: null,
  }
}

/** Tracks lie side by side, so that a player reads on in one place. */
function earliest(lanes: readonly Lane[]): Lane | null {
  return lanes.reduce<Lane | null>((first, lane) => {
    if (lane.next === null) return first
    return first?.next == null || lane.next.timestamp < first.next.timestamp ? lane : first
  }, null)
}
