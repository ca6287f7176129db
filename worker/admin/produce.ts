import { resolve } from "node:path"
import { dateOfDay } from "../../shared/protocol/ambient.js"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { type CaseId, formatId, type MeetingId } from "../../shared/protocol/ids.js"
import { secureRandom } from "../../shared/server/ambient.js"
import { type Case, readCase, readScope } from "../../shared/server/catalog/cases.js"
import { type Actor, readCustody, recordCustody } from "../../shared/server/catalog/custody.js"
import type { DayRange, ScopeItem } from "../../shared/server/catalog/holds.js"
import { TODAY } from "../../shared/server/catalog/sql.js"
import type { Instance } from "../../shared/server/catalog/instance.js"
import type { Catalog, ObjectStore, Queryable, Spool } from "../../shared/server/ports.js"
import { SCHEMA } from "../../shared/server/schema.js"
import { programHash } from "../../shared/server/version.js"
import { noteStep } from "../../shared/server/catalog/notices.js"
import { formatItem } from "./arguments.js"
import { BagWriter, type ManifestToStamp } from "./bag-writer.js"
import { reasonOf, type SurveyedItem, surveyItem } from "./case-survey.js"
import { renderDeclaration } from "./declaration-page.js"
import {
  type Declaration,
  NOT_HELD,
  operatorCertificate,
  PRODUCED_TABLES,
  SIGNATURE_FILE,
  signProduction,
} from "./production-format.js"
import { RowWriter } from "./produce-rows.js"
import type { Verifiers } from "./verifier-files.js"

export interface ProductionParts {
  readonly catalog: Catalog
  readonly objects: ObjectStore
  readonly spool: Spool
  readonly instance: Instance
  readonly version: string
  readonly verifiers: Verifiers
}

/** What the name of a production ends in until a second operator has confirmed it. */
export const UNCONFIRMED = ".unconfirmed"

export interface ProductionOptions {
  readonly target: string
  readonly force: boolean
  /** Of an authority for time-stamps (RFC 3161); none without. */
  readonly timestampUrl?: string | null
  /** Public keys of those of whom one must confirm it. */
  readonly confirmerKeys?: readonly Uint8Array[]
  readonly onProgress: (objectBytes: number) => void
}

export interface ProductionResult {
  readonly folder: string
  readonly tagManifestHash: Uint8Array
  readonly declaration: Declaration
}

/** What is handed over: of a case, or one meeting without one. */
interface Scope extends DayRange {
  readonly scopeId: Uint8Array
  readonly asked: Case | null
  readonly items: readonly ScopeItem[]
  /** Lines of the custody record. */
  readonly custody: readonly string[]
}

/**
 * Hands over everything that is held of one meeting, as SPEC.md §12 says; memory does not grow with it.
 * @throws {@link ArchiveError} `not-found`, `exists`, `unavailable`.
 */
export async function produceMeeting(
  parts: ProductionParts,
  options: ProductionOptions & { readonly meetingId: MeetingId },
): Promise<ProductionResult> {
  const { meetingId } = options
  return await produce(parts, options, async (snapshot) => {
    const item = { kind: "meeting", id: meetingId } as const
    if (!(await surveyItem(snapshot, NO_DAYS, item)).held)
      throw new ArchiveError("not-found", `${formatId("meeting", meetingId)} is not held here`)
    return { ...NO_DAYS, scopeId: meetingId, asked: null, items: [item], custody: [] }
  })
}

/**
 * Hands over everything that is held of a case's scope, and notes it in the custody record: before, and after with the SHA-512 that was signed.
 * @throws {@link ArchiveError} `not-found`, `exists`, `unavailable`; `conflict` for a case that is closed or has no scope.
 */
export async function produceCase(
  parts: ProductionParts,
  options: ProductionOptions & { readonly caseId: CaseId; readonly actor: Actor },
): Promise<ProductionResult> {
  const { caseId, actor, confirmerKeys = [] } = options
  const begun = await parts.catalog.transaction(async (transaction) => {
    const { closedDay } = await readCase(transaction, caseId)
    if (closedDay !== null) throw new ArchiveError("conflict", "this case is closed: open another")
    if ((await readScope(transaction, caseId)).length === 0)
      throw new ArchiveError("conflict", "the case has no scope yet, so there is nothing to produce: see `case scope`")
    return await recordCustody(transaction, caseId, actor, "produce", {})
  })
  let handedOver: DayRange & Pick<Scope, "items"> = { ...NO_DAYS, items: [] }
  const result = await produce(parts, options, async (snapshot) => {
    const asked = await readCase(snapshot, caseId)
    const custody = (await readCustody(snapshot, caseId))
      .filter(({ seq }) => seq <= begun.seq)
      .map(({ entry }) => entry)
    handedOver = { fromDay: asked.fromDay, toDay: asked.toDay, items: await readScope(snapshot, caseId) }
    return { scopeId: caseId, asked, custody, ...handedOver }
  })
  const { rows, objects, objectBytes } = result.declaration
  await parts.catalog.transaction(async (transaction) => {
    const isConfirmed = confirmerKeys.length === 0
    const { seq } = await recordCustody(transaction, caseId, actor, isConfirmed ? "produced" : "prepared", {
      tagManifestSha512: toHex(result.tagManifestHash),
      rows,
      objects,
      objectBytes,
    })
    if (!isConfirmed) return
    await noteStep(transaction, caseId, {
      seq,
      action: "produce",
      tagManifestHash: result.tagManifestHash,
      ...handedOver,
    })
  })
  return result
}

const NO_DAYS: DayRange = { fromDay: null, toDay: null }

