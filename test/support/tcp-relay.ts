import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"
import { Transform } from "node:stream"

/** A relay in front of a server, which can be cut and mended: to a client behind it the server is then down, and up again. */
export interface TcpRelay {
  readonly port: number
  cut(): void
  mend(): void
  /** From now on no answer comes through, though requests do, until it is mended. */
  mute(): void
  stop(): Promise<void>
}

/** Keeps what one connection brings. */
interface Tap {
  readonly asked: Buffer[]
  readonly answered: Buffer[]
}

/**
 * `alter` sees what goes to the server, as it comes from the wire.
 * @param tap is called for each connection, and is given all of it.
 */
export async function startTcpRelay(
  target: { readonly host: string; readonly port: number },
  alter: (bytes: Buffer) => Buffer = (bytes) => bytes,
  tap: () => Tap | null = () => null,
): Promise<TcpRelay> {
  const sockets = new Set<Socket>()
  let whole = true
  let muted = false
  const server = createServer((near) => {
    if (!whole) {
      near.destroy()
      return
    }
    const far = connect(target.port, target.host)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on("error", () => undefined)
      socket.once("close", () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    const tapped = tap()
    const kept = (parts: Buffer[] | undefined, bytes: Buffer): Buffer => {
      parts?.push(bytes)
      return bytes
    }
    near.pipe(passing((bytes) => kept(tapped?.asked, alter(bytes)))).pipe(far)
    far.pipe(passing((bytes) => (muted ? Buffer.alloc(0) : kept(tapped?.answered, bytes)))).pipe(near)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const cut = (): void => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cut,
    mend: () => {
      whole = true
      muted = false
    },
    mute: () => {
      muted = true
    },
    stop: async () => {
      cut()
      server.close()
      await once(server, "close")
    },
  }
}

function passing(change: (bytes: Buffer) => Buffer): Transform {
  return new Transform({
    transform: (bytes: Buffer, _encoding, done) => {
      done(null, change(bytes))
    },
  })
}
