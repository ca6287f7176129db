import {
  EncodedAudioPacketSource,
  type EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  type Input,
  type InputTrack,
  type Output,
} from "mediabunny"

/** Packets on their way from one container to another, as they are. */

/** The same as those of the command. */
const WEBM_CODECS: ReadonlySet<string> = new Set(["vp8", "vp9", "av1", "opus", "vorbis"])
const MP4_CODECS: ReadonlySet<string> = new Set(["avc", "hevc", "av1", "vp9", "aac", "mp3", "opus", "ac3", "flac"])

/** A track, and where its packets go. */
export interface Lane {
  readonly track: InputTrack
  readonly sink: EncodedPacketSink
  readonly add: (packet: EncodedPacket) => Promise<void>
}

/** The container for these tracks without re-encoding; `null` where there is none. */
export async function targetOf(input: Input, tracks: readonly InputTrack[]): Promise<"webm" | "mp4" | null> {
  const codecs = await Promise.all(tracks.map(async (track) => await track.getCodec()))
  const name = (await input.getFormat()).name
  const all = (known: ReadonlySet<string>): boolean => codecs.every((codec) => codec !== null && known.has(codec))
  if (/webm|matroska/i.test(name) && all(WEBM_CODECS)) return "webm"
  return all(MP4_CODECS) ? "mp4" : null
}

/** Adds a track to an output that has not begun. @param most how many packets there will be, where the output asks. */
export async function laneOf(output: Output, track: InputTrack, most: number | null): Promise<Lane> {
  const common = {
    languageCode: await track.getLanguageCode(),
    ...(most === null ? {} : { maximumPacketCount: most }),
  }
  const sink = new EncodedPacketSink(track)
  if (track.isVideoTrack()) {
    const [codec, decoderConfig] = [await track.getCodec(), await track.getDecoderConfig()]
    if (codec === null) throw new Error("a track without a known codec")
    const source = new EncodedVideoPacketSource(codec)
    output.addVideoTrack(source, { ...common, rotation: await track.getRotation() })
    const meta = decoderConfig === null ? undefined : { decoderConfig }
    const add = async (packet: EncodedPacket): Promise<void> => {
      await source.add(packet, meta)
    }
    return { track, sink, add }
  }
  if (!track.isAudioTrack()) throw new Error("a track that is neither picture nor sound")
  const [codec, decoderConfig] = [await track.getCodec(), await track.getDecoderConfig()]
  if (codec === null) throw new Error("a track without a known codec")
  const source = new EncodedAudioPacketSource(codec)
  output.addAudioTrack(source, common)
  const meta = decoderConfig === null ? undefined : { decoderConfig }
  const add = async (packet: EncodedPacket): Promise<void> => {
    await source.add(packet, meta)
  }
  return { track, sink, add }
}

/** Of what comes next in each lane, the earliest: tracks lie side by side, so that a player reads on in one place. */
export function earliest<Head extends { readonly next: EncodedPacket | null }>(heads: readonly Head[]): Head | null {
  return heads.reduce<Head | null>((first, head) => {
    if (head.next === null) return first
    return first?.next == null || head.next.timestamp < first.next.timestamp ? head : first
  }, null)
}
