import { compareBytes, equalBytes, fromHex, toHex } from "../../shared/protocol/bytes.js"
import { type AccountId, type AssetId, formatId, type MeetingId } from "../../shared/protocol/ids.js"
import { refused } from "./bag-reader.js"
import { type Declaration, PRODUCED_TABLES, type ProducedTable } from "./production-format.js"
import { type ProducedRecord, type ProducedRow, readRecords, RECORDS_PATH } from "./record-reader.js"
import { AccountCheck } from "./verify-account.js"
import { AssetCheck, isCounted, wasStored } from "./verify-asset.js"
import { MeetingCheck } from "./verify-meeting.js"

export interface Found {
  readonly rows: Record<ProducedTable, number>
  readonly publishedAssets: number
}

const GROUPS = ["meeting", "account", "asset"] as const
const ASSETS_STAGE = PRODUCED_TABLES.indexOf("assets")

/** Follows all rows of a production, group by group: meetings, accounts, single assets, each by id. SPEC.md §12. */
export class RecordsCheck {
  readonly #folder: string
  readonly #payload: Map<string, number>
  readonly #instanceKey: Uint8Array
  readonly #declaration: Declaration
  readonly #serverKeys: readonly Uint8Array[]
  readonly #rows = Object.fromEntries(PRODUCED_TABLES.map((table) => [table, 0])) as Record<ProducedTable, number>
  /** Items of the scope that are to come. */
  readonly #expected: Set<string>
  #group: (typeof GROUPS)[number] = "meeting"
  #subject: Uint8Array | null = null
  #stage = 0
  #meeting: MeetingCheck | null = null
  #account: AccountCheck | null = null
  #asset: AssetCheck | null = null
  #publishedAssets = 0
  /** What the meeting's row counts: assets with a receipt that are not being purged, and their bytes. */
  #receipted = { assets: 0, bytes: 0 }

  constructor(folder: string, payload: Map<string, number>, instanceKey: Uint8Array, declaration: Declaration) {
    this.#folder = folder
    this.#payload = payload
    this.#instanceKey = instanceKey
    this.#declaration = declaration
    this.#serverKeys = declaration.serverKeys.map((key) => new Uint8Array(Buffer.from(key, "base64")))
    const { scope, days, omitted } = declaration
    const items = scope.map(({ item }) => item)
    if (new Set(items).size !== items.length)
      throw refused("a scope that names something twice", "data/declaration.json")
    this.#expected = new Set(scope.flatMap(({ item, present }) => (present ? [item] : [])))
    for (const { uploadedDay, asset } of omitted)
      if (isInside(days, uploadedDay)) throw refused("an asset that was asked for is left out", asset)
  }

