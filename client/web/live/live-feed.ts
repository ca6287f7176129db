import { concatBytes } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { LIVE_SEGMENTS } from "../../../shared/protocol/http.js"
import type { LiveHead } from "../../../shared/protocol/live-asset.js"
import type { LiveView } from "../../sdk/live-capture/live-view.js"
import type { CaptureInit, CaptureScan, EntryPoint } from "./capture-scan.js"
import { locate } from "./locate.js"

/** A capture as Media Source Extensions take it, from any place of it, under the heads that were verified so far. */

/** Where it is looked for the newest place to begin first: so many flushes, of about a second each, before the end. */
const EDGE_FLUSHES = 5
/** What a player has in hand at the edge, so that it does not wait for every flush. */
export const EDGE_LAG_S = 3
/** More is not read to find a place to begin near the edge: then it is where one is known. */
const MOST_SEGMENTS = 512
const MS_PER_S = 1_000

export class LiveFeed {
  readonly #view: Pick<LiveView, "head" | "read">
  readonly #scan: CaptureScan
  /** In order of their segments. */
  readonly #points: EntryPoint[] = []
  readonly #waiting = new Set<() => void>()
  #isOver = false
  #edgeS = 0
  /** What the recorder's clock says where its capture's own time is 0; a pause moves it. */
  #originMs: number | null = null

