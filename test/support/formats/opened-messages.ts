import { makeMessage, messageSecret } from "../../../client/crypto/message.js"
import { deriveEpochKeys, type EpochKeys } from "../../../client/crypto/epoch-keys.js"
import { openRecord, sealRecord } from "../../../client/crypto/committed-seal.js"
import { checkHead } from "../../../client/verifier/read-opening.js"
import { sha256, ZERO_HASH } from "../../../shared/protocol/hash.js"
import { asId } from "../../../shared/protocol/ids.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import {
  decodeMessage,
  decodeMessageBody,
  encodeMessage,
  encodeMessageBody,
  messageAad,
  messageContext,
  messageHash,
  type MessageBody,
} from "../../../shared/protocol/message.js"
import { type MessageContent, textContent } from "../../../shared/protocol/message-content.js"
import { decodeOpeningHead, encodeOpeningHead } from "../../../shared/protocol/opening.js"
import type { MessagesHead, OpenedMessage } from "../../../shared/protocol/opening-messages.js"
import { showField } from "../../../shared/protocol/statement.js"
import { SAMPLE_TIME_MS } from "./accounts.js"
import { bytesOf, commonRefusals, edit, flip, type Format, itemsOf, seededBytes, signerOf, valueAt } from "./format.js"
import { authorNamed, rawHeadOf, type SampleAuthor, withCheck } from "./openings.js"

/** Messages of one meeting, and all that opens them. */
export interface SampleChat {
  readonly meetingHash: Uint8Array
  readonly keys: EpochKeys
  readonly messages: readonly SampleMessage[]
}

export interface SampleMessage {
  readonly raw: Uint8Array
  readonly author: SampleAuthor
  readonly body: MessageBody
  readonly secret: Uint8Array
}

/** What somebody says, in the order in which it is said. */
export type Said = readonly [author: SampleAuthor, content: MessageContent]

export function sampleChat(said: readonly Said[], seed = "opened chat"): SampleChat {
  const meetingHash = bytesOf(`${seed} meeting`)
  const meetingId = asId("meeting", meetingHash.slice(0, 16))
  const keys = deriveEpochKeys(bytesOf(`${seed} epoch`), 3)
  const messages: SampleMessage[] = []
  for (const [index, [author, content]] of said.entries()) {
    const before = messages.filter((message) => message.author === author)
    const last = before.at(-1)
    const messageId = asId("message", bytesOf(`${seed} message ${index}`, 16))
    const raw = makeMessage(
      {
        meetingId,
        meetingHash,
        messageId,
        counter: before.length,
        prev: last === undefined ? ZERO_HASH : messageHash(last.raw),
        newestLogHash: bytesOf("newest event"),
        replaces: [],
        timeMs: SAMPLE_TIME_MS + index * 1_000,
        content,
      },
      keys,
      {
        genesisHash: sha256(author.links[0] ?? ZERO_HASH),
        chainHead: sha256(author.links.at(-1) ?? ZERO_HASH),
        signer: author.signer,
      },
      seededBytes(`${seed} seal ${index}`),
    )
    const message = decodeMessage(raw)
    const place = {
      key: keys.chatKey,
      label: LABELS.chat,
      context: messageContext(meetingHash, message),
      aad: messageAad(message),
    }
    const body = decodeMessageBody(openRecord(place, message.sealedBody))
    messages.push({ raw, author, body, secret: messageSecret(message, meetingHash, keys) })
  }
  return { meetingHash, keys, messages }
}

/** The same signed body under another salt, as whoever holds the chat's key can seal it. */
export function resealedOf(message: SampleMessage, meetingHash: Uint8Array, keys: EpochKeys): SampleMessage {
  const decoded = decodeMessage(message.raw)
  const place = {
    key: keys.chatKey,
    label: LABELS.chat,
    context: messageContext(meetingHash, decoded),
    aad: messageAad(decoded),
  }
  const sealedBody = sealRecord(place, encodeMessageBody(message.body), seededBytes("another salt"))
  const raw = encodeMessage({ ...decoded, sealedBody })
  return { ...message, raw, secret: messageSecret(decodeMessage(raw), meetingHash, keys) }
}

/** As it was sealed. */
export function sealedOf({ raw, secret }: SampleMessage, chain = 0): OpenedMessage {
  return { chain, content: { rawMessage: raw, secret } }
}

/** Some of its fields. */
export function fieldsShown({ body }: SampleMessage, names: readonly string[], chain = 0): OpenedMessage {
  return { chain, content: { shown: names.map((name) => showField(body, name)) } }
}

