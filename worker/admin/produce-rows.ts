import { compareBytes, toHex } from "../../shared/protocol/bytes.js"
import { type AssetId, formatId, type MeetingId } from "../../shared/protocol/ids.js"
import { assetRecordKey, chunkKey } from "../../shared/server/assets/layout.js"
import type { DayRange } from "../../shared/server/catalog/holds.js"
import type { Queryable } from "../../shared/server/ports.js"
import type { BagFile, BagWriter } from "./bag-writer.js"
import type { SurveyedItem } from "./case-survey.js"
import { COPIES_AT_ONCE } from "./copiers.js"
import type { KnownBytes } from "./hashed-file.js"
import {
  type AssetRow,
  type ByteSources,
  gone,
  type MessageRow,
  openMessages,
  openObject,
  openPiece,
  type PieceRow,
} from "./held-bytes.js"
import { type Declaration, PRODUCED_TABLES, type ProducedTable, recordLine } from "./production-format.js"
import {
  ACCOUNT_TABLES,
  assetsOnDays,
  countRows,
  heldAndLive,
  MEETING_TABLES,
  ordered,
  readRows,
  TOMBSTONES,
} from "./scope-rows.js"

/** States in which `asset.cbor` stands beside the chunks; of what is being removed it is given where it still does. */
const HAS_RECORD: ReadonlySet<string> = new Set(["stored", "marked", "purging"])

/** Read from the store together; each has at most 40 KiB. */
const MESSAGES_AT_ONCE = 200

/** An asset's row as far as its bytes need it; the row itself is given whole. */
interface ScopedAsset extends AssetRow {
  readonly meeting_id: MeetingId
  readonly asset_id: AssetId
  readonly header_hash: Uint8Array
  readonly created_day: number
  readonly offset_bytes: number
}

/** Writes the rows of a scope and the bytes that they name, in the order of SPEC.md §12. */
export class RowWriter {
  readonly #sources: ByteSources
  readonly #bag: BagWriter
  readonly #snapshot: Queryable
  readonly #days: DayRange
  readonly #onProgress: (objectBytes: number) => void
  readonly #copies = new Copies()
  #records: BagFile | null = null
  objects = 0
  objectBytes = 0

  constructor(
    sources: ByteSources,
    bag: BagWriter,
    snapshot: Queryable,
    days: DayRange,
    onProgress: (objectBytes: number) => void,
  ) {
    this.#sources = sources
    this.#bag = bag
    this.#snapshot = snapshot
    this.#days = days
    this.#onProgress = onProgress
  }

