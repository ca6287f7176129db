import type { ChangeFeed } from "../ports.js"

/** Changes within one process. */
export function createInProcessFeed(): ChangeFeed {
  const listeners: ((subject: Uint8Array) => void)[] = []
  return {
    tell: (subject) => {
      for (const listener of listeners) listener(subject)
    },
    listen: (listener) => {
      listeners.push(listener)
    },
    // There is no other process.
    tellOthers: () => undefined,
    pass: () => undefined,
    listenToSaid: () => undefined,
    close: () => Promise.resolve(),
  }
}