/** Two of Alice's as sealed, one of Bob's by its text alone. */
export function sampleMessagesHead(): MessagesHead {
  const [alice, bob] = [authorNamed("alice"), authorNamed("bob")]
  const { meetingHash, messages } = sampleChat([
    [alice, textContent("Shall we *begin*?")],
    [alice, textContent("We begin.")],
    [bob, textContent("Without me?", { mentions: [bytesOf("somebody")] })],
  ])
  const [first, second, third] = messages as [SampleMessage, SampleMessage, SampleMessage]
  return {
    meetingHash,
    chains: [alice.links, bob.links],
    messages: [sealedOf(first), sealedOf(second), fieldsShown(third, ["text"], 1)],
  }
}

/** Of kind messages: all of it is in the head. */
export function openingOfMessages(): Format {
  const head = sampleMessagesHead()
  const material = rawHeadOf(encodeOpeningHead(head))
  const raw = withCheck(material)
  const at = (path: readonly number[]) => valueAt(material, path)
  const put = (path: readonly number[], value: Parameters<typeof edit>[2]): Uint8Array =>
    withCheck(edit(material, path, value))
  const messages = itemsOf(at([2]))
  const stranger = { ...authorNamed("alice"), signer: signerOf("a device") }
  const [foreign] = sampleChat([[stranger, textContent("I am Alice.")]]).messages as [SampleMessage]
  const longer = [...head.chains[0]!, ...head.chains[1]!]
  return {
    name: "opening-messages",
    section: "18",
    codes: [
      ...(["malformed", "too-large", "unsupported-version", "integrity", "bad-signature", "bad-chain"] as const),
      ...(["not-authorised", "cannot-open"] as const),
    ],
    limitBytes: LIMITS.openingHeadBytes,
    vouched: true,
    material,
    assemble: withCheck,
    decode: (given) => checkHead(decodeOpeningHead(given)),
    refusals: [
      { name: "one bit turned", code: "integrity", raw: flip(raw, 40) },
      ...commonRefusals(raw, material, LIMITS.openingHeadBytes, withCheck).slice(3),
      { name: "no message", code: "malformed", raw: put([2], []) },
      { name: "no chain", code: "malformed", raw: put([3], []) },
      { name: "one message twice", code: "malformed", raw: put([2], [...messages, messages[0]!]) },
      { name: "a chain that is not there", code: "malformed", raw: put([2, 0, 0], 2) },
      { name: "neither fields nor sealed", code: "malformed", raw: put([2, 2, 1], null) },
      { name: "both", code: "malformed", raw: put([2, 2, 2], at([2, 0, 2])) },
      { name: "a secret of 31 bytes", code: "malformed", raw: put([2, 0, 2, 1], bytesOf("secret", 31)) },
      { name: "another message's secret", code: "cannot-open", raw: put([2, 0, 2, 1], at([2, 1, 2, 1])) },
      {
        name: "a sealed message with one bit turned",
        code: "cannot-open",
        raw: put([2, 0, 2, 0], flip(at([2, 0, 2, 0]) as Uint8Array, -1)),
      },
      { name: "the hash of another meeting", code: "cannot-open", raw: put([4], bytesOf("another meeting")) },
      {
        name: "fields of two messages as one's",
        code: "malformed",
        raw: put(
          [2, 2, 1],
          [
            at([2, 2, 1, 0]),
            showField(sampleChat([[authorNamed("bob"), textContent("x")]], "2").messages[0]!.body, "text"),
          ],
        ),
      },
      { name: "a field twice", code: "malformed", raw: put([2, 2, 1], [at([2, 2, 1, 0]), at([2, 2, 1, 0])]) },
      {
        name: "a field with another salt",
        code: "bad-signature",
        raw: put([2, 2, 1, 0], edit(at([2, 2, 1, 0]) as Uint8Array, [4], bytesOf("another salt"))),
      },
      { name: "another author's chain", code: "bad-chain", raw: put([2, 0, 0], 1) },
      {
        name: "signed by another device than the author's",
        code: "not-authorised",
        raw: withCheck(rawHeadOf(encodeOpeningHead({ ...head, messages: [fieldsShown(foreign, ["text"])] }))),
      },
      { name: "a chain of two accounts", code: "bad-chain", raw: put([3, 0], longer) },
      { name: "a chain that no message needs", code: "bad-chain", raw: put([2], messages.slice(0, 2)) },
    ],
  }
}
