import {
  ALL_FORMATS,
  CustomSource,
  EncodedAudioPacketSource,
  type EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  type InputAudioTrack,
  type InputVideoTrack,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  type StreamTargetChunk,
  WebMOutputFormat,
} from "mediabunny"
import type { AssetReader } from "../../sdk/reader/asset-reader.js"

/** A recording as Media Source Extensions take it: pieces that can begin at any key frame. Nothing is encoded again. */
export interface MediaFeed {
  /** With its codecs, as `MediaSource.isTypeSupported` asks. */
  readonly type: string
  readonly durationS: number
  /** Gives `append` what shows `startS` and all that follows, in order, as fast as it takes it. */
  run(startS: number, append: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>, signal: AbortSignal): Promise<void>
}

/** Of one track: what is read of it, and where it is written. */
interface Lane {
  next: EncodedPacket | null
  readonly sink: EncodedPacketSink
  write(packet: EncodedPacket): Promise<void>
}

/** `null` where the file has no track that can be read. @param onTrouble told of what fails while nobody waits for it. */
export async function openMediaFeed(
  reader: AssetReader,
  signal: AbortSignal,
  onTrouble: (error: unknown) => void,
): Promise<MediaFeed | null> {
  const input = new Input({
    formats: ALL_FORMATS,
    source: new CustomSource({
      getSize: () => reader.sizeBytes,
      read: async (start, end) => {
        const bytes = new Uint8Array(end - start)
        let filled = 0
        for await (const part of reader.read(start, end - 1, signal)) {
          bytes.set(part, filled)
          filled += part.length
        }
        return bytes
      },
      prefetchProfile: "network",
      handleUnhandledError: onTrouble,
    }),
  })
  const [video, audio] = await Promise.all([input.getPrimaryVideoTrack(), input.getPrimaryAudioTrack()])
  const tracks = [video, audio].filter((track) => track !== null)
  const codecs = await Promise.all(tracks.map(async (track) => await track.getCodecParameterString()))
  if (tracks.length === 0 || codecs.includes(null)) return null
  const names = await Promise.all(tracks.map(async (track) => await track.getCodec()))
  const isWebm = names.some((codec) => codec === "vp8" || codec === "vorbis")
  const kind = `${video === null ? "audio" : "video"}/${isWebm ? "webm" : "mp4"}`
  return {
    type: `${kind}; codecs="${codecs.join()}"`,
    durationS: await input.computeDuration(),
    run: async (startS, append, ending) => {
      await remux(video, audio, isWebm, startS, append, ending)
    },
  }
}

async function remux(
  video: InputVideoTrack | null,
  audio: InputAudioTrack | null,
  isWebm: boolean,
  startS: number,
  append: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const written = new WritableStream<StreamTargetChunk>({
    write: async ({ data }) => {
      await append(data)
    },
  })
  const output = new Output({
    format: isWebm ? new WebMOutputFormat({ appendOnly: true }) : new Mp4OutputFormat({ fastStart: "fragmented" }),
    target: new StreamTarget(written),
  })
  const lanes: Lane[] = []
  const videoCodec = await video?.getCodec()
  if (video !== null && videoCodec != null) {
    const source = new EncodedVideoPacketSource(videoCodec)
    output.addVideoTrack(source, { rotation: await video.getRotation() })
    const decoderConfig = await video.getDecoderConfig()
    const sink = new EncodedPacketSink(video)
    lanes.push({
      sink,
      next: (await sink.getKeyPacket(startS)) ?? (await sink.getFirstPacket()),
      write: async (packet) => {
        await source.add(packet, decoderConfig === null ? {} : { decoderConfig })
      },
    })
  }
  const audioCodec = await audio?.getCodec()
  if (audio !== null && audioCodec != null) {
    const source = new EncodedAudioPacketSource(audioCodec)
    output.addAudioTrack(source)
    const decoderConfig = await audio.getDecoderConfig()
    const sink = new EncodedPacketSink(audio)
    // From where the picture begins, which is before what was asked for.
    const fromS = lanes[0]?.next?.timestamp ?? startS
    lanes.push({
      sink,
      next: (await sink.getPacket(fromS)) ?? (await sink.getFirstPacket()),
      write: async (packet) => {
        await source.add(packet, decoderConfig === null ? {} : { decoderConfig })
      },
    })
  }
  await output.start()
  try {
    for (;;) {
      const [lane] = lanes.filter(({ next }) => next !== null).sort((one, other) => timeOf(one) - timeOf(other))
      if (lane === undefined || lane.next === null) break
      signal.throwIfAborted()
      await lane.write(lane.next)
      lane.next = await lane.sink.getNextPacket(lane.next)
    }
    await output.finalize()
  } catch (error) {
    await output.cancel().catch(() => undefined)
    throw error
  }
}

function timeOf({ next }: Lane): number {
  return next?.timestamp ?? Infinity
}
