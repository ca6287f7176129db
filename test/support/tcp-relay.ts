import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

/** A relay in front of a server, which can be cut and mended: to a client behind it the server is then down, and up again. */
export interface TcpRelay {
  readonly port: number
  cut(): void
  mend(): void
  stop(): Promise<void>
}

export async function startTcpRelay(target: { readonly host: string; readonly port: number }): Promise<TcpRelay> {
  const sockets = new Set<Socket>()
  let whole = true
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
    near.pipe(far)
    far.pipe(near)
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
    },
    stop: async () => {
      cut()
      server.close()
      await once(server, "close")
    },
  }
}
