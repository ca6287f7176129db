import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { accountCapability } from "./account.js"
import type { Client } from "./client.js"
import { Bell, backoffMs } from "./live-line.js"
import { type LiveSocket, openLiveSocket } from "./live-socket.js"

export interface WatchAccountOptions {
  /** Called at first and whenever there may be something: fetches and verifies, and says whether it was new. */
  readonly onNudge: () => Promise<boolean>
  readonly signal: AbortSignal
  /** Told what keeps news from being heard of at once; watching goes on. */
  readonly onTrouble?: ((error: ArchiveError) => void) | undefined
  readonly pollMs?: number
}

const POLL_MS = 5 * 60_000

/**
 * Follows this account's own inbox, keyring and chain until the signal ends it. What comes on its socket only says when to look; without one it looks
 * from time to time. SPEC.md §11.1, S9.
 * @throws {@link ArchiveError} what `onNudge` throws and time does not mend.
 */
export async function watchAccount(client: Client, options: WatchAccountOptions): Promise<void> {
  const { onNudge, signal, pollMs = POLL_MS } = options
  const bell = new Bell(signal)
  const told = new Map<string, string>()
  const line: { socket: LiveSocket | null } = { socket: null }
  let [failures, fruitless, wasRung] = [0, 0, false]
  const isOver = (): boolean => signal.aborted
  const open = async (): Promise<void> => {
    const opened = await openLiveSocket(client, accountCapability(client), {
      onAccount: (name, raw) => {
        if (told.get(name) === raw) return
        told.set(name, raw)
        bell.ring()
      },
      onEnd: () => {
        line.socket = null
        bell.ring()
      },
    })
    if (isOver()) opened.close()
    else line.socket = opened
  }
  try {
    while (!isOver()) {
      try {
        const isNews = await onNudge()
        // Who is called for nothing looks ever more seldom.
        fruitless = wasRung && !isNews ? fruitless + 1 : 0
        if (line.socket === null) await open()
        failures = 0
      } catch (error) {
        if (isOver()) return
        if (!isArchiveError(error) || !error.retryable) throw error
        failures += 1
        options.onTrouble?.(error)
      }
      await new Bell(signal).wait(backoffMs(client, fruitless))
      wasRung = await bell.wait(failures > 0 ? backoffMs(client, failures + 4) : pollMs)
    }
  } finally {
    line.socket?.close()
  }
}