async function produce(
  parts: ProductionParts,
  options: ProductionOptions,
  scopeOf: (snapshot: Queryable) => Promise<Scope>,
): Promise<ProductionResult> {
  const bag = await BagWriter.begin(folderOf(options), options.force)
  try {
    return await parts.catalog.transaction(async (snapshot) => {
      await snapshot.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", [])
      return await new Production(parts, options, bag, snapshot, await scopeOf(snapshot)).run()
    })
  } catch (error) {
    // What a second try can go on with stays.
    if (isArchiveError(error) && error.retryable) await bag.pause()
    else await bag.discard()
    throw error
  }
}

function folderOf({ target, confirmerKeys = [] }: ProductionOptions): string {
  return resolve(target) + (confirmerKeys.length === 0 ? "" : UNCONFIRMED)
}

class Production {
  readonly #parts: ProductionParts
  readonly #options: ProductionOptions
  readonly #bag: BagWriter
  readonly #snapshot: Queryable
  readonly #scope: Scope
  readonly #writer: RowWriter

  constructor(parts: ProductionParts, options: ProductionOptions, bag: BagWriter, snapshot: Queryable, scope: Scope) {
    this.#parts = parts
    this.#options = options
    this.#bag = bag
    this.#snapshot = snapshot
    this.#scope = scope
    this.#writer = new RowWriter(parts, bag, snapshot, scope, options.onProgress)
  }

  async run(): Promise<ProductionResult> {
    const { scopeId } = this.#scope
    const items: SurveyedItem[] = []
    for (const item of this.#scope.items) items.push(await surveyItem(this.#snapshot, this.#scope, item))
    await this.#writer.write(items)
    const schema = Object.fromEntries(PRODUCED_TABLES.map((table) => [table, SCHEMA[table]]))
    await this.#writeWhole("schema.json", `${JSON.stringify(schema, null, 2)}\n`)
    if (this.#scope.custody.length > 0)
      await this.#writeWhole("custody.jsonl", this.#scope.custody.map((line) => `${line}\n`).join(""))
    const declaration = await this.#declare(items)
    await this.#writeWhole("declaration.json", `${JSON.stringify(declaration, null, 2)}\n`)
    await this.#writeWhole("declaration.html", renderDeclaration(declaration))
    const tagManifestHash = await this.#bag.seal(
      {
        "Source-Organization": `Taciturn instance ${declaration.instance}`,
        "External-Identifier": nameOf(this.#scope),
        "Bagging-Date": dateOfDay(declaration.producedDay),
        "Bag-Software-Agent": `taciturn-admin ${this.#parts.version}`,
      },
      this.#parts.verifiers,
      this.#stamp(),
    )
    const { instance } = this.#parts
    const signature = signProduction(
      { serverKey: operatorCertificate(instance), scopeId, tagManifestHash, day: declaration.producedDay },
      instance.operatorSigner,
    )
    await this.#bag.publish(SIGNATURE_FILE, signature)
    return { folder: folderOf(this.#options), tagManifestHash, declaration }
  }

  #stamp(): ((manifest: ManifestToStamp) => Promise<Uint8Array>) | null {
    const { timestampUrl = null } = this.#options
    return timestampUrl === null
      ? null
      : async (manifest) => {
          // Its libraries take as long to load as a small production to make.
          const { requestTimestamp } = await import("./timestamp.js")
          return await requestTimestamp(timestampUrl, manifest, secureRandom)
        }
  }

  async #writeWhole(path: string, text: string): Promise<void> {
    const file = await this.#bag.payload(path)
    await file.write(text)
    await file.close()
  }

  async #declare(items: readonly SurveyedItem[]): Promise<Declaration> {
    const { instance, version } = this.#parts
    const { asked, fromDay, toDay } = this.#scope
    const subjects = items.filter(({ kind }) => kind !== "asset").map(({ id }) => Buffer.from(id))
    const count = async (table: string): Promise<number> => {
      const [row] = await this.#snapshot.query<{ count: number }>(
        `SELECT count(*) AS count FROM ${table} WHERE subject = ANY ($1::bytea[])`,
        [subjects],
      )
      return row?.count ?? 0
    }
    const [today] = await this.#snapshot.query<{ day: number }>(`SELECT ${TODAY} AS day`, [])
    const reason = "hashes of random values that end within ten minutes; they open nothing"
    return {
      version: 3,
      case:
        asked === null
          ? null
          : {
              case: formatId("case", asked.caseId),
              kind: asked.kind,
              authority: asked.authority,
              country: asked.country,
              reference: asked.reference,
            },
      scope: items.map(({ name, held, rows, assets, bytes, reason: lacking }) => ({
        item: name,
        present: held,
        rows,
        assets,
        bytes,
        reason: lacking,
      })),
      days: { from: fromDay, to: toDay },
      omitted: await this.#writer.omitted(items),
      software: { name: "taciturn", version, sha256: programHash() },
      producedDay: today?.day ?? 0,
      instance: formatId("instance", instance.instanceId),
      serverKeys: instance.serverKeys.map((key) => Buffer.from(key).toString("base64")),
      rows: await this.#writer.countRows(items),
      objects: this.#writer.objects,
      objectBytes: this.#writer.objectBytes,
      withheld: [
        { what: "rows of challenges", count: await count("challenges"), reason },
        { what: "rows of tokens", count: await count("tokens"), reason },
      ],
      confirmers: (this.#options.confirmerKeys ?? []).map(toHex),
      asked: (asked?.asks ?? []).map((what) => ({ what, reason: reasonOf(what) })),
      notHeld: [...NOT_HELD],
    }
  }
}

function nameOf({ asked, items }: Scope): string {
  if (asked !== null) return formatId("case", asked.caseId)
  return items.map(formatItem).join(" ")
}