  async run(): Promise<Found> {
    for await (const record of readRecords(this.#folder)) {
      this.#rows[record.table] += 1
      await this.#begin(record)
      this.#assertOrder(record.table)
      await this.#follow(record)
    }
    await this.#endGroup()
    const [missing] = this.#expected
    if (missing !== undefined) throw refused("what was asked for, and is said to be there, is missing", missing)
    return { rows: this.#rows, publishedAssets: this.#publishedAssets }
  }

  /** A row that begins a group ends the one before. */
  async #begin(record: ProducedRecord): Promise<void> {
    if (record.table === "meetings") {
      await this.#open("meeting", record.row.meeting_id)
      const name = this.#take(formatId("meeting", record.row.meeting_id as MeetingId))
      this.#meeting = new MeetingCheck(record.row, this.#declaration.case === null ? "" : `${name} `)
    } else if (record.table === "accounts") {
      await this.#open("account", record.row.account_id)
      this.#account = new AccountCheck(record.row, this.#take(formatId("account", record.row.account_id as AccountId)))
    } else if (record.table === "assets") {
      const { meeting_id: meetingId, asset_id: assetId } = record.row
      const name = formatId("asset", assetId as AssetId)
      if (this.#meeting !== null && equalBytes(meetingId, this.#meeting.id)) {
        // Asked for by itself too, it stands with its meeting.
        this.#expected.delete(name)
        return
      }
      if (this.#group === "asset" || this.#expected.has(name)) {
        await this.#open("asset", assetId)
        this.#take(name)
      } else throw refused("an asset of another meeting", `asset ${toHex(assetId)}`)
    }
  }

  async #open(group: (typeof GROUPS)[number], subject: Uint8Array): Promise<void> {
    await this.#endGroup()
    const later = GROUPS.indexOf(group) - GROUPS.indexOf(this.#group)
    if (later < 0 || (later === 0 && this.#subject !== null && compareBytes(this.#subject, subject) >= 0))
      throw refused("rows that stand out of order", RECORDS_PATH)
    this.#group = group
    this.#subject = subject
    this.#stage = 0
  }

  #take(name: string): string {
    if (!this.#expected.delete(name)) throw refused("rows of something that was not asked for", name)
    return name
  }

  async #follow(record: ProducedRecord): Promise<void> {
    if (this.#account !== null) {
      if (record.table !== "accounts") this.#account.row(record)
      return
    }
    switch (record.table) {
      case "meetings":
        return
      case "meeting_events":
        this.#meetingOf(record).event(record.row)
        return
      case "meeting_epochs":
        this.#meetingOf(record).epoch(record.row)
        return
      case "messages":
        this.#meetingOf(record).message(record.row)
        return
      case "tombstones":
        this.#meetingOf(record).tombstone(record.row)
        return
      case "assets":
        await this.#beginAsset(record.row)
        return
      case "chunks":
        await this.#assetOf(record).chunk(record.row)
        return
      case "pieces":
        await this.#assetOf(record).piece(record.row)
        return
      default:
        throw refused(`a row of ${record.table} before its account's`, RECORDS_PATH)
    }
  }

  #meetingOf({ table }: ProducedRecord): MeetingCheck {
    if (this.#meeting === null) throw refused(`the meeting's row is missing before a row of ${table}`, RECORDS_PATH)
    return this.#meeting
  }

  #assetOf({ table }: ProducedRecord): AssetCheck {
    if (this.#asset === null) throw refused(`a row of ${table} before its asset's`, RECORDS_PATH)
    return this.#asset
  }

  async #beginAsset(row: ProducedRow<"assets">): Promise<void> {
    await this.#endAsset()
    const place = `asset ${toHex(row.asset_id)}`
    if (this.#asset !== null && compareBytes(this.#asset.row.asset_id, row.asset_id) >= 0)
      throw refused("assets that stand out of order", place)
    this.#asset = new AssetCheck(row, this.#folder, this.#payload)
    const meeting = this.#meeting
    if (meeting === null) return
    if (!isInside(this.#declaration.days, row.created_day))
      throw refused("an asset of a day that was not asked for", place)
    if (isCounted(row.state)) {
      this.#receipted.assets += 1
      this.#receipted.bytes += row.offset_bytes
    }
    const hash = toHex(this.#asset.headerHash)
    if (!meeting.named.delete(hash) && !meeting.buried.has(hash)) return
    if (!wasStored(row.state)) throw refused("a published asset that is not stored", place)
    this.#publishedAssets += 1
  }

  async #endAsset(): Promise<void> {
    await this.#asset?.finish(this.#instanceKey, this.#serverKeys)
  }

  async #endGroup(): Promise<void> {
    await this.#endAsset()
    this.#asset = null
    this.#account?.finish()
    this.#account = null
    const meeting = this.#meeting
    if (meeting !== null) {
      const name = formatId("meeting", meeting.id as MeetingId)
      for (const omitted of this.#declaration.omitted) {
        if (omitted.meeting !== name) continue
        meeting.named.delete(toHex(fromHex(omitted.headerHash)))
        if (omitted.storedBytes === null) continue
        this.#receipted.assets += 1
        this.#receipted.bytes += omitted.storedBytes
      }
      meeting.finish(this.#receipted)
    }
    this.#meeting = null
    this.#receipted = { assets: 0, bytes: 0 }
  }

  /** In a group, the tables in their order; asset by asset from the first on. */
  #assertOrder(table: ProducedTable): void {
    const at = PRODUCED_TABLES.indexOf(table)
    const stage = this.#account === null ? Math.min(at, ASSETS_STAGE) : at
    if (stage < this.#stage) throw refused("rows that stand out of order", RECORDS_PATH)
    this.#stage = stage
  }
}

function isInside({ from, to }: Declaration["days"], day: number): boolean {
  return day >= (from ?? 0) && day <= (to ?? Number.MAX_SAFE_INTEGER)
}
