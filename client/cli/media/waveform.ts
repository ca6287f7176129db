const BUCKETS = 1_000
const LOUDEST = 32_768

/** Peaks of 16-bit samples at a low rate: at most 2,000 of them at any length, each 0 to 100. */
export class PeakCollector {
  static readonly sampleRate = 8_000
  #peaks: number[] = []
  #samplesPerPeak = 64
  #sampleCount = 0
  #peak = 0
  #odd: number | null = null

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
      this.#peak = Math.max(this.#peak, Math.abs(sample))
      if (++this.#sampleCount % this.#samplesPerPeak === 0) this.#endPeak()
    }
  }

  toDocument(): { readonly version: 1; readonly secondsPerPeak: number; readonly peaks: readonly number[] } {
    const peaks = this.#sampleCount % this.#samplesPerPeak === 0 ? this.#peaks : [...this.#peaks, this.#peak]
    return {
      version: 1,
      secondsPerPeak: this.#samplesPerPeak / PeakCollector.sampleRate,
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
