import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { type CaseId, formatId, type MeetingId } from "../../shared/protocol/ids.js"
import { instanceIdOf } from "../../shared/protocol/receipt.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { refused, verifyBag } from "./bag-reader.js"
import { TAG_FILES } from "./bag-format.js"
import { CONFIRMATION_FILE, openConfirmation } from "./confirmation.js"
import { renderDeclaration } from "./declaration-page.js"
import {
  type Declaration,
  declarationSchema,
  openProductionSignature,
  PRODUCED_TABLES,
  type ProducedTable,
  SIGNATURE_FILE,
} from "./production-format.js"
import { assertSchemaFile, parseJson, RECORDS_PATH } from "./record-reader.js"
import { openTimestamp, type Timestamp } from "./timestamp.js"
import { assertCustody } from "./verify-custody.js"
import { type Found, RecordsCheck } from "./verify-records.js"

const DECLARATION_PATH = "data/declaration.json"
const PAGE_PATH = "data/declaration.html"
const CUSTODY_PATH = "data/custody.jsonl"

export interface VerifiedProduction {
  /** What was asked for, and whether it is there. */
  readonly scope: Declaration["scope"]
  readonly case: string | null
  readonly days: Declaration["days"]
  readonly tagManifestHash: Uint8Array
  readonly confirmers: Declaration["confirmers"]
  readonly timestamp: Timestamp | null
  readonly instance: string
  readonly instanceKey: string
  readonly producedDay: number
  readonly present: Readonly<Record<ProducedTable, number>>
  readonly publishedAssets: number
  readonly objectBytes: number
  readonly omitted: Declaration["omitted"]
  readonly withheld: Declaration["withheld"]
  readonly asked: Declaration["asked"]
  readonly custodyEntries: number
}

/**
 * Verifies a production: no server, no key, no network. SPEC.md §12.
 * @throws {@link ArchiveError} `integrity` or another refusal, with its place; `not-found` where there is no folder.
 */
export async function verifyProduction(
  target: string,
  options: {
    readonly instanceKey: Uint8Array | null
    readonly onFile: (path: string) => void
    /** For whoever is about to confirm it. */
    readonly awaitsConfirmation?: boolean
  },
): Promise<VerifiedProduction> {
  const folder = resolve(target)
  const bag = await verifyBag(folder, [SIGNATURE_FILE, CONFIRMATION_FILE], options.onFile)
  const rawSignature = await readFile(join(folder, SIGNATURE_FILE)).catch((cause: unknown) => {
    throw new ArchiveError("bad-signature", "a production without its signature", { place: SIGNATURE_FILE, cause })
  })
  const signed = placed(SIGNATURE_FILE, () => openProductionSignature(rawSignature, verifySignature))
  if (!equalBytes(signed.tagManifestHash, bag.tagManifestHash))
    throw new ArchiveError("bad-signature", "a signature of another production", { place: SIGNATURE_FILE })
  if (options.instanceKey !== null && !equalBytes(options.instanceKey, signed.instanceKey))
    throw new ArchiveError("instance-changed", "a production of another instance than the one given", {
      place: SIGNATURE_FILE,
    })
  const payload = new Map(bag.payload)
  for (const path of [RECORDS_PATH, "data/schema.json", DECLARATION_PATH, PAGE_PATH])
    if (!payload.delete(path)) throw refused("a part of the production is missing", path)
  const text = async (path: string): Promise<string> => await readFile(join(folder, path), "utf8")
  assertSchemaFile(await text("data/schema.json"))
  const declaration = readDeclaration(await text(DECLARATION_PATH))
  if (
    signed.day !== declaration.producedDay ||
    declaration.instance !== formatId("instance", instanceIdOf(signed.instanceKey)) ||
    nameOf(declaration) !==
      (declaration.case === null
        ? formatId("meeting", signed.scopeId as MeetingId)
        : formatId("case", signed.scopeId as CaseId))
  )
    throw refused("a declaration that is not the one that was signed for", DECLARATION_PATH)
  if ((await text(PAGE_PATH)) !== renderDeclaration(declaration))
    throw refused("a page that says something else than the declaration", PAGE_PATH)
  if (options.awaitsConfirmation !== true) await assertConfirmed(folder, declaration, signed)
  const timestamp = bag.rawTimestamp === null ? null : await openStamp(bag.rawTimestamp, bag.manifest)
  let custodyEntries = 0
  if (declaration.case !== null) {
    if (!payload.delete(CUSTODY_PATH)) throw refused("the custody record is missing", CUSTODY_PATH)
    custodyEntries = assertCustody(await text(CUSTODY_PATH), declaration.case.case, CUSTODY_PATH)
  }
  const objects = [...payload.values()]
  const found = await new RecordsCheck(folder, payload, signed.instanceKey, declaration).run()
  const [stray] = payload.keys()
  if (stray !== undefined) throw refused("bytes that no row names", stray)
  assertCounts(declaration, found, objects)
  return {
    scope: declaration.scope,
    case: declaration.case?.case ?? null,
    days: declaration.days,
    tagManifestHash: bag.tagManifestHash,
    confirmers: declaration.confirmers,
    timestamp,
    instance: declaration.instance,
    instanceKey: toHex(signed.instanceKey),
    producedDay: signed.day,
    present: found.rows,
    publishedAssets: found.publishedAssets,
    objectBytes: declaration.objectBytes,
    omitted: declaration.omitted,
    withheld: declaration.withheld,
    asked: declaration.asked,
    custodyEntries,
  }
}

