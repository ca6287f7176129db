import { expect } from "chai"
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as z from "zod"
import { assetHeaderHash } from "../../../shared/protocol/asset-header.js"
import { equalBytes, toBase64Url } from "../../../shared/protocol/bytes.js"
import type { Signer } from "../../../shared/protocol/envelope.js"
import { AppendEventRequest, PostMessageRequest } from "../../../shared/protocol/http.js"
import { openServerKey } from "../../../shared/protocol/receipt.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { secureRandom } from "../../../shared/server/ambient.js"
import { type Instance, openInstance } from "../../../shared/server/catalog/instance.js"
import { signerOfSeed, verifySignature } from "../../../shared/server/signatures.js"
import { BagWriter } from "../../../worker/admin/bag-writer.js"
import { renderDeclaration } from "../../../worker/admin/declaration-page.js"
import { produceMeeting, type ProductionParts, type ProductionResult } from "../../../worker/admin/produce.js"
import {
  type Declaration,
  declarationSchema,
  PRODUCED_TABLES,
  SIGNATURE_FILE,
  signProduction,
} from "../../../worker/admin/production-format.js"
import { call, meetingPath, meetingToken, postMeeting } from "../../support/api-client.js"
import { makePerson } from "../../support/people.js"
import { newMeeting, nextEpoch, nextEvent, type PostedMeeting, sealedMessage } from "../../support/posted-meeting.js"
import {
  cancel,
  create,
  makeAsset,
  patch,
  sendAll,
  type Stack,
  startStack,
  type TestAsset,
  uploadWhole,
} from "../uploads/support.js"

/** What goes with productions whose verifiers no test runs. */
export const VERIFIERS = {
  program: new TextEncoder().encode("// verifies\n"),
  page: new TextEncoder().encode("<!-- verifies -->\n"),
}

/** A service with one meeting that has everything a production can hold. */
export interface World {
  readonly stack: Stack
  readonly meeting: PostedMeeting
  readonly instance: Instance
  readonly parts: ProductionParts
  /** Published; in a large world two chunks. */
  readonly published: TestAsset
  /** With a receipt, and published by nobody. */
  readonly receipted: TestAsset
  /** A chunk of two pieces that waits to be stored; in a large world a stored one before it, and a piece behind. */
  readonly unfinished: TestAsset
  readonly cancelled: TestAsset
  readonly folder: string
  stop(): Promise<void>
}