  /** @param scanWith what reads along of its format, and tells of each place to begin. */
  constructor(view: Pick<LiveView, "head" | "read">, scanWith: (onPoint: (point: EntryPoint) => void) => CaptureScan) {
    this.#view = view
    this.#scan = scanWith((point) => {
      this.#note(point)
    })
  }

  /** Until when there is something, in the capture's own time: exactly where it was read, else by the recorder's clock. */
  get edgeS(): number {
    return this.#edgeS
  }

  /** The time at which a segment's part of the capture begins, as far as it is known. */
  timeOf(segment: number): number | null {
    return this.#points.findLast((point) => point.segment <= segment)?.timeS ?? null
  }

  /** A newer head was verified. */
  take(head: LiveHead): void {
    const newest = head.flushes.at(-1)
    if (newest !== undefined && this.#originMs !== null)
      this.#edgeS = Math.max(this.#edgeS, (newest.timeMs - this.#originMs) / MS_PER_S)
    this.#wake()
  }

  /** No newer head comes. */
  finish(): void {
    this.#isOver = true
    this.#wake()
  }

  /**
   * What a player begins with, once it came; and how far the capture is.
   * @throws {@link ArchiveError} `unsupported`; `not-found` where it ended before anything came; as {@link LiveView.read}.
   */
  async open(signal: AbortSignal): Promise<CaptureInit> {
    for (let next = 0; this.#scan.init === null;) next = await this.#readOn(next, 1, signal)
    await this.#lookAtEdge(signal)
    return this.#scan.init
  }

  /** @throws {@link ArchiveError} `unsupported` where it has no such place. */
  startPoint(): EntryPoint {
    return this.#pointBefore(0)
  }

  /** The newest place to begin that leaves a player something in hand. */
  edgePoint(): EntryPoint {
    return this.#pointBefore(this.#edgeS - EDGE_LAG_S)
  }

  /** The last place to begin at or before a time. @throws {@link ArchiveError} as {@link LiveView.read}. */
  async pointAt(timeS: number, signal: AbortSignal): Promise<EntryPoint> {
    const low = this.#pointBefore(timeS)
    const high = this.#points.find((point) => point.segment > low.segment && point.timeS > timeS)
    return await locate(timeS, low, high ?? { timeS: this.#edgeS, segment: this.#segments }, async (from, to) => {
      return await this.#scanFrom(from, to, signal)
    })
  }

  /** Gives `append` what follows from a place on, as fast as it takes it and as it comes, until the capture's end. @throws {@link ArchiveError} as {@link LiveView.read}. */
  async run(
    from: EntryPoint,
    append: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#scan.jump()
    for (let next = from.segment; ;) {
      if (next >= this.#segments) {
        if (this.#isOver) return
        await this.#news(signal)
        continue
      }
      const parts: Uint8Array[] = []
      next = await this.#readOn(next, LIVE_SEGMENTS, signal, (part) => parts.push(part))
      this.#readUpTo(next)
      await append(new Uint8Array(concatBytes(...parts)))
    }
  }

  get #segments(): number {
    return this.#view.head?.segments ?? 0
  }

  /** Reads the newest of it, and as much before that as is needed to find a place to begin. */
  async #lookAtEdge(signal: AbortSignal): Promise<void> {
    const end = this.#segments
    const { flushes = [] } = this.#view.head ?? {}
    const newest = (flushes.at(-EDGE_FLUSHES) ?? flushes[0])?.segment ?? 0
    for (let span = end - newest; span < MOST_SEGMENTS; span *= 2) {
      const from = Math.max(0, end - span)
      if ((await this.#scanFrom(from, null, signal)) !== null || from === 0) break
    }
    this.#readUpTo(end)
  }

  #pointBefore(timeS: number): EntryPoint {
    const point = this.#points.findLast((candidate) => candidate.timeS <= timeS) ?? this.#points[0]
    if (point === undefined) throw new ArchiveError("unsupported", "this capture has no place where a player can begin")
    return point
  }

  /** All before this segment was read along: until when that shows something tells what the recorder's clock means. */
  #readUpTo(end: number): void {
    const { segments = 0, flushes = [] } = this.#view.head ?? {}
    const read = flushes.findLast((_, index) => (flushes[index + 1]?.segment ?? segments) <= end)
    const newest = flushes.at(-1)
    if (read === undefined || newest === undefined || this.#scan.endS === 0) return
    this.#originMs = read.timeMs - this.#scan.endS * MS_PER_S
    this.#edgeS = (newest.timeMs - this.#originMs) / MS_PER_S
  }

  /** @returns the first place that begins in these segments, or `null`; without an end, after all of them were read. */
  async #scanFrom(from: number, to: number | null, signal: AbortSignal): Promise<EntryPoint | null> {
    this.#scan.jump()
    const end = to ?? this.#segments
    const first = (): EntryPoint | null => this.#points.find(({ segment }) => segment >= from && segment < end) ?? null
    for (let next = from; next < end;) {
      next = await this.#readOn(next, Math.min(LIVE_SEGMENTS, end - next), signal)
      if (to !== null && first() !== null) break
    }
    return first()
  }

  /** Reads along of at most `count` segments from `next` on, once there is one. @returns what comes next. */
  async #readOn(
    next: number,
    count: number,
    signal: AbortSignal,
    onMedia: (bytes: Uint8Array) => void = () => undefined,
  ): Promise<number> {
    while (next >= this.#segments) {
      if (this.#isOver) throw new ArchiveError("not-found", "this capture ended before anything of it came")
      await this.#news(signal)
    }
    signal.throwIfAborted()
    const parts = await this.#view.read(next, count)
    signal.throwIfAborted()
    for (const [index, part] of parts.entries()) onMedia(this.#scan.push(part, next + index))
    return next + parts.length
  }

  #note(point: EntryPoint): void {
    const at = this.#points.findIndex(({ segment }) => segment >= point.segment)
    if (at < 0) this.#points.push(point)
    // A segment may have more of them; its first stands for it.
    else if (this.#points[at]?.segment !== point.segment) this.#points.splice(at, 0, point)
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  async #news(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener("abort", stop)
        resolve()
      }
      const stop = (): void => {
        this.#waiting.delete(wake)
        reject(new ArchiveError("interrupted", "interrupted: call again to go on from here"))
      }
      this.#waiting.add(wake)
      signal.addEventListener("abort", stop, { once: true })
    })
  }
}
