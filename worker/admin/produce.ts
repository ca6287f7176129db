import { resolve } from "node:path"
import { dateOfDay } from "../../shared/protocol/ambient.js"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { formatId, type MeetingId } from "../../shared/protocol/ids.js"
import { openServerKey } from "../../shared/protocol/receipt.js"
import { assetRecordKey, chunkKey } from "../../shared/server/assets/layout.js"
import { TODAY } from "../../shared/server/catalog/sql.js"
import type { Instance } from "../../shared/server/catalog/instance.js"
import type { Catalog, ObjectStore, Queryable, Spool } from "../../shared/server/ports.js"
import { SCHEMA } from "../../shared/server/schema.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { type BagFile, BagWriter } from "./bag-writer.js"
import { type AssetRow, openObject, openPiece, type PieceRow } from "./held-bytes.js"
import {
  type Declaration,
  NOT_HELD,
  PRODUCED_TABLES,
  type ProducedTable,
  recordLine,
  SIGNATURE_FILE,
  signProduction,
} from "./production-format.js"

export interface ProductionParts {
  readonly catalog: Catalog
  readonly objects: ObjectStore
  readonly spool: Spool
  readonly instance: Instance
  readonly version: string
}

export interface ProductionOptions {
  readonly meetingId: MeetingId
  readonly target: string
  readonly force: boolean
  readonly onProgress: (objectBytes: number) => void
}

export interface ProductionResult {
  readonly folder: string
  readonly tagManifestHash: Uint8Array
  readonly declaration: Declaration
}

const ROWS_PER_QUERY = 256
/** States in which `asset.cbor` stands beside the chunks; of what is being purged it is given where it still does. */
const HAS_RECORD: ReadonlySet<string> = new Set(["stored", "marked", "purging"])
/** How many rows of each table are of one meeting: counted apart from writing them, so that none is left out unseen. */
const COUNT_ROWS: Readonly<Record<ProducedTable, string>> = {
  meetings: "meetings WHERE meeting_id = $1",
  meeting_events: "meeting_events WHERE meeting_id = $1",
  meeting_epochs: "meeting_epochs WHERE meeting_id = $1",
  messages: "messages WHERE meeting_id = $1",
  tombstones:
    "tombstones WHERE kind = 'header' AND id IN (SELECT unnest(assets) FROM meeting_events WHERE meeting_id = $1)",
  assets: "assets WHERE meeting_id = $1",
  chunks: "chunks JOIN assets USING (asset_id) WHERE meeting_id = $1",
  pieces: "pieces JOIN assets USING (asset_id) WHERE meeting_id = $1",
}

/**
 * Hands over everything that is held of one meeting, as SPEC.md §12 says; memory does not grow with it.
 * @throws {@link ArchiveError} `not-found`, `exists`, `unavailable`.
 */
export async function produceMeeting(parts: ProductionParts, options: ProductionOptions): Promise<ProductionResult> {
  const bag = await BagWriter.begin(resolve(options.target), options.force)
  try {
    return await parts.catalog.transaction(async (snapshot) => {
      await snapshot.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", [])
      return await new Production(parts, options, bag, snapshot).run()
    })
  } catch (error) {
    await bag.discard()
    throw error
  }
}

class Production {
  readonly #parts: ProductionParts
  readonly #options: ProductionOptions
  readonly #bag: BagWriter
  readonly #snapshot: Queryable
  #objects = 0
  #objectBytes = 0

  constructor(parts: ProductionParts, options: ProductionOptions, bag: BagWriter, snapshot: Queryable) {
    this.#parts = parts
    this.#options = options
    this.#bag = bag
    this.#snapshot = snapshot
  }

