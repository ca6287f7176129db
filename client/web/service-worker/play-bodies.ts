import type { PlayBytes, PlayPull } from "./messages.js"

/** How often it is seen after whether the page is still there while its next bytes are waited for. */
const LOOK_MS = 2_000

/** Answers that are under way: bytes that pages give, one portion for each that the player takes. */
export class PlayBodies {
  readonly #clients: Clients
  readonly #ends = new Set<() => void>()

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /** What the page behind `port` gives, as a body; it breaks off where the page says so, or is gone. */
  of(port: MessagePort, page: string): ReadableStream<Uint8Array> {
    let settle: (bytes: PlayBytes) => void = () => undefined
    const say = (kind: PlayPull["kind"]): void => {
      port.postMessage({ kind } satisfies PlayPull)
    }
    const over = (): void => {
      this.#ends.delete(drop)
      port.close()
    }
    const drop = (): void => {
      say("cancel")
      settle({ kind: "failed" })
    }
    this.#ends.add(drop)
    port.onmessage = ({ data }: MessageEvent<PlayBytes>) => {
      settle(data)
    }
    const next = async (): Promise<PlayBytes> => {
      const looking = setInterval(() => {
        this.#clients.get(page).then(
          (client) => {
            if (client === undefined) settle({ kind: "failed" })
          },
          () => undefined,
        )
      }, LOOK_MS)
      try {
        return await new Promise((resolve) => {
          settle = resolve
          say("pull")
        })
      } finally {
        clearInterval(looking)
      }
    }
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const given = await next()
          if (given.kind === "bytes") {
            controller.enqueue(given.bytes)
            return
          }
          over()
          if (given.kind === "end") controller.close()
          else controller.error(new Error("the page gives no more"))
        },
        cancel: () => {
          say("cancel")
          over()
        },
      },
      // Nothing is read ahead: a player that seeks away would have fetched it for nothing.
      { highWaterMark: 0 },
    )
  }

  /** Ends them all, as when the person signs out. */
  drop(): void {
    for (const end of [...this.#ends]) end()
  }
}
