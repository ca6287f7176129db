/** What is looked back on: long enough to be calm, short enough to follow a line that became slower. */
const WINDOW_MS = 20_000

export interface Speed {
  readonly bytesPerSecond: number
  readonly leftMs: number
}

/** How fast bytes go, and how long the rest takes, by what went in the last seconds. */
export class SpeedMeter {
  #samples: { readonly atMs: number; readonly doneBytes: number }[] = []

  /** @returns `null` as long as nothing can be said. */
  add(atMs: number, doneBytes: number, totalBytes: number | null): Speed | null {
    const recent = this.#samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS)
    // One from before the window spans a pause between two pieces of a slow line.
    this.#samples = [...(recent.length === 0 ? this.#samples.slice(-1) : recent), { atMs, doneBytes }]
    const [first] = this.#samples
    if (first === undefined || totalBytes === null || atMs === first.atMs || doneBytes <= first.doneBytes) return null
    const bytesPerSecond = ((doneBytes - first.doneBytes) / (atMs - first.atMs)) * 1_000
    return { bytesPerSecond, leftMs: ((totalBytes - doneBytes) / bytesPerSecond) * 1_000 }
  }

  /** After a pause nothing is known of the speed. */
  forget(): void {
    this.#samples = []
  }
}
