import { expect } from "chai"
import { randomBytes } from "node:crypto"
import { readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { toHex } from "../../../shared/protocol/bytes.js"
import { makeReceipt } from "../../../shared/protocol/receipt.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { nodeSha256 } from "../../../shared/server/ambient.js"
import { signerOfSeed } from "../../../shared/server/signatures.js"
import { verifyProduction } from "../../../worker/admin/verify.js"
import { sampleOf } from "../../support/sample.js"
import { copyBag, forge, type Forgery, payloadFiles, produce, startWorld, type World } from "./support.js"

/** How many rows of a production are tried where not all are. */
const MOST = 10

interface Line {
  readonly table: string
  readonly row: Record<string, unknown>
}

describe("productions that lie", function () {
  this.timeout(120_000)
  let world: World
  let lines: readonly string[]
  let files: readonly string[]

  before(async () => {
    world = await startWorld("small")
    const { folder } = await produce(world, "true")
    lines = (await readFile(join(folder, "data/records.jsonl"), "utf8")).trimEnd().split("\n")
    files = await payloadFiles(folder)
  })
  after(() => world.stop())

  /** The code and place with which a bag is refused; `null` where it verifies. */
  async function refusal(
    folder: string,
  ): Promise<{ readonly code: string; readonly place: string | undefined } | null> {
    try {
      await verifyProduction(folder, { instanceKey: null, onFile: () => undefined })
      return null
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return { code: error.code, place: error.place }
    }
  }
  const refusalOf = async (forgery: Forgery): ReturnType<typeof refusal> =>
    await refusal(await forge(world, "true", "forged", forgery))

  it("are told from a bag that was only signed again", async () => {
    expect(await refusalOf({})).to.equal(null)
    expect(await refusalOf({ counted: true })).to.equal(null)
  })

  it("are refused without any one of their rows, correctly signed all the same", async () => {
    for (const [index, line] of sampleOf("rows that are missing", [...lines.entries()], MOST)) {
      const refused = await refusalOf({ lines: (all) => all.toSpliced(index, 1) })
      expect(refused?.code, line.slice(0, 80)).to.equal("integrity")
    }
  })

  it("are refused without a row of the log, of a receipted asset, or of a chunk, also where the counts were made to fit (G3, G5, G7)", async () => {
    for (const [index, line] of sampleOf("rows that nobody counted", [...lines.entries()], MOST)) {
      const refused = await refusalOf({ lines: (all) => all.toSpliced(index, 1), counted: true })
      expect(refused?.code, line.slice(0, 80)).to.equal("integrity")
    }
  })

  it("are refused without any one of their files, correctly signed all the same (G1)", async () => {
    for (const path of files.filter((file) => !/^(?:records|declaration)/.test(file))) {
      const refused = await refusalOf({ files: { [path]: null }, counted: true })
      expect(refused, path).to.not.equal(null)
    }
  })

  it("are refused with one byte of any object altered, correctly signed all the same", async () => {
    for (const path of files.filter((file) => /^(?:objects|pieces)\//.test(file))) {
      const flipped = (bytes: Buffer): Buffer => {
        const middle = bytes.length >> 1
        bytes[middle] = (bytes[middle] ?? 0) ^ 1
        return bytes
      }
      expect(await refusalOf({ files: { [path]: flipped } }), path).to.not.equal(null)
    }
  })

  it("are refused with one byte of any file altered, tag files and signature too (G1)", async () => {
    for (const path of [...files.map((file) => `data/${file}`), ...TAG_FILES]) {
      const folder = await copyBag(world, "true", "altered")
      const bytes = await readFile(join(folder, path))
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      await replace(join(folder, path), bytes)
      expect(await refusal(folder), path).to.not.equal(null)
      await replace(
        join(folder, path),
        Buffer.concat([await readFile(join(world.folder, "true", path)), Buffer.of(10)]),
      )
      expect(await refusal(folder), `${path}, longer`).to.not.equal(null)
      await rm(join(folder, path))
      expect(await refusal(folder), `${path}, missing`).to.not.equal(null)
    }
  })

  it("are refused with a file that nothing names, and with a link", async () => {
    for (const path of ["data/more", "more.txt", "fetch.txt"]) {
      const folder = await copyBag(world, "true", "altered")
      await writeFile(join(folder, path), "more")
      expect(await refusal(folder)).to.deep.equal({ code: "integrity", place: path })
    }
    const folder = await copyBag(world, "true", "altered")
    await replaceByLink(join(folder, "data/schema.json"), join(world.folder, "true/data/schema.json"))
    expect(await refusal(folder)).to.deep.equal({ code: "integrity", place: "data/schema.json" })
    expect((await refusalOf({ added: { more: Buffer.from("more") }, counted: true }))?.place).to.equal("data/more")
  })

  it("are refused where a manifest leads out of the bag (G1)", async () => {
    const folder = await copyBag(world, "true", "altered")
    const path = join(folder, "manifest-sha512.txt")
    await replace(path, `${"0".repeat(128)}  data/../../true/bagit.txt\n`)
    expect((await refusal(folder))?.code).to.equal("integrity")
  })

  it("are refused by who signed them (G1)", async () => {
    const stranger = signerOfSeed(new Uint8Array(randomBytes(32)))
    expect((await refusalOf({ signer: stranger }))?.code).to.equal("bad-signature")
    expect((await refusalOf({ signer: world.instance.receiptSigner }))?.code).to.equal("bad-signature")
    expect((await refusalOf({ day: 1 }))?.place).to.equal("data/declaration.json")
    const folder = join(world.folder, "true")
    const other = { instanceKey: stranger.publicKey, onFile: () => undefined }
    const error: unknown = await verifyProduction(folder, other).catch((caught: unknown) => caught)
    expect(isArchiveError(error) && error.code).to.equal("instance-changed")
  })

  const edit = (
    table: string,
    change: (row: Record<string, unknown>) => Record<string, unknown>,
    nth = 0,
  ): Forgery => ({
    counted: true,
    lines: (all) => {
      const index = all.flatMap((line, at) => (line.startsWith(`{"table":"${table}"`) ? [at] : []))[nth] ?? -1
      const { row } = JSON.parse(all[index] ?? "") as Line
      return all.with(index, JSON.stringify({ table, row: change(row) }))
    },
  })
  const flip = (value: unknown): string => {
    const bytes = Buffer.from(value as string, "base64")
    bytes[0] = (bytes[0] ?? 0) ^ 1
    return bytes.toString("base64")
  }

  it("are refused with any value altered that something else vouches for (G3, G4, G5, G9)", async () => {
    const columns: Readonly<Record<string, readonly string[]>> = {
      meetings: [
        "meeting_id",
        "head_seq",
        "head_hash",
        "epoch",
        "asset_count",
        "stored_bytes",
        "message_count",
        "message_bytes",
        "purged_messages",
      ],
      meeting_events: ["meeting_id", "seq", "epoch", "hash", "event"],
      meeting_epochs: ["meeting_id", "seq", "epoch", "access_key", "admin_key", "certificate"],
      messages: ["meeting_id", "seq", "epoch", "message_id", "hash", "message"],
      assets: ["asset_id", "meeting_id", "header", "header_hash", "offset_bytes"],
      chunks: ["asset_id", "n", "size_bytes", "leaf_hashes"],
      pieces: ["asset_id", "start_bytes", "size_bytes", "sha256", "leaf_hashes"],
    }
    for (const [table, names] of Object.entries(columns)) {
      const rows = lines.map((line) => JSON.parse(line) as Line).filter((line) => line.table === table)
      // Each column of some row, and in a full run of each.
      for (const name of names) {
        for (const nth of sampleOf(`${table} ${name}`, [...rows.keys()], 1)) {
          const forgery = edit(table, (row) => ({ ...row, [name]: other(row[name]) }), nth)
          expect(await refusalOf(forgery), `${table} ${nth} ${name}`).to.not.equal(null)
        }
      }
    }
    function other(value: unknown): unknown {
      return typeof value === "number" ? value + 1 : flip(value)
    }
  })

  it("are refused without a message, also where the meeting's row was made to fit the bytes (G9)", async () => {
    const messages = lines.flatMap((line, at) => (line.startsWith('{"table":"messages"') ? [at] : []))
    expect(messages).to.have.lengthOf(3)
    for (const at of messages) {
      const { row } = JSON.parse(lines[at] ?? "") as Line
      const sizeBytes = Buffer.from(row["message"] as string, "base64").length
      const fitted = edit("meetings", (meeting) => ({
        ...meeting,
        message_bytes: (meeting["message_bytes"] as number) - sizeBytes,
      }))
      const refused = await refusalOf({ ...fitted, lines: (all) => (fitted.lines?.(all) ?? all).toSpliced(at, 1) })
      expect(refused?.code).to.equal("integrity")
    }
  })

  it("are refused with a column less, one more, a name given twice, or rows in another order (G2)", async () => {
    const more = edit("meetings", (row) => ({ ...row, title: "known" }))
    const less = edit("meetings", ({ created_day: _, ...row }) => row)
    const twice: Forgery = { lines: (all) => all.with(0, (all[0] ?? "").replace('{"table"', '{"row":{},"table"')) }
    const swapped: Forgery = { lines: (all) => all.with(1, all[2] ?? "").with(2, all[1] ?? "") }
    const doubled: Forgery = { lines: (all) => [...all.slice(0, 2), ...all.slice(1)], counted: true }
    const noise: Forgery = { lines: (all) => [...all, "null"], counted: false }
    for (const forgery of [more, less, twice, swapped, doubled, noise])
      expect((await refusalOf(forgery))?.code).to.equal("integrity")
  })

  it("are refused with a receipt of another asset, or by a key that the instance never certified (G6)", async () => {
    const rows = lines.map((line) => JSON.parse(line) as Line).filter((line) => line.table === "assets")
    const stored = rows.flatMap(({ row }, at) => (row["state"] === "stored" ? [at] : []))
    const [first = 0, second = 0] = stored
    const moved = edit("assets", (row) => ({ ...row, receipt: rows[second]?.row["receipt"] }), first)
    expect((await refusalOf(moved))?.code).to.equal("bad-receipt")
    const row = rows[first]?.row ?? {}
    const receipt = makeReceipt(
      {
        instanceId: world.instance.instanceId,
        headerHash: nodeSha256(Buffer.from(row["header"] as string, "base64")),
        storedBytes: row["size_bytes"] as number,
        root: new Uint8Array(Buffer.from(row["root"] as string, "base64")),
        day: 1,
      },
      signerOfSeed(new Uint8Array(randomBytes(32))),
    )
    const self = edit("assets", (given) => ({ ...given, receipt: Buffer.from(receipt).toString("base64") }), first)
    expect((await refusalOf(self))?.code).to.equal("bad-receipt")
  })

  it("are refused where schema or declaration say something else (G2, G8)", async () => {
    const schema = (bytes: Buffer): Buffer => Buffer.from(bytes.toString().replace('"ciphertext"', '"metadata"'))
    expect((await refusalOf({ files: { "schema.json": schema } }))?.place).to.equal("data/schema.json")
    for (const declaration of [
      { objects: 1 },
      { objectBytes: 1 },
      { scope: [] },
      { version: 1 },
      {
        omitted: [
          { meeting: "mtg_", asset: "asset_", headerHash: "00", uploadedDay: 1, storedBytes: null, reason: "" },
        ],
      },
      { serverKeys: [] },
      { more: 1 },
    ])
      expect(await refusalOf({ declaration: (given) => ({ ...given, ...declaration }) })).to.not.equal(null)
  })
})

describe("productions of many chunks that lie", function () {
  this.timeout(60_000)
  let world: World

  before(async () => {
    world = await startWorld("large")
    await produce(world, "true")
  })
  after(() => world.stop())

  it("are refused without one chunk's row, its bytes, or both, correctly signed all the same (G6, G7)", async () => {
    for (const asset of [world.published, world.unfinished]) {
      for (const n of [0, 1]) {
        const start = `{"table":"chunks","row":{"asset_id":"${Buffer.from(asset.assetId).toString("base64")}","n":${n},`
        const lines = (all: string[]): string[] => all.filter((line) => !line.startsWith(start))
        const files = { [`objects/${toHex(asset.assetId)}/${n}`]: null }
        for (const forgery of [{ lines }, { files }, { lines, files }]) {
          // The unfinished asset's second chunk has no object yet.
          if (asset === world.unfinished && n === 1 && !("lines" in forgery)) continue
          const folder = await forge(world, "true", "forged", { ...forgery, counted: true })
          const error: unknown = await verifyProduction(folder, { instanceKey: null, onFile: () => undefined }).catch(
            (caught: unknown) => caught,
          )
          expect(isArchiveError(error) && error.code, `${start} ${Object.keys(forgery).join()}`).to.equal("integrity")
        }
      }
    }
  })
})

const TAG_FILES = [
  "bagit.txt",
  "bag-info.txt",
  "manifest-sha512.txt",
  "tagmanifest-sha512.txt",
  "verify.mjs",
  "verify.html",
  "production-signature.cbor",
]

/** The copy's files share their bytes with the source's. */
async function replace(path: string, bytes: Uint8Array | string): Promise<void> {
  await rm(path)
  await writeFile(path, bytes)
}

async function replaceByLink(path: string, target: string): Promise<void> {
  await rm(path)
  await symlink(target, path)
}
