const BUCKETS = 1_000
const LOUDEST = 32_768

/** As fine as a peak is at first. */
const PEAK_MS = 8

/** The waveform of a recording: peaks of 16-bit samples, at most 2,000 of them at any length, each 0 to 100. */
export class PeakCollector {
  readonly #sampleRate: number
  #peaks: number[] = []
  #samplesPerPeak: number
  #sampleCount = 0
  #peak = 0
  #odd: number | null = null

  /** @param sampleRate in Hz: what is added per second of sound. */
  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate
    this.#samplesPerPeak = Math.max(1, Math.round((sampleRate * PEAK_MS) / 1000))
  }

  get isEmpty(): boolean {
    return this.#sampleCount === 0
  }

  /** Little-endian samples; a sample may be cut in two between calls. */
  add(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#odd === null) {
        this.#odd = byte
        continue
      }
      const sample = ((byte << 24) >> 16) | this.#odd
      this.#odd = null
      this.addSample(Math.abs(sample))
    }
  }

  /** @param loudness of one sample, 0 to 32,768. */
  addSample(loudness: number): void {
    this.#peak = Math.max(this.#peak, loudness)
    if (++this.#sampleCount % this.#samplesPerPeak === 0) this.#endPeak()
  }

  toDocument(): { readonly version: 1; readonly secondsPerPeak: number; readonly peaks: readonly number[] } {
    const peaks = this.#sampleCount % this.#samplesPerPeak === 0 ? this.#peaks : [...this.#peaks, this.#peak]
    return {
      version: 1,
      secondsPerPeak: this.#samplesPerPeak / this.#sampleRate,
      peaks: peaks.map((peak) => Math.round((peak / LOUDEST) * 100)),
    }
  }

  /** When there are too many peaks, each two become one, and from then on a peak spans twice as long. */
  #endPeak(): void {
    this.#peaks.push(this.#peak)
    this.#peak = 0
    if (this.#peaks.length < 2 * BUCKETS) return
    this.#peaks = Array.from({ length: BUCKETS }, (_, index) =>
      Math.max(this.#peaks[2 * index] ?? 0, this.#peaks[2 * index + 1] ?? 0),
    )
    this.#samplesPerPeak *= 2
  }
}
