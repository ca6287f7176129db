import { sealRecord } from "../../../client/crypto/committed-seal.js"
import { deriveEpochKeys } from "../../../client/crypto/epoch-keys.js"
import { openPresence } from "../../../client/crypto/presence.js"
import { concatBytes, u64, utf8 } from "../../../shared/protocol/bytes.js"
import { makeEnvelope, type Signer } from "../../../shared/protocol/envelope.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { padTo } from "../../../shared/protocol/padding.js"
import { encodePresence, PRESENCE_BYTES, PRESENCE_PLAINTEXT_BYTES } from "../../../shared/protocol/presence.js"
import { bytesOf, edit, flip, type Format, NOTHING, seededBytes, signerOf } from "./format.js"

export function presenceFormats(): readonly Format[] {
  const keys = deriveEpochKeys(bytesOf("presence epoch"), 7)
  const meetingHash = bytesOf("presence meeting")
  const signer = signerOf("a device that is here")
  const other = signerOf("another device")
  const material = encodePresence({
    meetingHash,
    epoch: 7,
    authorGenesisHash: bytesOf("presence author"),
    authorChainHead: bytesOf("presence head"),
    deviceKey: signer.publicKey,
    session: bytesOf("presence session", 16),
    counter: 3,
    timeMs: 1_800_000_000_000,
    type: "typing",
    body: utf8("what it means is the type's"),
  })
  const assemble = (statement: Uint8Array, by: Signer = signer): Uint8Array => {
    const envelope = makeEnvelope(LABELS.signPresence, by, statement)
    const isFitting = envelope.length < PRESENCE_PLAINTEXT_BYTES
    return sealRecord(
      {
        key: keys.presenceKey,
        label: LABELS.presence,
        context: concatBytes(meetingHash, u64(7)),
        aad: new Uint8Array(0),
      },
      isFitting ? padTo(envelope, PRESENCE_PLAINTEXT_BYTES) : envelope,
      seededBytes("salt of presence"),
    )
  }
  return [
    {
      name: "presence",
      section: "11.2",
      codes: ["malformed", "cannot-open", "bad-signature", "unsupported-version"],
      limitBytes: PRESENCE_BYTES,
      vouched: true,
      material,
      assemble: (statement) => assemble(statement),
      decode: (raw) => openPresence(keys, meetingHash, raw),
      refusals: [
        { name: "nothing", code: "malformed", raw: NOTHING },
        { name: "a seal with one bit turned", code: "cannot-open", raw: flip(assemble(material), 70) },
        { name: "version 2", code: "unsupported-version", raw: assemble(edit(material, [0], 2)) },
        { name: "of another meeting", code: "bad-signature", raw: assemble(edit(material, [1], bytesOf("M"))) },
        { name: "of another epoch", code: "bad-signature", raw: assemble(edit(material, [2], 6)) },
        {
          name: "that names another device",
          code: "bad-signature",
          raw: assemble(edit(material, [5], other.publicKey)),
        },
        { name: "signed by another device", code: "bad-signature", raw: assemble(material, other) },
        { name: "a session of 15 bytes", code: "malformed", raw: assemble(edit(material, [6], bytesOf("S", 15))) },
        { name: "a counter that is no number", code: "malformed", raw: assemble(edit(material, [7], null)) },
        { name: "no type", code: "malformed", raw: assemble(edit(material, [9], "")) },
        { name: "a type of 33 bytes", code: "malformed", raw: assemble(edit(material, [9], "x".repeat(33))) },
        { name: "a body of 513 bytes", code: "malformed", raw: assemble(edit(material, [10], bytesOf("B", 513))) },
        { name: "a body that is a text", code: "malformed", raw: assemble(edit(material, [10], "here")) },
      ],
    },
  ]
}
