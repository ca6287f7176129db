import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"

/** What is being played, and the first thing that went wrong with it: a player by itself only stands still. */
export interface Playback {
  /** For `<video>`, `<audio>`, `<img>`, `<track>`, or a plain link where it is a download. */
  readonly url: string
  /** What ended it: `integrity` or `truncated`, with the place, or what kept the bytes away. */
  readonly failure: ArchiveError | null
  /** Called with the failure, at once where there is one already. @returns what stops it. */
  onFailure(listener: (error: ArchiveError) => void): () => void
  /** The address answers no more. */
  close(): void
}

/** Remembers the first failure and tells of it. */
export class Failures {
  readonly #listeners = new Set<(error: ArchiveError) => void>()
  #first: ArchiveError | null = null

  get first(): ArchiveError | null {
    return this.#first
  }

  /** That a reader was stopped is no failure. */
  report(error: unknown): void {
    const known = isArchiveError(error) ? error : new ArchiveError("internal", "playback failed", { cause: error })
    if (known.code === "interrupted" || this.#first !== null) return
    this.#first = known
    for (const listener of this.#listeners) listener(known)
  }

  listen(listener: (error: ArchiveError) => void): () => void {
    this.#listeners.add(listener)
    if (this.#first !== null) listener(this.#first)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
