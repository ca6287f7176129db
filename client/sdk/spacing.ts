const LEAST_MS = 5_000
const MOST_MS = 300_000

/** How far apart tries lie that anybody can cause: at once as long as they succeed, ever further apart as long as they don't. */
export class Spacing {
  #waitMs = 0
  #dueMs = Number.NEGATIVE_INFINITY

  get isDue(): boolean {
    return performance.now() >= this.#dueMs
  }

  succeeded(): void {
    this.#waitMs = 0
    this.#dueMs = Number.NEGATIVE_INFINITY
  }

  failed(): void {
    this.#waitMs = Math.min(MOST_MS, Math.max(LEAST_MS, 2 * this.#waitMs))
    this.#dueMs = performance.now() + this.#waitMs
  }
}
