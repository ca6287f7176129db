import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { compareBytes, equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../shared/protocol/ids.js"
import { instanceIdOf } from "../../shared/protocol/receipt.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { refused, verifyBag } from "./bag-reader.js"
import {
  type Declaration,
  declarationSchema,
  openProductionSignature,
  PRODUCED_TABLES,
  type ProducedTable,
  SIGNATURE_FILE,
} from "./production-format.js"
import { assertSchemaFile, parseJson, readRecords, RECORDS_PATH } from "./record-reader.js"
import { AssetCheck, isWhole } from "./verify-asset.js"
import { MeetingCheck } from "./verify-meeting.js"

export interface VerifiedProduction {
  readonly meeting: string
  readonly instance: string
  readonly instanceKey: string
  readonly producedDay: number
  readonly present: Readonly<Record<ProducedTable, number>>
  readonly publishedAssets: number
  readonly objectBytes: number
  readonly withheld: Declaration["withheld"]
}

/**
 * Verifies a production: no server, no key, no network. SPEC.md §12.
 * @throws {@link ArchiveError} `integrity` or another refusal, with its place; `not-found` where there is no folder.
 */
export async function verifyProduction(
  target: string,
  options: { readonly instanceKey: Uint8Array | null; readonly onFile: (path: string) => void },
): Promise<VerifiedProduction> {
  const folder = resolve(target)
  const bag = await verifyBag(folder, [SIGNATURE_FILE], options.onFile)
  const rawSignature = await readFile(join(folder, SIGNATURE_FILE)).catch((cause: unknown) => {
    throw new ArchiveError("bad-signature", "a production without its signature", { place: SIGNATURE_FILE, cause })
  })
  const signed = openProductionSignature(rawSignature, verifySignature)
  if (!equalBytes(signed.tagManifestHash, bag.tagManifestHash))
    throw new ArchiveError("bad-signature", "a signature of another production", { place: SIGNATURE_FILE })
  if (options.instanceKey !== null && !equalBytes(options.instanceKey, signed.instanceKey))
    throw new ArchiveError("instance-changed", "a production of another instance than the one given", {
      place: SIGNATURE_FILE,
    })
  const payload = new Map(bag.payload)
  for (const path of [RECORDS_PATH, "data/schema.json", "data/declaration.json"])
    if (!payload.delete(path)) throw refused("a part of the production is missing", path)
  assertSchemaFile(await readFile(join(folder, "data/schema.json"), "utf8"))
  const declaration = readDeclaration(await readFile(join(folder, "data/declaration.json"), "utf8"))
  const meeting = formatId("meeting", signed.meetingId as MeetingId)
  if (
    declaration.scope.meeting !== meeting ||
    declaration.instance !== formatId("instance", instanceIdOf(signed.instanceKey)) ||
    declaration.producedDay !== signed.day
  ) {
    throw refused("a declaration that is not the one that was signed for", "data/declaration.json")
  }
  const objects = [...payload.values()]
  const found = await new RecordsCheck(folder, payload, signed, declaration).run()
  const [stray] = payload.keys()
  if (stray !== undefined) throw refused("bytes that no row names", stray)
  assertCounts(declaration, found, objects)
  return {
    meeting,
    instance: declaration.instance,
    instanceKey: toHex(signed.instanceKey),
    producedDay: signed.day,
    present: found.rows,
    publishedAssets: found.publishedAssets,
    objectBytes: declaration.objectBytes,
    withheld: declaration.withheld,
  }
}

interface Found {
  readonly rows: Record<ProducedTable, number>
  readonly publishedAssets: number
}

class RecordsCheck {
  readonly #folder: string
  readonly #payload: Map<string, number>
  readonly #signed: { readonly meetingId: Uint8Array; readonly instanceKey: Uint8Array }
  readonly #serverKeys: readonly Uint8Array[]
  readonly #rows: Record<ProducedTable, number> = {
    meetings: 0,
    meeting_events: 0,
    meeting_epochs: 0,
    messages: 0,
    tombstones: 0,
    assets: 0,
    chunks: 0,
    pieces: 0,
  }
  #meeting: MeetingCheck | null = null
  #asset: AssetCheck | null = null
  #publishedAssets = 0
  /** What the meeting's row counts: assets with a receipt that are not being purged, and their bytes. */
  #receipted = { assets: 0, bytes: 0 }
  #stage = 0

  constructor(
    folder: string,
    payload: Map<string, number>,
    signed: { readonly meetingId: Uint8Array; readonly instanceKey: Uint8Array },
    declaration: Declaration,
  ) {
    this.#folder = folder
    this.#payload = payload
    this.#signed = signed
    this.#serverKeys = declaration.serverKeys.map((key) => new Uint8Array(Buffer.from(key, "base64")))
  }

  async run(): Promise<Found> {
    for await (const record of readRecords(this.#folder)) {
      this.#rows[record.table] += 1
      this.#assertOrder(record.table)
      if (record.table === "meetings") {
        if (!equalBytes(record.row.meeting_id, this.#signed.meetingId))
          throw refused("a meeting that was not signed for", "meetings")
        this.#meeting = new MeetingCheck(record.row)
        continue
      }
      const meeting = this.#meeting
      if (meeting === null) throw refused("the meeting's row is missing", RECORDS_PATH)
      if (record.table === "meeting_events") meeting.event(record.row)
      else if (record.table === "meeting_epochs") meeting.epoch(record.row)
      else if (record.table === "messages") meeting.message(record.row)
      else if (record.table === "tombstones") meeting.tombstone(record.row)
      else if (record.table === "assets") await this.#beginAsset(meeting, record.row)
      else if (this.#asset === null) throw refused(`a row of ${record.table} before its asset's`, RECORDS_PATH)
      else if (record.table === "chunks") await this.#asset.chunk(record.row)
      else await this.#asset.piece(record.row)
    }
    if (this.#meeting === null) throw refused("the meeting's row is missing", RECORDS_PATH)
    await this.#endAsset()
    this.#meeting.finish(this.#receipted)
    return { rows: this.#rows, publishedAssets: this.#publishedAssets }
  }

  async #beginAsset(meeting: MeetingCheck, row: ConstructorParameters<typeof AssetCheck>[0]): Promise<void> {
    await this.#endAsset()
    if (!equalBytes(row.meeting_id, this.#signed.meetingId))
      throw refused("an asset of another meeting", `asset ${toHex(row.asset_id)}`)
    if (this.#asset !== null && compareBytes(this.#asset.row.asset_id, row.asset_id) >= 0)
      throw refused("assets that stand out of order", `asset ${toHex(row.asset_id)}`)
    this.#asset = new AssetCheck(row, this.#folder, this.#payload)
    if (isWhole(row.state)) {
      this.#receipted.assets += 1
      this.#receipted.bytes += row.offset_bytes
    }
    if (!meeting.named.delete(toHex(this.#asset.headerHash))) return
    if (!isWhole(row.state) && row.state !== "purging")
      throw refused("a published asset that is not stored", `asset ${toHex(row.asset_id)}`)
    this.#publishedAssets += 1
  }

  async #endAsset(): Promise<void> {
    await this.#asset?.finish(this.#signed.instanceKey, this.#serverKeys)
  }

  /** One meeting, its events, its epochs, its messages, tombstones, then asset by asset. */
  #assertOrder(table: ProducedTable): void {
    const stage = Math.min(PRODUCED_TABLES.indexOf(table), PRODUCED_TABLES.indexOf("assets"))
    if (stage < this.#stage || (table === "meetings" && this.#rows.meetings > 1))
      throw refused("rows that stand out of order", RECORDS_PATH)
    this.#stage = stage
  }
}

function readDeclaration(text: string): Declaration {
  const parsed = declarationSchema.safeParse(parseJson(text, "data/declaration.json"))
  if (!parsed.success) throw refused("a declaration of another form", "data/declaration.json")
  return parsed.data
}

function assertCounts(declaration: Declaration, found: Found, objects: readonly number[]): void {
  const objectBytes = objects.reduce((sum, size) => sum + size, 0)
  if (declaration.objects !== objects.length || declaration.objectBytes !== objectBytes)
    throw refused(`${objects.length} objects, ${objectBytes} bytes: other than declared`, "data/declaration.json")
  if (Object.keys(declaration.rows).length !== PRODUCED_TABLES.length)
    throw refused("a declaration of other tables", "data/declaration.json")
  for (const table of PRODUCED_TABLES) {
    const declared = declaration.rows[table] ?? 0
    if (declared !== found.rows[table])
      throw refused(`${found.rows[table]} rows of ${table} where ${declared} were declared`, "data/declaration.json")
  }
}
