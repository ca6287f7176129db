import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { makeDevice, publicKeysOf } from "../../client/crypto/account-keys.js"
import { makeAddDevice, makeRevokeDevices } from "../../client/crypto/account-links.js"
import { openEventBody } from "../../client/crypto/log-event.js"
import { nodePrimitives } from "../../client/crypto/node-primitives.js"
import { sodiumPrimitives } from "../../client/crypto/primitives.js"
import { openSegmentBySecret, segmentSecret } from "../../client/crypto/segments.js"
import { blake2b, signerOfSeed, sodiumReady, verifySignature } from "../../client/crypto/sodium.js"
import { productionFolder } from "../../client/verifier/node/production-folder.js"
import { findInProduction, sealedOfProduction } from "../../client/verifier/production.js"
import { checkHead } from "../../client/verifier/read-opening.js"
import { verifyOpening } from "../../client/verifier/verify-opening.js"
import { assetHeaderHash, encodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { concatBytes, equalBytes, lengthPrefixed, toHex, u64, utf8 } from "../../shared/protocol/bytes.js"
import { verifyChain } from "../../shared/protocol/chain.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import { decodeEvent } from "../../shared/protocol/event.js"
import { asId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { leafHash, merkleRoot } from "../../shared/protocol/merkle.js"
import type { CheckedOpening } from "../../shared/protocol/opening-check.js"
import type { CheckedMessages } from "../../shared/protocol/opening-messages.js"
import { decodeOpeningHead, encodeOpeningHead } from "../../shared/protocol/opening.js"
import { SEGMENT_PLAINTEXT_BYTES } from "../../shared/protocol/sizes.js"
import { showField } from "../../shared/protocol/statement.js"
import { sampleHeader } from "../support/formats/assets.js"
import { bytesOf, edit, flip, valueAt } from "../support/formats/format.js"
import {
  authorNamed,
  headOf,
  openingOf,
  openingWithHead,
  rawHeadOf,
  recordingStatement,
  sampleFile,
  type SampleFile,
  sampleReceiptOf,
  sampleStatement,
} from "../support/formats/openings.js"
import { chanceOf } from "../support/chance.js"
import { TEST_RUN } from "../support/config.js"
import { mutated } from "../support/mutations.js"
import { portionsOf } from "../support/openings.js"
import { makePerson, random, TestMeeting } from "../support/people.js"
import { temporaryFolder } from "../support/programs.js"
import { sealForTwoKeys } from "./two-key-ciphertext.js"

const RUNS = TEST_RUN.isFull ? 2_000 : 200
const FILE_BYTES = 6 * SEGMENT_PLAINTEXT_BYTES - 1_000
const RANGES = [
  { first: 0, count: 1 },
  { first: 2, count: 2 },
]
const PART = { fromMs: 1_000, toMs: 2_500 }

/** Everything that can be checked without a player. */
async function verify(raw: Uint8Array, production?: string): Promise<CheckedOpening | CheckedMessages> {
  const options = {
    primitives: nodePrimitives,
    sealed: production === undefined ? undefined : sealedOfProduction(productionFolder(production)),
  }
  return (await verifyOpening(portionsOf(raw, 65_536), null, options)).opening
}

async function refusal(
  raw: Uint8Array,
  production?: string,
): Promise<readonly [code: string, place: string | undefined]> {
  try {
    await verify(raw, production)
  } catch (error) {
    if (isArchiveError(error)) return [error.code, error.place]
    throw error
  }
  return ["accepted", undefined]
}

describe("openings that lie", function () {
  this.timeout(600_000)
  let file: SampleFile
  let opening: Uint8Array
  /** The opening's bytes behind its head. */
  let blocks: Uint8Array

  before(async () => {
    await sodiumReady()
    file = sampleFile(FILE_BYTES)
    const head = headOf(file, recordingStatement(file), RANGES, PART)
    opening = openingOf(file, head)
    blocks = opening.slice(encodeOpeningHead(head).length)
    expect(await refusal(opening)).to.deep.equal(["accepted", undefined])
  })

  /** The opening with its head changed, and the check of the head made right again. */
  const withHead = (change: (rawHead: Uint8Array) => Uint8Array): Uint8Array =>
    concatBytes(openingWithHead(change(rawHeadOf(opening))), blocks)

  it(`${RUNS} random changes, removals, swaps and additions, from TACITURN_TEST_SEED=${TEST_RUN.seed}: each is found, and its place named`, async () => {
    const chance = chanceOf(TEST_RUN.seed, "openings")
    for (let run = 0; run < RUNS; run++) {
      const { name, raw } = mutated(opening, chance)
      const [code, place] = await refusal(raw)
      expect(code, `run ${run}: ${name}`).to.not.equal("accepted")
      expect(place, `run ${run}: ${name} is ${code}`).to.match(/^(head|links|receipt|end|(chunk|segment) \d+)$/)
    }
  })

  it("OP1: cut short anywhere, or followed by anything, it is refused", async () => {
    expect(await refusal(opening.slice(0, 10))).to.deep.equal(["truncated", "head"])
    expect(await refusal(opening.slice(0, -1))).to.deep.equal(["truncated", "segment 3"])
    expect(await refusal(concatBytes(opening, Uint8Array.of(0)))).to.deep.equal(["malformed", "end"])
    expect(await refusal(flip(opening, 3))).to.deep.equal(["malformed", "head"])
    expect(await refusal(withHead((head) => edit(head, [1], "secrets")))).to.deep.equal(["unsupported-version", "head"])
  })

  it("OP2: a field with another value or of another statement is refused", async () => {
    const shown = valueAt(rawHeadOf(opening), [2, 0]) as Uint8Array
    const larger = edit(shown, [5, 3], FILE_BYTES - 1)
    expect(await refusal(withHead((head) => edit(head, [2, 0], larger)))).to.deep.equal(["bad-signature", "head"])
    const [one, other] = ["one", "other"].map((title) => sampleStatement("epoch", [["title", title]]))
    const raw = encodeOpeningHead({
      shown: [showField(one!, "title"), showField(other!, "title")],
      links: one!.links,
      asset: null,
    })
    expect(await refusal(raw)).to.deep.equal(["malformed", "head"])
  })

  it("OP3: another author's chain, one that goes on, and one that ends too early are refused", async () => {
    const [alice, bob] = ["alice", "bob"].map((name) => authorNamed(name))
    const withLinks = (links: readonly Uint8Array[]): Uint8Array => withHead((head) => edit(head, [3], links))
    expect(await refusal(withLinks(bob!.links))).to.deep.equal(["bad-chain", "links"])
    expect(await refusal(withLinks([...alice!.links, ...bob!.links]))).to.deep.equal(["bad-chain", "head"])
  })

  it("OP3: a device that was revoked at the head that its statement names signs nothing", async () => {
    const alice = makePerson("alice")
    const [userSeed] = alice.secrets.userSeeds
    const [phone, ambient] = [makeDevice(random), { nowMs: 1_790_000_000_000, random }]
    const add = makeAddDevice(alice.chain, alice.author.signer, userSeed!, { secrets: phone, name: "phone" }, ambient)
    const added = [alice.account.genesisLink, add.link]
    const chain = verifyChain(added, verifySignature)
    const revoke = makeRevokeDevices(chain, alice.author.signer, userSeed!, [publicKeysOf(phone).ed25519], ambient)
    const signer = signerOfSeed(phone.ed25519Seed)
    const by = (links: readonly Uint8Array[]): Uint8Array =>
      openingOf(file, headOf(file, recordingStatement(file, { signer, links }), RANGES, PART))
    // What it signed at the head before stands: that no log has it, a production says.
    expect(await refusal(by(added))).to.deep.equal(["accepted", undefined])
    expect(await refusal(by([...added, revoke.link]))).to.deep.equal(["not-authorised", "links"])
    // A chain that leaves the revocation out does not end where the statement says.
    const hidden = headOf(file, recordingStatement(file, { signer, links: [...added, revoke.link] }), RANGES, PART)
    expect(await refusal(openingOf(file, { ...hidden, links: added }))).to.deep.equal(["bad-chain", "links"])
  })

  it("OP4: what is no statement of a recording, or of a file of kind live, opens none", async () => {
    const announced = headOf(file, recordingStatement(file, undefined, sampleHeader, "capture"), RANGES, PART)
    expect(await refusal(openingOf(file, announced))).to.deep.equal(["malformed", "head"])
    const rawHeader = encodeAssetHeader({
      kind: "live",
      assetId: asId("asset", bytesOf("live", 16)),
      salt: bytesOf("s"),
    })
    const live = { ...file, storedBytes: 6 * 65_536, headerHash: assetHeaderHash(rawHeader) }
    const head = headOf(live, recordingStatement(live, undefined, rawHeader), RANGES, PART)
    expect(await refusal(openingOf(live, head))).to.deep.equal(["malformed", "head"])
  })

  it("OP5: a receipt for another file is refused", async () => {
    const { rawReceipt, rawServerKey } = sampleReceiptOf(sampleFile(1_000))
    const raw = withHead((head) => edit(head, [4, 0], [rawReceipt, rawServerKey]))
    expect(await refusal(raw)).to.deep.equal(["bad-receipt", "receipt"])
  })

  it("OP6: ranges that touch, run backwards or leave the file are refused", async () => {
    for (const ranges of [
      [
        [0, 1],
        [1, 2],
      ],
      [
        [2, 2],
        [0, 1],
      ],
      [[0, 1_000]],
      [[0, 0]],
      [],
    ])
      expect(await refusal(withHead((head) => edit(head, [4, 2], ranges)))).to.deep.equal(["malformed", "head"])
    expect(await refusal(withHead((head) => edit(head, [4, 3], null)))).to.deep.equal(["malformed", "head"])
  })

  it("OP7: spliced from two recordings, it is refused", async () => {
    const other = sampleFile(FILE_BYTES, sampleHeader, "another file")
    const head = headOf(other, recordingStatement(other), RANGES, PART)
    const theirs = openingOf(other, head).slice(encodeOpeningHead(head).length)
    expect(await refusal(concatBytes(openingWithHead(rawHeadOf(opening)), theirs))).to.deep.equal([
      "integrity",
      "chunk 0",
    ])
    // The block of one, with the segments of the other.
    const blockBytes = blocks.length - 3 * 65_536
    expect(
      await refusal(
        concatBytes(openingWithHead(rawHeadOf(opening)), blocks.slice(0, blockBytes), theirs.slice(blockBytes)),
      ),
    ).to.deep.equal(["integrity", "segment 0"])
  })

  it("OP8: a second key that opens a crafted segment is refused by the commitment", async () => {
    const [honest, second] = [segmentSecret(file.contentKey, file.headerHash, 0), bytesOf("a second secret")] as const
    const [one, other] = [honest, second].map((secret) => derivedOf(secret, file.headerHash))
    const nonce = new Uint8Array(12)
    const forged = sealForTwoKeys(one!.key, other!.key, nonce, one!.aad, SEGMENT_PLAINTEXT_BYTES)
    for (const primitives of [nodePrimitives, sodiumPrimitives]) {
      const [truth, lie] = [one!, other!].map(({ key, aad }) => primitives.open(key, nonce, aad, forged)!)
      expect([truth, lie], "the forgery itself").not.to.include(null)
      expect(equalBytes(truth!, lie!)).to.equal(false)
    }
    // Its author archived it so, and signed that.
    const segments = [concatBytes(one!.commitment, forged), ...file.segments.slice(1)]
    const leaves = segments.map((segment) => leafHash(segment))
    const crafted = { ...file, segments, leaves: concatBytes(...leaves), root: merkleRoot(leaves) }
    const raw = openingOf(crafted, headOf(crafted, recordingStatement(crafted), RANGES, PART))
    expect(await refusal(raw)).to.deep.equal(["accepted", undefined])
    const at = Buffer.from(raw).indexOf(Buffer.from(honest))
    expect(at).to.be.greaterThan(0)
    const substituted = raw.slice()
    substituted.set(second, at)
    expect(await refusal(substituted)).to.deep.equal(["integrity", "segment 0"])
  })

  it("OP8: no secret in it opens another segment, and it has no other secret", () => {
    const all = file.segments.map((_, index) => segmentSecret(file.contentKey, file.headerHash, index))
    const opened = [0, 2, 3]
    for (const index of opened) {
      for (const [target, segment] of file.segments.entries())
        for (const last of [false, true]) {
          const open = (): Uint8Array =>
            openSegmentBySecret(
              all[index]!,
              { headerHash: file.headerHash, index: target, last },
              segment,
              nodePrimitives,
            )
          if (target === index && !last) expect(open()).to.have.length(SEGMENT_PLAINTEXT_BYTES)
          else expect(open).to.throw().with.property("code", "integrity")
        }
    }
    const held = all
      .map((secret, index) => (Buffer.from(opening).includes(Buffer.from(secret)) ? index : -1))
      .filter((i) => i >= 0)
    expect(held).to.deep.equal(opened)
    expect(Buffer.from(opening).includes(Buffer.from(file.contentKey))).to.equal(false)
  })

  describe("with a production", () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>
    let events: readonly Uint8Array[]
    let shown: CheckedOpening | CheckedMessages

    before(async () => {
      folder = await temporaryFolder()
      const [alice, bob] = [makePerson("alice"), makePerson("bob")]
      const meeting = new TestMeeting(alice, "Three")
      await meeting.add(alice, bob)
      await meeting.say(bob, { type: "leave" })
      const log = await meeting.read(alice)
      events = meeting.events
      const event = decodeEvent(events[1]!)
      const body = openEventBody(event, log.meetingHash, log.epochs[1]!.keys)
      const head = { shown: [showField(body, "roster")], links: [alice.account.genesisLink], asset: null }
      shown = checkHead(decodeOpeningHead(encodeOpeningHead(head).slice(20)))
    })
    after(async () => {
      await folder.remove()
    })

    async function production(name: string, rows: readonly Uint8Array[]): Promise<string> {
      const path = join(folder.path, name)
      await mkdir(join(path, "data"), { recursive: true })
      const lines = rows.map((raw) =>
        JSON.stringify({ table: "meeting_events", row: { event: Buffer.from(raw).toString("base64") } }),
      )
      await writeFile(join(path, "data", "records.jsonl"), lines.map((line) => `${line}\n`).join(""))
      return path
    }
    const failure = async (name: string, rows: readonly Uint8Array[]): Promise<unknown> =>
      await findInProduction(productionFolder(await production(name, rows)), shown).then(
        () => "found",
        (error: unknown) => Reflect.get(error as object, "code"),
      )

    it("OP10: its event is found in the log, and a log that lacks, moves or replaces it is refused", async () => {
      const other = new TestMeeting(makePerson("carol"), "Another").events
      expect(
        await findInProduction(productionFolder(await production("whole", [...other, ...events])), shown),
      ).to.deep.include({
        seq: 1,
        events: 3,
      })
      expect(await failure("another's", other)).to.equal("not-found")
      expect(await failure("short", events.slice(0, 1))).to.equal("not-found")
      expect(await failure("gap", [events[0]!, events[2]!])).to.equal("integrity")
      expect(await failure("replaced", [events[0]!, flip(events[1]!, -1), events[2]!])).to.equal("integrity")
      expect(await failure("order", [events[0]!, events[2]!, events[1]!])).to.equal("integrity")
    })

    it("OP10: sealed segments are taken from it where the opening carries none, and are held to the same", async () => {
      const head = headOf(file, recordingStatement(file), RANGES, PART)
      const pointing = { ...head, asset: { ...head.asset!, isCarried: false } }
      const raw = openingOf({ ...file, segments: [] }, pointing)
      const path = await production("objects", [])
      const objects = join(path, "data", "objects", toHex(bytesOf("asset id", 16)))
      await mkdir(objects, { recursive: true })
      const stored = concatBytes(...file.segments)
      await writeFile(join(objects, "0"), stored)
      expect(await refusal(raw, path)).to.deep.equal(["accepted", undefined])
      expect((await refusal(raw))[0]).to.equal("usage")
      await writeFile(join(objects, "0"), flip(stored, 2 * 65_536 + 5))
      expect(await refusal(raw, path)).to.deep.equal(["integrity", "segment 2"])
      await writeFile(join(objects, "0"), stored.slice(0, 3 * 65_536))
      expect(await refusal(raw, path)).to.deep.equal(["truncated", `data/objects/${toHex(bytesOf("asset id", 16))}/0`])
    })
  })
})

/** SPEC.md §4.3, written a second time. */
function derivedOf(secret: Uint8Array, headerHash: Uint8Array): Record<"commitment" | "key" | "aad", Uint8Array> {
  const aad = concatBytes(headerHash, u64(0), Uint8Array.of(0))
  const derived = blake2b(64, secret, concatBytes(lengthPrefixed(utf8(LABELS.segment)), aad))
  return { commitment: derived.slice(0, 32), key: derived.slice(32), aad }
}
