import { ArchiveError } from "../../shared/protocol/errors.js"
import type { Upload } from "../../shared/server/catalog/uploads.js"

/**
 * One request's turn at an upload, as the request that comes next in this process sees it: all of its piece is here; the piece was acknowledged, or
 * not; the turn is over.
 */
export class Turn {
  readonly #before: Turn | null
  readonly #received = signal()
  readonly #released = signal()
  readonly #outcome: { readonly promise: Promise<void>; resolve(): void; reject(error: Error): void }
  #next: Upload | null = null
  #stage: "open" | "followed" | "last" = "open"
  #isAcknowledged = false

  constructor(before: Turn | null) {
    this.#before = before
    this.#outcome = signal()
    // Nobody may wait for it.
    this.#outcome.promise.catch(() => undefined)
  }

  /** Resolves at the next change that lets a waiting request try again. */
  get changed(): Promise<void> {
    return this.#next === null ? Promise.race([this.#received.promise, this.#released.promise]) : this.#released.promise
  }

  /** Whether its lease ended together with what it was held for, so that it needs no ending of its own. */
  get endedLease(): boolean {
    return this.#isAcknowledged && this.#stage === "last"
  }

  /** All bytes of the piece are here; `next` is how the upload will stand once they are acknowledged. From now on the turn can be followed. */
  received(next: Upload): void {
    this.#next = next
    this.#received.resolve()
  }

  /** How the upload will stand for what begins at `startBytes`; `null` if that does not come next, or something else does already. */
  followAt(startBytes: number): Upload | null {
    const next = this.#next
    if (this.#stage !== "open" || next === null || next.offsetBytes !== startBytes) return null
    this.#stage = "followed"
    return next
  }

  /** Resolves when the turn before was acknowledged. @throws {@link ArchiveError} `conflict` if it was not. */
  async awaitBefore(): Promise<void> {
    if (this.#before !== null) await this.#before.#outcome.promise
  }

  /** To be asked when the piece is to be committed: whether the lease goes on, for a turn that follows. If not, none can follow any more. */
  isFollowed(): boolean {
    if (this.#stage === "open") this.#stage = "last"
    return this.#stage === "followed"
  }

  acknowledge(): void {
    this.#isAcknowledged = true
    this.#outcome.resolve()
  }

  /** @returns whether a turn follows that now can't be taken. */
  end(): "failed-followed" | "over" {
    this.#outcome.reject(new ArchiveError("conflict", "the piece before was not taken"))
    return this.#stage === "followed" && !this.#isAcknowledged ? "failed-followed" : "over"
  }

  /** The lease is free again, or belongs to the turn that follows. */
  release(): void {
    this.#stage = this.#stage === "open" ? "last" : this.#stage
    this.#released.resolve()
  }
}

interface Signal {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: Error): void
}

function signal(): Signal {
  let settle: Omit<Signal, "promise"> = { resolve: () => undefined, reject: () => undefined }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...settle }
}
