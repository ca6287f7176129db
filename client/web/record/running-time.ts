/** Time that runs and halts. */
export class RunningTime {
  readonly #now: () => number
  #doneMs = 0
  #sinceMs: number | null = null

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  go(): void {
    this.#sinceMs ??= this.#now()
  }

  halt(): void {
    this.#doneMs = this.elapsedMs()
    this.#sinceMs = null
  }

  elapsedMs(): number {
    return this.#doneMs + (this.#sinceMs === null ? 0 : this.#now() - this.#sinceMs)
  }
}
