import { Redis } from "ioredis"
import { ID_BYTES } from "../../protocol/hash.js"
import type { ChangeFeed } from "../ports.js"
import { createInProcessFeed } from "./in-process.js"

const CHANNEL = "taciturn:changes"
/** Who says nothing for so long after a command is taken for gone: else commands would pile up for as long as TCP hopes. */
const ANSWER_TIMEOUT_MS = 5_000

/**
 * Changes between processes, by Redis's publish and subscribe. This process hears its own at once, whether Redis is there or not.
 * A message is a subject's 16 bytes: whoever else writes to that channel makes processes look at the catalog, and no more.
 */
export function openRedisFeed(redisUrl: string, onError: (error: unknown) => void): ChangeFeed {
  const own = createInProcessFeed()
  // What can't be said now is not said later: by then everybody has looked.
  const options = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
    socketTimeout: ANSWER_TIMEOUT_MS,
    retryStrategy,
  }
  const publisher = new Redis(redisUrl, options)
  const subscriber = new Redis(redisUrl, { ...options, enableOfflineQueue: true })
  for (const redis of [publisher, subscriber]) redis.on("error", onError)
  subscriber.on("messageBuffer", (_channel: Buffer, message: Buffer) => {
    if (message.length === ID_BYTES) own.tell(message)
  })
  // Subscribed again by itself after each loss of the connection.
  subscriber.subscribe(CHANNEL).catch(onError)
  return {
    tell: (subject) => {
      own.tell(subject)
      publisher.publish(CHANNEL, Buffer.from(subject)).catch(() => undefined)
    },
    listen: own.listen,
    close: () => {
      publisher.disconnect()
      subscriber.disconnect()
      return Promise.resolve()
    },
  }
}

function retryStrategy(attempt: number): number {
  return Math.min(attempt * 200, 2_000)
}