export async function startWorld(size: "small" | "large"): Promise<World> {
  const service = await startStack()
  const folder = await mkdtemp(join(tmpdir(), "taciturn-test-admin-"))
  const genesis = newMeeting(makePerson("anna's laptop"))
  await postMeeting(service.url, genesis)
  const token = await meetingToken(service.url, genesis)
  const stack: Stack = { ...service, meetingId: genesis.meetingId, meetingToken: toBase64Url(token) }

  const published = makeAsset(size === "large" ? CHUNK_BYTES + SEGMENT_BYTES + 777 : 2 * SEGMENT_BYTES + 777)
  await uploadWhole(stack, published, CHUNK_BYTES / 2)
  const receipted = makeAsset(2 * SEGMENT_BYTES)
  await uploadWhole(stack, receipted, CHUNK_BYTES)
  const unfinished = makeAsset(size === "large" ? 2 * CHUNK_BYTES + 2 * SEGMENT_BYTES : 6 * SEGMENT_BYTES)
  await create(stack, unfinished, size === "large" ? "deferred" : unfinished.bytes.length)
  if (size === "large") {
    await sendAll(stack, { ...unfinished, bytes: unfinished.bytes.subarray(0, CHUNK_BYTES) }, CHUNK_BYTES)
    await stack.runJobs()
    await sendFrom(stack, unfinished, CHUNK_BYTES, CHUNK_BYTES / 2)
  } else await sendFrom(stack, unfinished, 0, 3 * SEGMENT_BYTES)
  const begun = makeAsset(2 * SEGMENT_BYTES)
  await create(stack, begun, "deferred")
  await sendAll(stack, begun, SEGMENT_BYTES)
  const cancelled = makeAsset(2 * SEGMENT_BYTES)
  await create(stack, cancelled, 4 * SEGMENT_BYTES)
  await sendAll(stack, cancelled, CHUNK_BYTES)
  await cancel(stack, cancelled)

  for (const text of ["one", "two"]) await say(stack, genesis, text)
  const event = nextEvent(genesis, [assetHeaderHash(published.header)])
  await append(stack, event.meeting, event.rawEvent, undefined)
  const meeting = nextEpoch(event.meeting)
  await append(stack, meeting, meeting.newest.rawEvent, meeting.newest.certificate)

  await say(stack, meeting, "three", toBase64Url(await meetingToken(service.url, meeting)))

  const instance = await openInstance(stack.catalog, secureRandom, signerOfSeed)
  const { catalog, objects, spool } = stack
  return {
    stack,
    meeting,
    instance,
    parts: { catalog, objects, spool, instance, version: "0.0.0-test", verifiers: VERIFIERS },
    published,
    receipted,
    unfinished,
    cancelled,
    folder,
    stop: async () => {
      await service.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export async function produce(
  world: World,
  name: string,
  parts: ProductionParts = world.parts,
): Promise<ProductionResult> {
  return await produceMeeting(parts, {
    meetingId: world.meeting.meetingId,
    target: join(world.folder, name),
    force: false,
    onProgress: () => undefined,
  })
}

async function sendFrom(stack: Stack, asset: TestAsset, from: number, pieceBytes: number): Promise<void> {
  for (let start = from; start < asset.bytes.length; start += pieceBytes) {
    const { status } = await patch(stack, asset, start, Math.min(asset.bytes.length, start + pieceBytes))
    expect(status).to.equal(204)
  }
}

async function append(
  stack: Stack,
  meeting: PostedMeeting,
  event: Uint8Array,
  certificate: Uint8Array | undefined,
): Promise<void> {
  const json = z.encode(AppendEventRequest, { event, ...(certificate === undefined ? {} : { certificate }) })
  const answer = await call(stack.url, "POST", meetingPath(meeting, "events"), { json, token: stack.meetingToken })
  expect(answer.status, answer.text).to.equal(201)
}

async function say(stack: Stack, meeting: PostedMeeting, text: string, token = stack.meetingToken): Promise<void> {
  const json = z.encode(PostMessageRequest, { message: sealedMessage(meeting, text) })
  const answer = await call(stack.url, "POST", meetingPath(meeting, "messages"), { json, token })
  expect(answer.status, answer.text).to.equal(201)
}

/** What a liar with the operator's key would alter. */
export interface Forgery {
  readonly lines?: (lines: string[]) => string[]
  /** By path below `data/`; `null` leaves the file out. */
  readonly files?: Readonly<Record<string, ((bytes: Buffer) => Uint8Array) | null>>
  readonly added?: Readonly<Record<string, Uint8Array>>
  readonly declaration?: (declaration: Declaration) => object
  /** Whether the declaration's counts are made to fit what was altered. */
  readonly counted?: boolean
  readonly signer?: Signer
  readonly timestamp?: Uint8Array
  readonly day?: number
  /** Of the case, where it is one. */
  readonly scopeId?: Uint8Array
}

const RECORDS = "records.jsonl"
const DECLARATION = "declaration.json"
const PAGE = "declaration.html"
/** Of the forgery's own. */
const MADE_AGAIN: ReadonlySet<string> = new Set([RECORDS, DECLARATION, PAGE])

/** A bag like `source` with the forgery in it: a valid bag, correctly signed. */
export async function forge(world: World, source: string, name: string, forgery: Forgery): Promise<string> {
  const from = join(world.folder, source)
  const target = join(world.folder, name)
  const lines = (await readFile(join(from, "data", RECORDS), "utf8")).trimEnd().split("\n")
  const altered = forgery.lines?.(lines) ?? lines
  const files = forgery.files ?? {}
  const kept = (await payloadFiles(from)).filter((path) => !MADE_AGAIN.has(path) && files[path] !== null)
  const writer = await BagWriter.begin(target, true)
  const write = async (path: string, bytes: Uint8Array | string): Promise<number> => {
    const file = await writer.payload(path)
    await file.write(bytes)
    await file.close()
    return bytes.length
  }
  let objectBytes = 0
  for (const path of kept) {
    const bytes = await readFile(join(from, "data", path))
    const written = await write(path, files[path]?.(bytes) ?? bytes)
    if (/^(?:objects|pieces)\//.test(path)) objectBytes += written
  }
  for (const [path, bytes] of Object.entries(forgery.added ?? {})) objectBytes += await write(path, bytes)
  await write(RECORDS, altered.map((line) => `${line}\n`).join(""))
  const declared = JSON.parse(await readFile(join(from, "data", DECLARATION), "utf8")) as Declaration
  const objects =
    kept.filter((path) => /^(?:objects|pieces)\//.test(path)).length + Object.keys(forgery.added ?? {}).length
  const fitting = forgery.counted === true ? { ...declared, rows: countRows(altered), objects, objectBytes } : declared
  const said = forgery.declaration?.(fitting) ?? fitting
  await write(DECLARATION, `${JSON.stringify(said, null, 2)}\n`)
  if (files[PAGE] !== null) await write(PAGE, files[PAGE]?.(await readFile(join(from, "data", PAGE))) ?? pageOf(said))
  const stamp = forgery.timestamp === undefined ? null : () => Promise.resolve(forgery.timestamp ?? new Uint8Array())
  const tagManifestHash = await writer.seal({ "Bagging-Date": "2026-01-01" }, VERIFIERS, stamp)
  await writer.publish(SIGNATURE_FILE, sign(world, tagManifestHash, declared.producedDay, forgery))
  return target
}

/** A declaration that is none has no page. */
function pageOf(said: object): string {
  const declaration = declarationSchema.safeParse(said)
  return declaration.success ? renderDeclaration(declaration.data) : ""
}

function sign(world: World, tagManifestHash: Uint8Array, day: number, forgery: Forgery): Uint8Array {
  const { operatorSigner, serverKeys } = world.instance
  const serverKey = serverKeys.find((raw) =>
    equalBytes(openServerKey(raw, verifySignature).key, operatorSigner.publicKey),
  )
  if (serverKey === undefined) throw new Error("the instance has an operator key")
  const scopeId = forgery.scopeId ?? world.meeting.meetingId
  const statement = { serverKey, scopeId, tagManifestHash, day: forgery.day ?? day }
  return signProduction(statement, forgery.signer ?? operatorSigner)
}

function countRows(lines: readonly string[]): Record<string, number> {
  const rows: Record<string, number> = Object.fromEntries(PRODUCED_TABLES.map((table) => [table, 0]))
  for (const line of lines) {
    const { table } = JSON.parse(line) as { table: string }
    rows[table] = (rows[table] ?? 0) + 1
  }
  return rows
}

/** Paths below `data/`. */
export async function payloadFiles(bag: string): Promise<string[]> {
  const entries = await readdir(join(bag, "data"), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(bag, "data").length + 1))
    .sort()
}

/** A copy whose files share their bytes with the source, so replace a file, never write into it. */
export async function copyBag(world: World, source: string, name: string): Promise<string> {
  const [from, to] = [join(world.folder, source), join(world.folder, name)]
  await rm(to, { recursive: true, force: true })
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name).slice(from.length + 1)
    await mkdir(dirname(join(to, path)), { recursive: true })
    await link(join(from, path), join(to, path)).catch(() => copyFile(join(from, path), join(to, path)))
  }
  return to
}
