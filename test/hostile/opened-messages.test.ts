import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { makeDevice, publicKeysOf } from "../../client/crypto/account-keys.js"
import { makeAddDevice, makeRevokeDevices } from "../../client/crypto/account-links.js"
import { messageSecret, openMessageBySecret } from "../../client/crypto/message.js"
import { nodePrimitives } from "../../client/crypto/node-primitives.js"
import { sodiumPrimitives } from "../../client/crypto/primitives.js"
import { blake2b, signerOfSeed, sodiumReady, verifySignature } from "../../client/crypto/sodium.js"
import { productionFolder } from "../../client/verifier/node/production-folder.js"
import { findInProduction } from "../../client/verifier/production.js"
import { checkHead } from "../../client/verifier/read-opening.js"
import { verifyOpening } from "../../client/verifier/verify-opening.js"
import { concatBytes, lengthPrefixed, utf8 } from "../../shared/protocol/bytes.js"
import { verifyChain } from "../../shared/protocol/chain.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { decodeMessage, encodeMessage, messageAad, messageContext } from "../../shared/protocol/message.js"
import { textContent } from "../../shared/protocol/message-content.js"
import { decodeOpeningHead, encodeOpeningHead, OPENING_PREFIX_BYTES } from "../../shared/protocol/opening.js"
import type { CheckedMessages, MessagesHead } from "../../shared/protocol/opening-messages.js"
import { chanceOf } from "../support/chance.js"
import { TEST_RUN } from "../support/config.js"
import { bytesOf } from "../support/formats/format.js"
import {
  fieldsShown,
  resealedOf,
  sampleChat,
  sampleMessagesHead,
  type SampleMessage,
  sealedOf,
} from "../support/formats/opened-messages.js"
import { authorNamed } from "../support/formats/openings.js"
import { mutated } from "../support/mutations.js"
import { portionsOf } from "../support/openings.js"
import { makePerson, random } from "../support/people.js"
import { temporaryFolder } from "../support/programs.js"
import { sealForTwoKeys } from "./two-key-ciphertext.js"

const RUNS = TEST_RUN.isFull ? 2_000 : 200

async function refusal(raw: Uint8Array): Promise<readonly [code: string, place: string | undefined]> {
  try {
    await verifyOpening(portionsOf(raw), null, { primitives: nodePrimitives })
  } catch (error) {
    if (isArchiveError(error)) return [error.code, error.place]
    throw error
  }
  return ["accepted", undefined]
}

function checked(head: MessagesHead): CheckedMessages {
  const opening = checkHead(decodeOpeningHead(encodeOpeningHead(head).slice(OPENING_PREFIX_BYTES)))
  if (!("messages" in opening)) return expect.fail("an opening of messages")
  return opening
}

function failure(head: MessagesHead): readonly [code: string, place: string | undefined] {
  try {
    checked(head)
  } catch (error) {
    if (isArchiveError(error)) return [error.code, error.place]
    throw error
  }
  return ["accepted", undefined]
}

