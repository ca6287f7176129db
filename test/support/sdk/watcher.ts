import {
  type ArchiveError,
  type Client,
  isArchiveError,
  type MeetingId,
  watchMeeting,
} from "../../../client/sdk/index.js"

/** A watch of a meeting, and what it brought so far. */
export interface Watcher {
  /** Seq of each head that it was called with. */
  readonly heads: readonly number[]
  readonly troubles: readonly ArchiveError[]
  /** Resolves when it was called with this event, or a later one. @throws where the watch ends before, or after 10 s. */
  until(seq: number): Promise<void>
  /** The code of the error that ended it; `null` where it was stopped. */
  readonly ended: Promise<string | null>
  stop(): Promise<void>
}

const PATIENCE_MS = 10_000

export function startWatch(client: Client, meetingId: MeetingId, pollMs: number): Watcher {
  const [heads, troubles]: [number[], ArchiveError[]] = [[], []]
  const ending = new AbortController()
  let wake = (): void => undefined
  const watching = watchMeeting(client, meetingId, {
    signal: ending.signal,
    pollMs,
    onTrouble: (error) => troubles.push(error),
    onChange: ({ head }) => {
      heads.push(head.seq)
      wake()
    },
  })
  const ended = watching.then(
    () => null,
    (error: unknown) => {
      if (!isArchiveError(error)) throw error
      return error.code
    },
  )
  return {
    heads,
    troubles,
    ended,
    until: async (seq) => {
      const late = new Promise<"late">((resolve) => setTimeout(resolve, PATIENCE_MS, "late").unref())
      while (!heads.some((head) => head >= seq)) {
        const called = new Promise<undefined>((resolve) => {
          wake = () => {
            resolve(undefined)
          }
        })
        const failure = await Promise.race([ended, late, called])
        if (failure !== undefined) throw new Error(`event ${seq} never came, but ${heads.join()}: ${String(failure)}`)
      }
    },
    stop: async () => {
      ending.abort()
      await ended
    },
  }
}
