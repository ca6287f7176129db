import { expect } from "chai"
import { attachmentNamed } from "../../../client/web/playback/content-disposition.js"
import { answerHead } from "../../../client/web/playback/play-head.js"

describe("web: the names of saved files", () => {
  for (const [name, header] of [
    ["a.mp4", `attachment; filename="a.mp4"; filename*=UTF-8''a.mp4`],
    ["Mai – 1.mp4", `attachment; filename="Mai _ 1.mp4"; filename*=UTF-8''Mai%20%E2%80%93%201.mp4`],
    ['"; x="y\\%', `attachment; filename="_; x=_y__"; filename*=UTF-8''%22%3B%20x%3D%22y%5C%25`],
    ["a\r\nb: c", `attachment; filename="a__b: c"; filename*=UTF-8''a%0D%0Ab%3A%20c`],
    ["(it's)*", `attachment; filename="(it's)*"; filename*=UTF-8''%28it%27s%29%2A`],
    ["😀", `attachment; filename="_"; filename*=UTF-8''%F0%9F%98%80`],
  ] as const)
    it(JSON.stringify(name), () => {
      expect(attachmentNamed(name)).to.equal(header)
    })
})

describe("web: the head of an answer to a player", () => {
  const asset = { sizeBytes: 100, mediaType: "video/mp4" }
  const get = { method: "GET", range: null }

  it("answers Safari's probe with exactly two bytes", () => {
    const { head, range } = answerHead(asset, { method: "GET", range: "bytes=0-1" }, undefined)
    expect(head).to.deep.include({ kind: "head", status: 206, hasBody: true })
    expect(head.kind === "head" && head.headers).to.include({ "content-range": "bytes 0-1/100", "content-length": "2" })
    expect(range).to.deep.equal({ start: 0, end: 1 })
  })

  it("answers without a range with the whole, and that there are ranges", () => {
    const { head } = answerHead(asset, get, undefined)
    expect(head.kind === "head" && [head.status, head.headers["accept-ranges"]]).to.deep.equal([200, "bytes"])
  })

  it("an empty asset has a head and no body", () => {
    const { head, range } = answerHead({ ...asset, sizeBytes: 0 }, get, undefined)
    expect(head).to.deep.include({ status: 200, hasBody: false })
    expect(range).to.equal(null)
  })

  it("shows no type that could run something in the app's own origin", () => {
    const typeOf = (mediaType: string): unknown => {
      const { head } = answerHead({ ...asset, mediaType }, get, undefined)
      return head.kind === "head" ? head.headers["content-type"] : null
    }
    for (const shown of ["video/mp4", 'video/webm; codecs="vp9,opus"', "audio/ogg", "image/jpeg", "text/vtt"])
      expect(typeOf(shown)).to.equal(shown)
    for (const file of ["text/html", "image/svg+xml", "application/xhtml+xml", "text/vtt+html", "video/mp4\ntext/html"])
      expect(typeOf(file), file).to.equal("application/octet-stream")
  })
})