describe("openings of messages that lie", function () {
  this.timeout(120_000)

  before(async () => {
    await sodiumReady()
  })

  it(`${RUNS} random changes, removals, swaps and additions, from TACITURN_TEST_SEED=${TEST_RUN.seed}: each is found, and its place named`, async () => {
    const opening = encodeOpeningHead(sampleMessagesHead())
    expect(await refusal(opening)).to.deep.equal(["accepted", undefined])
    const chance = chanceOf(TEST_RUN.seed, "openings of messages")
    for (let run = 0; run < RUNS; run++) {
      const { name, raw } = mutated(opening, chance)
      const [code, place] = await refusal(raw)
      expect(code, `run ${run}: ${name}`).to.not.equal("accepted")
      expect(place, `run ${run}: ${name} is ${code}`).to.match(/^(head|links|end|message \d+)$/)
    }
  })

  it("OP11: messages are each other's only where that was signed: what stands between them, a wrong author, another meeting", () => {
    const [alice, bob] = [authorNamed("alice"), authorNamed("bob")]
    const { meetingHash, messages } = sampleChat([
      [alice, textContent("one")],
      [alice, textContent("two")],
      [alice, textContent("three")],
      [bob, textContent("four")],
    ])
    const [one, two, three, four] = messages as [SampleMessage, SampleMessage, SampleMessage, SampleMessage]
    const head = { meetingHash, chains: [alice.links], messages: [sealedOf(one), sealedOf(two)] }
    expect(checked(head).messages.map(({ follows }) => follows)).to.deep.equal([null, 0])
    // One was left out: nothing says that they stood beside each other.
    const gap = { ...head, messages: [sealedOf(one), sealedOf(three)] }
    expect(checked(gap).messages.map(({ follows }) => follows)).to.deep.equal([null, null])
    expect(failure({ ...head, messages: [sealedOf(one), sealedOf(one)] })).to.deep.equal(["malformed", "message 1"])
    expect(failure({ ...head, messages: [sealedOf(one), sealedOf(four)] })).to.deep.equal(["bad-chain", "message 1"])
    const other = sampleChat([[alice, textContent("one")]], "another meeting")
    expect(failure({ ...head, messages: [sealedOf(one), fieldsShown(other.messages[0]!, ["text"])] })).to.deep.equal([
      "malformed",
      "message 1",
    ])
    expect(failure({ ...head, messages: [sealedOf(one), sealedOf(other.messages[0]!)] })).to.deep.equal([
      "cannot-open",
      "message 1",
    ])
  })

  it("OP11: a device that its account had revoked signs nothing, and a chain shows no more than it needs", () => {
    const alice = makePerson("alice")
    const [userSeed] = alice.secrets.userSeeds
    const [phone, ambient] = [makeDevice(random), { nowMs: 1_790_000_000_000, random }]
    const add = makeAddDevice(alice.chain, alice.author.signer, userSeed!, { secrets: phone, name: "phone" }, ambient)
    const added = [alice.account.genesisLink, add.link]
    const chain = verifyChain(added, verifySignature)
    const revoke = makeRevokeDevices(chain, alice.author.signer, userSeed!, [publicKeysOf(phone).ed25519], ambient)
    const revoked = [...added, revoke.link]
    const signer = signerOfSeed(phone.ed25519Seed)
    const by = (links: readonly Uint8Array[], chains = [links]): MessagesHead => {
      const { meetingHash, messages } = sampleChat([[{ signer, links }, textContent("still me")]])
      return { meetingHash, chains, messages: [sealedOf(messages[0]!)] }
    }
    expect(failure(by(added))).to.deep.equal(["accepted", undefined])
    expect(failure(by(revoked))).to.deep.equal(["not-authorised", "message 0"])
    expect(failure(by(revoked, [added]))).to.deep.equal(["bad-chain", "message 0"])
    expect(failure(by(added, [revoked]))).to.deep.equal(["bad-chain", "links"])
  })

  it("OP12: a second key that opens a crafted message is refused by the commitment", () => {
    const alice = authorNamed("alice")
    const { meetingHash, messages } = sampleChat([[alice, textContent("I agree.")]])
    const message = decodeMessage(messages[0]!.raw)
    const [context, aad] = [messageContext(meetingHash, message), messageAad(message)]
    const salt = bytesOf("a salt")
    const derived = (secret: Uint8Array): Uint8Array =>
      blake2b(64, secret, concatBytes(lengthPrefixed(utf8(LABELS.chat)), lengthPrefixed(context), salt))
    const [honest, second] = [messages[0]!.secret, bytesOf("a second secret")]
    const [one, other] = [derived(honest), derived(second)]
    const forged = sealForTwoKeys(one.slice(32), other.slice(32), new Uint8Array(12), aad, 512)
    for (const primitives of [nodePrimitives, sodiumPrimitives])
      for (const key of [one.slice(32), other.slice(32)])
        expect(primitives.open(key, new Uint8Array(12), aad, forged), "the forgery itself").to.not.equal(null)
    const sealedBody = concatBytes(salt, one.slice(0, 32), forged)
    const rawMessage = encodeMessage({ ...message, sealedBody })
    const head = {
      meetingHash,
      chains: [alice.links],
      messages: [{ chain: 0, content: { rawMessage, secret: second } }],
    }
    expect(failure(head)).to.deep.equal(["cannot-open", "message 0"])
  })

  it("OP12: sealed anew by whoever opens it, it does not fit what its device wrote next", () => {
    const alice = authorNamed("alice")
    const said = [
      [alice, textContent("one")],
      [alice, textContent("two")],
    ] as const
    const { meetingHash, messages, keys } = sampleChat(said)
    const [one, two] = messages as [SampleMessage, SampleMessage]
    const resealed = resealedOf(one, meetingHash, keys)
    expect(failure({ meetingHash, chains: [alice.links], messages: [sealedOf(resealed)] })[0]).to.equal("accepted")
    expect(
      failure({ meetingHash, chains: [alice.links], messages: [sealedOf(resealed), sealedOf(two)] }),
    ).to.deep.equal(["integrity", "message 1"])
  })

  it("OP12: no secret in it opens another message, and it has no other secret", () => {
    const alice = authorNamed("alice")
    const { meetingHash, keys, messages } = sampleChat(
      Array.from({ length: 12 }, (_, index) => [alice, textContent(`message ${index}`)] as const),
    )
    const opened = [1, 2, 7]
    const raw = encodeOpeningHead({
      meetingHash,
      chains: [alice.links],
      messages: opened.map((index) => sealedOf(messages[index]!)),
    })
    const secrets = messages.map(({ raw: message }) => messageSecret(decodeMessage(message), meetingHash, keys))
    const found = secrets.flatMap((secret, index) => (Buffer.from(raw).includes(Buffer.from(secret)) ? [index] : []))
    expect(found).to.deep.equal(opened)
    for (const key of [keys.secret, keys.chatKey, keys.logKey])
      expect(Buffer.from(raw).includes(Buffer.from(key))).to.equal(false)
    // Every 32 bytes of it, tried on every message, opens those that are chosen and no other.
    const targets = messages.map(({ raw: message }) => decodeMessage(message))
    const opens = new Set<number>()
    for (let at = 0; at + 32 <= raw.length; at++)
      for (const [index, target] of targets.entries())
        if (doesOpen(() => openMessageBySecret(target, meetingHash, raw.subarray(at, at + 32)))) opens.add(index)
    expect([...opens].sort((a, b) => a - b)).to.deep.equal(opened)
  })

  it("OP13: they are found in a production's chat, and one that lacks or replaces one is refused", async () => {
    const { path, remove } = await temporaryFolder()
    const alice = authorNamed("alice")
    const { meetingHash, messages, keys } = sampleChat([
      [alice, textContent("one")],
      [alice, textContent("two", { mentions: [bytesOf("m")] })],
    ])
    const [one, two] = messages as [SampleMessage, SampleMessage]
    const opening = checked({
      meetingHash,
      chains: [alice.links],
      messages: [sealedOf(one), fieldsShown(two, ["text"])],
    })
    let count = 0
    const found = async (raws: readonly Uint8Array[]): Promise<unknown> => {
      const folder = join(path, String(count++))
      await mkdir(join(folder, "data"), { recursive: true })
      const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")
      const lines = raws.map((raw, seq) => {
        const { meetingId, messageId } = decodeMessage(raw)
        const row = { meeting_id: base64(meetingId), seq, message_id: base64(messageId), message: base64(raw) }
        return `${JSON.stringify({ table: "messages", row })}\n`
      })
      await writeFile(join(folder, "data", "records.jsonl"), lines.join(""))
      return await findInProduction(productionFolder(folder), opening).catch((error: unknown) =>
        isArchiveError(error) ? [error.code, error.place] : error,
      )
    }
    const other = sampleChat([[alice, textContent("one")]], "another meeting").messages[0]!.raw
    expect(await found([other, one.raw, two.raw])).to.deep.equal({ in: "chat", seqs: [1, 2] })
    expect(await found([one.raw])).to.deep.equal(["not-found", "message 1"])
    expect(await found([resealedOf(one, meetingHash, keys).raw, two.raw])).to.deep.equal(["integrity", "message 0"])
    await remove()
  })
})

function doesOpen(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch {
    return false
  }
}
