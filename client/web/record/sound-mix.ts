import type { SourceKind } from "./media-trouble.js"

/** Louder than a whisper at arm's length. */
const FLOOR_DB = -60

/** Voices and the sound of what is shown as one track, which stays the same whatever comes and goes, and how loud they are. */
export class SoundMix {
  readonly #context = new AudioContext()
  readonly #out = this.#context.createMediaStreamDestination()
  readonly #inputs = new Map<SourceKind, MediaStreamAudioSourceNode>()
  readonly #meter = this.#context.createAnalyser()
  readonly #samples = new Float32Array(this.#meter.fftSize)

  /** `null` while nothing is heard. */
  get track(): MediaStreamTrack | null {
    return this.#inputs.size === 0 ? null : (this.#out.stream.getAudioTracks()[0] ?? null)
  }

  has(kind: SourceKind): boolean {
    return this.#inputs.has(kind)
  }

  /** Takes the sound of a stream, in the place of what came from there before. */
  set(kind: SourceKind, stream: MediaStream | null): void {
    this.#inputs.get(kind)?.disconnect()
    this.#inputs.delete(kind)
    if (stream === null || stream.getAudioTracks().length === 0) return
    const input = this.#context.createMediaStreamSource(stream)
    input.connect(this.#out)
    // Shown is the voice: whether it is heard at all is what somebody wants to know.
    if (kind === "microphone") input.connect(this.#meter)
    this.#inputs.set(kind, input)
    void this.#context.resume()
  }

  /** How loud the voice is now, 0 to 1, by decibels. */
  level(): number {
    if (!this.#inputs.has("microphone")) return 0
    this.#meter.getFloatTimeDomainData(this.#samples)
    return levelOf(this.#samples)
  }

  close(): void {
    for (const input of this.#inputs.values()) input.disconnect()
    this.#inputs.clear()
    void this.#context.close()
  }
}

/** The power of samples between −1 and 1 on a line from silence, 0, to full scale, 1. */
export function levelOf(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length)
  const decibels = 10 * Math.log10(power)
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB))
}
