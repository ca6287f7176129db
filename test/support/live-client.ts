import { io, type Socket } from "socket.io-client"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { LIVE_NAMESPACES, LIVE_PATH, type LiveKind } from "../../shared/protocol/live.js"

/** A socket, as bare as can be: so that a test can also send what no client would. */
export interface BareSocket {
  readonly socket: Socket
  /** Everything that was said on it. */
  readonly heard: (readonly [name: string, value: unknown])[]
  /** The first that is said by this name and fits, from the beginning on. */
  hears(name: string, fits?: (value: unknown) => boolean): Promise<unknown>
  /** What the server answers to another token. */
  renew(token: Uint8Array): Promise<unknown>
  /** Milliseconds from now until it is closed, and the reason that was given. */
  ends(): Promise<{ readonly afterMs: number; readonly code: unknown }>
}

export interface BareOptions {
  readonly auth?: unknown
  readonly origin?: string
  readonly headers?: Readonly<Record<string, string>>
}

const PATIENCE_MS = 8_000

/** @throws what the server refused with: its code, or the transport's own words. */
export async function openBareSocket(
  url: string,
  kind: LiveKind,
  token: Uint8Array,
  options: BareOptions = {},
): Promise<BareSocket> {
  const socket = io(`${url}${LIVE_NAMESPACES[kind]}`, {
    path: LIVE_PATH,
    transports: ["websocket"],
    auth: options.auth ?? { token: toBase64Url(token) },
    extraHeaders: { ...(options.origin === undefined ? {} : { origin: options.origin }), ...options.headers },
    forceNew: true,
    reconnection: false,
  } as Parameters<typeof io>[1])
  const bare = bareSocket(socket)
  await connected(socket)
  return bare
}

/** Resolves when it is connected. @throws as the server refuses. */
export async function connected(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve)
    socket.once("connect_error", (error: Error & { readonly data?: { readonly code?: string } }) => {
      reject(new Error(error.data?.code ?? error.message))
    })
  })
}

function bareSocket(socket: Socket): BareSocket {
  const heard: (readonly [string, unknown])[] = []
  const listeners = new Set<() => void>()
  socket.onAny((name: string, value: unknown) => {
    heard.push([name, value])
    for (const listener of listeners) listener()
  })
  socket.on("disconnect", () => {
    for (const listener of listeners) listener()
  })
  const until = async <T>(look: () => T | undefined, what: string): Promise<T> =>
    await new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        listeners.delete(check)
        reject(new Error(`${what} never came; heard: ${JSON.stringify(heard)}`))
      }, PATIENCE_MS)
      const check = (): void => {
        const found = look()
        if (found === undefined) return
        clearTimeout(timer)
        listeners.delete(check)
        resolve(found)
      }
      listeners.add(check)
      check()
    })
  return {
    socket,
    heard,
    hears: async (name, fits = () => true) =>
      (await until(() => heard.find(([said, value]) => said === name && fits(value)), name))[1],
    renew: async (token) => await socket.timeout(PATIENCE_MS).emitWithAck("renew", { token: toBase64Url(token) }),
    ends: async () => {
      const from = performance.now()
      await until(() => (socket.connected ? undefined : true), "the end")
      const reason = heard.find(([name]) => name === "end")?.[1] as { readonly code: string } | undefined
      return { afterMs: performance.now() - from, code: reason?.code }
    },
  }
}
