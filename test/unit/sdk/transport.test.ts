import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { expect } from "chai"
import { createNodeTransport, Http } from "../../../client/sdk/index.js"
import { asId } from "../../../shared/protocol/ids.js"
import { acknowledgedBytes, cancelUpload, sendLiveHead, sendPiece } from "../../../client/sdk/upload/tus.js"

describe("the requests of an upload", () => {
  let server: Server
  let connections = 0
  const { transport, close } = createNodeTransport()

  before((done) => {
    server = createServer((request, response) => {
      request.resume().once("end", () => {
        response.writeHead(200, { "upload-offset": "3", "content-length": "0" }).end()
      })
    })
    server.on("connection", () => {
      connections += 1
    })
    server.listen(0, "127.0.0.1", done)
  })
  after(async () => {
    await close()
    server.close()
  })

  it("go over one connection, however many they are, and leave nothing on their signal", async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const http = new Http(url, transport)
    const handle = {
      http,
      assetId: asId("asset", new Uint8Array(16)),
      uploadSecret: new Uint8Array(32),
      subject: "mtg_x",
    }
    const { signal } = new AbortController()
    const warnings: Error[] = []
    process.on("warning", (warning) => warnings.push(warning))
    for (let n = 0; n < 8; n++) {
      await sendPiece(handle, 0, new Uint8Array(3), null, signal)
      await sendLiveHead(handle, 1, new Uint8Array(592), signal)
      await acknowledgedBytes(handle, signal)
      await cancelUpload(handle)
    }
    expect(connections).to.equal(1)
    expect(warnings).to.deep.equal([])
  })
})
