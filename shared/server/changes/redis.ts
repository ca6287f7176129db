import { Redis } from "ioredis"
import type { RandomBytes } from "../../protocol/ambient.js"
import { concatBytes, equalBytes, u64 } from "../../protocol/bytes.js"
import { ID_BYTES } from "../../protocol/hash.js"
import { PRESENCE_BYTES } from "../../protocol/presence.js"
import type { ChangeFeed, Said } from "../ports.js"
import { createInProcessFeed } from "./in-process.js"

const CHANGES = "taciturn:changes"
const SAID = "taciturn:said"
/** Who says nothing for so long after a command is taken for gone: else commands would pile up for as long as TCP hopes. */
const ANSWER_TIMEOUT_MS = 5_000
/** Tells a process what it told or passed on itself. */
const ORIGIN_BYTES = 16
const EPOCH_BYTES = 8
const CHANGE_BYTES = ORIGIN_BYTES + ID_BYTES
const SAID_BYTES = ORIGIN_BYTES + ID_BYTES + EPOCH_BYTES + PRESENCE_BYTES

/**
 * Changes between processes, by Redis's publish and subscribe, which keeps nothing. This process hears its own at once, whether Redis is there or not.
 * A change is `origin ‖ subject`: whoever else writes to that channel makes processes look at the catalog, and no more.
 * What is said is `origin ‖ meeting id ‖ u64 epoch ‖ sealed`: whoever else writes that makes clients drop it.
 */
export function openRedisFeed(redisUrl: string, random: RandomBytes, onError: (error: unknown) => void): ChangeFeed {
  const own = createInProcessFeed()
  const origin = random(ORIGIN_BYTES)
  const listeners: ((said: Said) => void)[] = []
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
  subscriber.on("messageBuffer", (channel: Buffer, message: Buffer) => {
    if (channel.toString() === CHANGES) {
      if (message.length === CHANGE_BYTES && !isFrom(origin, message)) own.tell(message.subarray(ORIGIN_BYTES))
      return
    }
    const said = readSaid(message, origin)
    if (said !== null) for (const listener of listeners) listener(said)
  })
  // Subscribed again by itself after each loss of the connection.
  subscriber.subscribe(CHANGES, SAID).catch(onError)
  const publish = (channel: string, message: Uint8Array): void => {
    publisher.publish(channel, Buffer.from(message)).catch(() => undefined)
  }
  return {
    tell: (subject) => {
      own.tell(subject)
      publish(CHANGES, concatBytes(origin, subject))
    },
    tellOthers: (subject) => {
      publish(CHANGES, concatBytes(origin, subject))
    },
    listen: own.listen,
    pass: ({ meetingId, epoch, sealed }) => {
      publish(SAID, concatBytes(origin, meetingId, u64(epoch), sealed))
    },
    listenToSaid: (listener) => {
      listeners.push(listener)
    },
    close: () => {
      publisher.disconnect()
      subscriber.disconnect()
      return Promise.resolve()
    },
  }
}

/** `null` for what is nothing of this form, and what this process passed on itself. */
function readSaid(message: Buffer, origin: Uint8Array): Said | null {
  if (message.length !== SAID_BYTES || isFrom(origin, message)) return null
  const epochAt = ORIGIN_BYTES + ID_BYTES
  const epoch = message.readBigUInt64BE(epochAt)
  if (epoch > BigInt(Number.MAX_SAFE_INTEGER)) return null
  return {
    meetingId: message.subarray(ORIGIN_BYTES, epochAt),
    epoch: Number(epoch),
    sealed: message.subarray(epochAt + EPOCH_BYTES),
  }
}

function isFrom(origin: Uint8Array, message: Uint8Array): boolean {
  return equalBytes(message.subarray(0, ORIGIN_BYTES), origin)
}

function retryStrategy(attempt: number): number {
  return Math.min(attempt * 200, 2_000)
}
