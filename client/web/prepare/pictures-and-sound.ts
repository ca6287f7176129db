import { AudioSampleSink, CanvasSink, type InputAudioTrack, type InputVideoTrack } from "mediabunny"
import { utf8 } from "../../../shared/protocol/bytes.js"
import { PeakCollector } from "../../sdk/waveform.js"

const POSTER_WIDTH = 1_280
const POSTER_QUALITY = 0.82
const LATEST_POSTER_S = 3
const LOUDEST = 32_768

/** A frame near the beginning as a JPEG; `null` where the browser can't decode it. */
export async function makePoster(track: InputVideoTrack, durationS: number): Promise<Uint8Array | null> {
  if (!(await track.canDecode())) return null
  const width = Math.min(POSTER_WIDTH, await track.getDisplayWidth())
  const sink = new CanvasSink(track, { width })
  const at = (await track.getFirstTimestamp()) + Math.min(LATEST_POSTER_S, durationS / 10)
  const frame = await sink.getCanvas(at)
  if (frame === null || !(frame.canvas instanceof OffscreenCanvas)) return null
  const blob = await frame.canvas.convertToBlob({ type: "image/jpeg", quality: POSTER_QUALITY })
  return new Uint8Array(await blob.arrayBuffer())
}

/** Peaks of all channels together, as the command makes them; `null` where the browser can't decode the sound. */
export async function makeWaveform(
  track: InputAudioTrack,
  durationS: number,
  onProgress: (fraction: number) => void,
): Promise<Uint8Array | null> {
  if (!(await track.canDecode())) return null
  const peaks = new PeakCollector(await track.getSampleRate())
  let channel = new Float32Array(0)
  let sum = new Float32Array(0)
  for await (const sample of new AudioSampleSink(track).samples()) {
    const { numberOfFrames: frames, numberOfChannels: channels, timestamp } = sample
    if (channel.length < frames) {
      channel = new Float32Array(frames)
      sum = new Float32Array(frames)
    }
    sum.fill(0)
    for (let planeIndex = 0; planeIndex < channels; planeIndex++) {
      sample.copyTo(channel.subarray(0, frames), { planeIndex, format: "f32-planar" })
      for (let at = 0; at < frames; at++) sum[at] = (sum[at] ?? 0) + (channel[at] ?? 0)
    }
    sample.close()
    for (let at = 0; at < frames; at++)
      peaks.addSample(Math.min(LOUDEST, (Math.abs(sum[at] ?? 0) / channels) * LOUDEST))
    onProgress(Math.min(1, timestamp / Math.max(durationS, 1)))
  }
  return peaks.isEmpty ? null : utf8(JSON.stringify(peaks.toDocument()))
}