  async run(): Promise<ProductionResult> {
    const { meetingId, target } = this.#options
    const records = await this.#bag.payload("records.jsonl")
    await this.#writeMeeting(records)
    await this.#writeTombstones(records)
    await this.#writeAssets(records)
    await records.close()
    const schema = Object.fromEntries(PRODUCED_TABLES.map((table) => [table, SCHEMA[table]]))
    await this.#writeWhole("schema.json", `${JSON.stringify(schema, null, 2)}\n`)
    const declaration = await this.#declare()
    await this.#writeWhole("declaration.json", `${JSON.stringify(declaration, null, 2)}\n`)
    const tagManifestHash = await this.#bag.seal({
      "Source-Organization": `Taciturn instance ${declaration.instance}`,
      "External-Identifier": declaration.scope.meeting,
      "Bagging-Date": dateOfDay(declaration.producedDay),
      "Bag-Software-Agent": `taciturn-admin ${this.#parts.version}`,
    })
    const { operatorSigner, serverKeys } = this.#parts.instance
    const serverKey = serverKeys.find((raw) =>
      equalBytes(openServerKey(raw, verifySignature).key, operatorSigner.publicKey),
    )
    if (serverKey === undefined)
      throw new ArchiveError("internal", "the instance has no certificate for its operator key")
    const signature = signProduction(
      { serverKey, meetingId, tagManifestHash, day: declaration.producedDay },
      operatorSigner,
    )
    await this.#bag.publish(SIGNATURE_FILE, signature)
    return { folder: resolve(target), tagManifestHash, declaration }
  }

  async #writeMeeting(records: BagFile): Promise<void> {
    const { meetingId } = this.#options
    const meetings = await this.#snapshot.query("SELECT * FROM meetings WHERE meeting_id = $1", [meetingId])
    if (meetings.length === 0) throw new ArchiveError("not-found", `${formatId("meeting", meetingId)} is not held here`)
    await this.#writeRows(records, "meetings", meetings)
    for (const table of ["meeting_events", "meeting_epochs", "messages"] as const) {
      for (let from = 0; ;) {
        const rows = await this.#snapshot.query<{ seq: number }>(
          `SELECT * FROM ${table} WHERE meeting_id = $1 AND seq >= $2 ORDER BY seq LIMIT ${ROWS_PER_QUERY}`,
          [meetingId, from],
        )
        await this.#writeRows(records, table, rows)
        const last = rows.at(-1)
        if (last === undefined) break
        from = last.seq + 1
      }
    }
  }

  /** Of assets that the meeting's events name and that were purged. */
  async #writeTombstones(records: BagFile): Promise<void> {
    for (let after: Uint8Array = new Uint8Array(0); ;) {
      const rows = await this.#snapshot.query<{ id: Uint8Array }>(
        `SELECT * FROM ${COUNT_ROWS.tombstones} AND id > $2 ORDER BY id LIMIT ${ROWS_PER_QUERY}`,
        [this.#options.meetingId, after],
      )
      await this.#writeRows(records, "tombstones", rows)
      const last = rows.at(-1)
      if (last === undefined) return
      after = last.id
    }
  }

  async #writeAssets(records: BagFile): Promise<void> {
    let after: Uint8Array = new Uint8Array(0)
    for (;;) {
      const [asset] = await this.#snapshot.query<AssetRow>(
        "SELECT * FROM assets WHERE meeting_id = $1 AND asset_id > $2 ORDER BY asset_id LIMIT 1",
        [this.#options.meetingId, after],
      )
      if (asset === undefined) return
      await this.#writeRows(records, "assets", [asset])
      await this.#writeChunks(records, asset)
      await this.#writePieces(records, asset)
      if (HAS_RECORD.has(asset.state)) await this.#writeObject(asset, "asset.cbor", assetRecordKey(asset.asset_id))
      after = asset.asset_id
    }
  }

  async #writeChunks(records: BagFile, asset: AssetRow): Promise<void> {
    for (let from = 0; ;) {
      const rows = await this.#snapshot.query<{ n: number; sha256: Uint8Array | null; stored: boolean }>(
        `SELECT * FROM chunks WHERE asset_id = $1 AND n >= $2 ORDER BY n LIMIT ${ROWS_PER_QUERY}`,
        [asset.asset_id, from],
      )
      await this.#writeRows(records, "chunks", rows)
      for (const { n, sha256, stored } of rows) {
        if (stored && sha256 !== null) await this.#writeObject(asset, String(n), chunkKey(asset.asset_id, n, sha256))
      }
      const last = rows.at(-1)
      if (last === undefined) return
      from = last.n + 1
    }
  }

  async #writePieces(records: BagFile, asset: AssetRow): Promise<void> {
    const rows = await this.#snapshot.query<PieceRow>("SELECT * FROM pieces WHERE asset_id = $1 ORDER BY start_bytes", [
      asset.asset_id,
    ])
    await this.#writeRows(records, "pieces", rows)
    for (const piece of rows) {
      const contents = await openPiece(this.#parts, asset, piece)
      if (contents !== null) await this.#write(`pieces/${toHex(asset.asset_id)}/${piece.start_bytes}`, contents)
    }
  }

  async #writeObject(asset: AssetRow, name: string, key: string): Promise<void> {
    const contents = await openObject(this.#parts, asset, key)
    if (contents !== null) await this.#write(`objects/${toHex(asset.asset_id)}/${name}`, contents)
  }

  async #writeRows(records: BagFile, table: ProducedTable, rows: readonly object[]): Promise<void> {
    for (const row of rows) await records.write(recordLine(table, row))
  }

  async #write(path: string, contents: AsyncIterable<Uint8Array>): Promise<void> {
    const file = await this.#bag.payload(path)
    for await (const bytes of contents) {
      await file.write(bytes)
      this.#objectBytes += bytes.length
      this.#options.onProgress(this.#objectBytes)
    }
    await file.close()
    this.#objects += 1
  }

  async #writeWhole(path: string, text: string): Promise<void> {
    const file = await this.#bag.payload(path)
    await file.write(text)
    await file.close()
  }

  async #declare(): Promise<Declaration> {
    const { instance, version } = this.#parts
    const { meetingId } = this.#options
    const count = async (rows: string): Promise<number> => {
      const [row] = await this.#snapshot.query<{ count: number }>(`SELECT count(*) AS count FROM ${rows}`, [meetingId])
      return row?.count ?? 0
    }
    const rows: Record<string, number> = {}
    for (const table of PRODUCED_TABLES) rows[table] = await count(COUNT_ROWS[table])
    const [today] = await this.#snapshot.query<{ day: number }>(`SELECT ${TODAY} AS day`, [])
    const reason = "hashes of random values that end within ten minutes; they open nothing"
    return {
      version: 1,
      scope: { meeting: formatId("meeting", meetingId) },
      software: { name: "taciturn", version },
      producedDay: today?.day ?? 0,
      instance: formatId("instance", instance.instanceId),
      serverKeys: instance.serverKeys.map((key) => Buffer.from(key).toString("base64")),
      rows,
      objects: this.#objects,
      objectBytes: this.#objectBytes,
      withheld: [
        { what: "rows of challenges", count: await count("challenges WHERE subject = $1"), reason },
        { what: "rows of tokens", count: await count("tokens WHERE subject = $1"), reason },
      ],
      notHeld: [...NOT_HELD],
    }
  }
}