  async write(items: readonly SurveyedItem[]): Promise<void> {
    this.#records = await this.#bag.payload("records.jsonl")
    try {
      for (const item of await this.#inOrder(items)) await this.#writeItem(item)
    } finally {
      // Nothing writes into a folder that is given up.
      await this.#copies.settled()
    }
    this.#copies.assertNoneFailed()
    await this.#records.close()
  }

  /** How many rows of each table are in scope: counted apart from writing them, so that none is left out unseen. */
  async countRows(items: readonly SurveyedItem[]): Promise<Record<string, number>> {
    const rows: Record<string, number> = Object.fromEntries(PRODUCED_TABLES.map((table) => [table, 0]))
    const add = async (table: ProducedTable, query: string, id: Uint8Array): Promise<void> => {
      rows[table] = (rows[table] ?? 0) + (await countRows(this.#snapshot, query, id))
    }
    for (const item of await this.#inOrder(items)) {
      const { kind, id } = item
      if (kind === "account") for (const table of ACCOUNT_TABLES) await add(table, heldAndLive(table, kind), id)
      else {
        if (kind === "meeting") {
          for (const table of MEETING_TABLES) await add(table, heldAndLive(table, kind), id)
          await add("tombstones", TOMBSTONES, id)
        }
        const assets = assetsOnDays(item, this.#days, true)
        await add("assets", assets, id)
        for (const table of ["chunks", "pieces"] as const)
          await add(
            table,
            `SELECT 1 FROM (${heldAndLive(table, kind)}) parts JOIN (${assets}) inside USING (asset_id)`,
            id,
          )
      }
    }
    return rows
  }

  /** What of the meetings in scope is held and lies on other days than were asked for. */
  async omitted(items: readonly SurveyedItem[]): Promise<Declaration["omitted"]> {
    const omitted: Declaration["omitted"] = []
    for (const item of items) {
      if (item.kind !== "meeting") continue
      const query = `SELECT * FROM (${assetsOnDays(item, this.#days, false)}) outside ORDER BY asset_id`
      for await (const row of readRows<ScopedAsset>(this.#snapshot, query, item.id))
        omitted.push({
          meeting: formatId("meeting", row.meeting_id),
          asset: formatId("asset", row.asset_id),
          headerHash: toHex(row.header_hash),
          uploadedDay: row.created_day,
          storedBytes: row.state === "stored" || row.state === "marked" ? row.offset_bytes : null,
          reason: "uploaded on another day than was asked for",
        })
    }
    return omitted
  }

  /** Meetings, accounts, then assets that were asked for without their meetings, each by id; what is not held is nowhere. */
  async #inOrder(items: readonly SurveyedItem[]): Promise<readonly SurveyedItem[]> {
    const of = (kind: SurveyedItem["kind"]): readonly SurveyedItem[] =>
      items.filter((item) => item.kind === kind && item.held).toSorted((a, b) => compareBytes(a.id, b.id))
    const meetings = of("meeting")
    const single: SurveyedItem[] = []
    for (const item of of("asset")) {
      const [asset] = await this.#snapshot.query<{ meeting_id: Uint8Array }>(heldAndLive("assets", "asset"), [item.id])
      if (asset !== undefined && !meetings.some(({ id }) => compareBytes(id, asset.meeting_id) === 0)) single.push(item)
    }
    return [...meetings, ...of("account"), ...single]
  }

  async #writeItem(item: SurveyedItem): Promise<void> {
    if (item.kind === "account") {
      for (const table of ACCOUNT_TABLES) await this.#copy(table, ordered(table, "account"), item.id)
      return
    }
    if (item.kind === "meeting") {
      for (const table of MEETING_TABLES)
        if (table === "messages") await this.#writeMessages(item.id)
        else await this.#copy(table, ordered(table, "meeting"), item.id)
      await this.#copy("tombstones", `${TOMBSTONES} ORDER BY id`, item.id)
    }
    await this.#writeAssets(item)
  }

  async #writeAssets(item: SurveyedItem): Promise<void> {
    const query = `SELECT * FROM (${assetsOnDays(item, this.#days, true)}) inside ORDER BY asset_id`
    for await (const asset of readRows<ScopedAsset>(this.#snapshot, query, item.id)) {
      await this.#writeRow("assets", asset)
      await this.#writeChunks(asset)
      await this.#writePieces(asset)
      if (HAS_RECORD.has(asset.state)) await this.#writeObject(asset, "asset.cbor", assetRecordKey(asset.asset_id))
    }
  }

  async #writeChunks(asset: ScopedAsset): Promise<void> {
    const rows = readRows<{ n: number; size_bytes: number; sha256: Uint8Array | null; stored: boolean }>(
      this.#snapshot,
      ordered("chunks", "asset"),
      asset.asset_id,
    )
    for await (const row of rows) {
      await this.#writeRow("chunks", row)
      const { n, size_bytes: sizeBytes, sha256, stored } = row
      if (stored && sha256 !== null) await this.#copies.begin(() => this.#writeChunk(asset, n, { sha256, sizeBytes }))
    }
  }

  async #writeChunk(asset: ScopedAsset, n: number, known: KnownBytes): Promise<void> {
    const path = `objects/${toHex(asset.asset_id)}/${n}`
    if (await this.#bag.reuse(path, known)) {
      this.#note(known.sizeBytes)
      return
    }
    const key = chunkKey(asset.asset_id, n, known.sha256)
    const file = this.#sources.objects.fileOf(key)
    if (file === null) {
      const contents = await openObject(this.#sources, asset, key)
      if (contents === null) return
      await this.#bag.take(path, contents, known)
    } else if (!(await this.#bag.copy(path, file, known))) {
      await gone(this.#sources, asset)
      return
    }
    this.#note(known.sizeBytes)
  }

  async #writePieces(asset: ScopedAsset): Promise<void> {
    for await (const piece of readRows<PieceRow>(this.#snapshot, ordered("pieces", "asset"), asset.asset_id)) {
      await this.#writeRow("pieces", piece)
      const contents = await openPiece(this.#sources, asset, piece)
      if (contents !== null) await this.#write(`pieces/${toHex(asset.asset_id)}/${piece.start_bytes}`, contents)
    }
  }

  async #writeObject(asset: ScopedAsset, name: string, key: string): Promise<void> {
    const contents = await openObject(this.#sources, asset, key)
    if (contents !== null) await this.#write(`objects/${toHex(asset.asset_id)}/${name}`, contents)
  }

  async #copy(table: ProducedTable, query: string, id: Uint8Array): Promise<void> {
    for await (const row of readRows(this.#snapshot, query, id)) await this.#writeRow(table, row)
  }

  /** With the bytes of those that are in packs: a production gives each message whole. */
  async #writeMessages(meetingId: Uint8Array): Promise<void> {
    const write = async (rows: readonly MessageRow[]): Promise<void> => {
      for (const row of await openMessages(this.#sources, rows)) await this.#writeRow("messages", row)
    }
    const waiting: MessageRow[] = []
    for await (const row of readRows<MessageRow>(this.#snapshot, ordered("messages", "meeting"), meetingId)) {
      waiting.push(row)
      if (waiting.length === MESSAGES_AT_ONCE) await write(waiting.splice(0))
    }
    await write(waiting)
  }

  async #writeRow(table: ProducedTable, row: object): Promise<void> {
    await this.#records?.write(recordLine(table, row))
  }

  async #write(path: string, contents: AsyncIterable<Uint8Array>): Promise<void> {
    const file = await this.#bag.payload(path)
    let sizeBytes = 0
    for await (const bytes of contents) {
      await file.write(bytes)
      sizeBytes += bytes.length
    }
    await file.close()
    this.#note(sizeBytes)
  }

  #note(sizeBytes: number): void {
    this.objects += 1
    this.objectBytes += sizeBytes
    this.#onProgress(this.objectBytes)
  }
}

/** Copies that go on beside the writing of rows, and beside each other. */
class Copies {
  readonly #running = new Set<Promise<void>>()
  readonly #failures: unknown[] = []

  /** Waits until there is room for it. @throws what an earlier one failed with. */
  async begin(work: () => Promise<void>): Promise<void> {
    if (this.#running.size === COPIES_AT_ONCE) await Promise.race(this.#running)
    this.assertNoneFailed()
    const copy = work()
      .catch((error: unknown) => {
        this.#failures.push(error)
      })
      .finally(() => this.#running.delete(copy))
    this.#running.add(copy)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  assertNoneFailed(): void {
    if (this.#failures.length > 0) throw this.#failures[0]
  }
}