/** That one of those who must has signed it; none where nobody must. */
async function assertConfirmed(
  folder: string,
  { confirmers }: Declaration,
  { scopeId, tagManifestHash }: ReturnType<typeof openProductionSignature>,
): Promise<void> {
  const raw = await readFile(join(folder, CONFIRMATION_FILE)).catch(() => null)
  if (confirmers.length === 0) {
    if (raw !== null) throw refused("a confirmation that nobody asked for", CONFIRMATION_FILE)
    return
  }
  if (raw === null)
    throw new ArchiveError("bad-signature", "a production that no second operator confirmed", {
      place: CONFIRMATION_FILE,
    })
  const confirmed = placed(CONFIRMATION_FILE, () => openConfirmation(raw, verifySignature))
  if (
    !confirmers.includes(toHex(confirmed.confirmerKey)) ||
    !equalBytes(confirmed.scopeId, scopeId) ||
    !equalBytes(confirmed.tagManifestHash, tagManifestHash)
  )
    throw new ArchiveError("bad-signature", "a confirmation of another production, or by another key", {
      place: CONFIRMATION_FILE,
    })
}

async function openStamp(raw: Uint8Array, manifest: Uint8Array): Promise<Timestamp> {
  const sha512 = createHash("sha512").update(manifest).digest()
  return await openTimestamp(raw, { bytes: manifest, sha512 }).catch((cause: unknown) => {
    if (!isArchiveError(cause)) throw cause
    throw new ArchiveError(cause.code, cause.message, { place: TAG_FILES.timestamp, cause })
  })
}

function placed<T>(place: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!isArchiveError(cause)) throw cause
    throw new ArchiveError(cause.code, cause.message, { place, cause })
  }
}

/** What the signature names: the case, or the one meeting. */
function nameOf(declaration: Declaration): string {
  return declaration.case === null ? declaration.scope.map(({ item }) => item).join(" ") : declaration.case.case
}

function readDeclaration(text: string): Declaration {
  const json = parseJson(text, DECLARATION_PATH)
  const parsed = declarationSchema.safeParse(json)
  // A name given twice would let two readers see two declarations.
  if (!parsed.success || `${JSON.stringify(json, null, 2)}\n` !== text)
    throw refused("a declaration of another form", DECLARATION_PATH)
  return parsed.data
}

function assertCounts(declaration: Declaration, found: Found, objects: readonly number[]): void {
  const objectBytes = objects.reduce((sum, size) => sum + size, 0)
  if (declaration.objects !== objects.length || declaration.objectBytes !== objectBytes)
    throw refused(`${objects.length} objects, ${objectBytes} bytes: other than declared`, DECLARATION_PATH)
  if (Object.keys(declaration.rows).length !== PRODUCED_TABLES.length)
    throw refused("a declaration of other tables", DECLARATION_PATH)
  for (const table of PRODUCED_TABLES) {
    const declared = declaration.rows[table] ?? 0
    if (declared !== found.rows[table])
      throw refused(`${found.rows[table]} rows of ${table} where ${declared} were declared`, DECLARATION_PATH)
  }
}
