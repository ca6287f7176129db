import { settleAllFiles } from "../../sdk/chat/delete-files.js"
import { flushChats } from "../../sdk/chat/send.js"
import type { Client } from "../../sdk/client.js"
import { sleep } from "../../sdk/retry.js"

const LOOK_MS = 15_000
const TIRED_MS = 60_000

/**
 * Sends what waits in the chats of all meetings, and deletes the files of messages whose deletion is stored, whichever screen is shown: at once, when there is a network again, and from time to time, until the signal
 * ends it. The screen of a chat sends its own sooner: sent twice a message stands once.
 */
export async function sendWaiting(client: Client, signal: AbortSignal): Promise<void> {
  let isSettled = false
  while (!signal.aborted) {
    const reports = await flushChats(client)
    if (!isSettled || reports.some(({ stored }) => stored > 0))
      isSettled = (await settleAllFiles(client)).every(({ trouble }) => trouble === null)
    const isKept = reports.some(({ trouble }) => trouble !== null)
    await untilOnline(isKept ? TIRED_MS : LOOK_MS, signal)
  }
}

/** For so long, or until the browser says that there is a network again. */
async function untilOnline(ms: number, signal: AbortSignal): Promise<void> {
  const isOver = new AbortController()
  const end = (): void => {
    isOver.abort()
  }
  addEventListener("online", end, { signal: isOver.signal })
  await sleep(ms, AbortSignal.any([signal, isOver.signal])).catch(() => undefined)
  isOver.abort()
}
