import { openRecord, sealRecord, type SealPlace } from "../../../client/crypto/committed-seal.js"
import { hpkeOpen, hpkeSealWithCoins } from "../../../client/crypto/hpke.js"
import { makeInvitationBox, openInvitationBox } from "../../../client/crypto/invitation-box.js"
import { xwingPublicKey, verifySignature } from "../../../client/crypto/sodium.js"
import { concatBytes, utf8 } from "../../../shared/protocol/bytes.js"
import { makeEnvelope } from "../../../shared/protocol/envelope.js"
import { ZERO_HASH } from "../../../shared/protocol/hash.js"
import {
  encodeInvitation,
  type Invitation,
  invitationInfo,
  openInvitationEnvelope,
} from "../../../shared/protocol/invitation.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { padTo } from "../../../shared/protocol/padding.js"
import { sampleAccount, SAMPLE_TIME_MS } from "./accounts.js"
import {
  bytesOf,
  commonRefusals,
  edit,
  envelopeRefusals,
  flip,
  type Format,
  NOTHING,
  seededBytes,
  signerOf,
  valueAt,
} from "./format.js"

const place: SealPlace = {
  key: bytesOf("seal key"),
  label: LABELS.keyring,
  context: bytesOf("context", 40),
  aad: utf8("visible fields"),
}

function committedSeal(): Format {
  const material = bytesOf("plaintext", 300)
  const assemble = (plaintext: Uint8Array, where = place): Uint8Array =>
    sealRecord(where, plaintext, seededBytes("salt of a seal"))
  const raw = assemble(material)
  return {
    name: "committed-seal",
    section: "2",
    codes: ["cannot-open"],
    limitBytes: 1_024,
    vouched: true,
    material,
    assemble: (plaintext) => assemble(plaintext),
    decode: (given) => openRecord(place, given),
    refusals: [
      { name: "nothing", code: "cannot-open", raw: NOTHING },
      { name: "no padded block", code: "cannot-open", raw: raw.slice(0, 80) },
      { name: "a salt with one bit turned", code: "cannot-open", raw: flip(raw, 0) },
      { name: "a commitment with one bit turned", code: "cannot-open", raw: flip(raw, 32) },
      { name: "a ciphertext with one bit turned", code: "cannot-open", raw: flip(raw, 64) },
      { name: "a tag with one bit turned", code: "cannot-open", raw: flip(raw, -1) },
      { name: "cut short by a block", code: "cannot-open", raw: raw.slice(0, -256) },
      { name: "longer by a block", code: "cannot-open", raw: concatBytes(raw, new Uint8Array(256)) },
      { name: "another key", code: "cannot-open", raw: assemble(material, { ...place, key: bytesOf("another key") }) },
      { name: "another label", code: "cannot-open", raw: assemble(material, { ...place, label: LABELS.event }) },
      {
        name: "another context",
        code: "cannot-open",
        raw: assemble(material, { ...place, context: bytesOf("another context", 40) }),
      },
      {
        name: "other visible fields",
        code: "cannot-open",
        raw: assemble(material, { ...place, aad: utf8("other visible fields") }),
      },
    ],
  }
}

function hpkeBox(): Format {
  const seed = bytesOf("X-Wing seed")
  const [info, aad] = [utf8("info"), utf8("aad")]
  const seal = (
    plaintext: Uint8Array,
    changed: { readonly info?: Uint8Array; readonly aad?: Uint8Array; readonly seed?: Uint8Array } = {},
  ): Uint8Array =>
    hpkeSealWithCoins(
      {
        recipientPublicKey: xwingPublicKey(changed.seed ?? seed),
        info: changed.info ?? info,
        aad: changed.aad ?? aad,
        plaintext,
      },
      bytesOf("coins", 64),
    )
  const material = bytesOf("user seed")
  const raw = seal(material)
  return {
    name: "hpke-box",
    section: "1",
    codes: ["cannot-open"],
    limitBytes: 4_096,
    vouched: true,
    material,
    assemble: (plaintext) => seal(plaintext),
    decode: (given) => hpkeOpen(seed, info, given, aad),
    refusals: [
      { name: "nothing", code: "cannot-open", raw: NOTHING },
      { name: "an encapsulated key alone", code: "cannot-open", raw: raw.slice(0, 1_120) },
      { name: "an ML-KEM part with one bit turned", code: "cannot-open", raw: flip(raw, 0) },
      { name: "an X25519 part with one bit turned", code: "cannot-open", raw: flip(raw, 1_100) },
      { name: "a tag with one bit turned", code: "cannot-open", raw: flip(raw, -1) },
      { name: "to another key", code: "cannot-open", raw: seal(material, { seed: bytesOf("another seed") }) },
      { name: "for another purpose", code: "cannot-open", raw: seal(material, { info: utf8("another purpose") }) },
      { name: "with other visible fields", code: "cannot-open", raw: seal(material, { aad: utf8("other") }) },
    ],
  }
}

function sampleInvitation(): Invitation {
  return {
    inviterGenesisHash: bytesOf("inviter"),
    inviterChainHead: bytesOf("inviter's head"),
    deviceKey: signerOf("inviter's device").publicKey,
    recipientGenesisHash: sampleAccount("alice").secrets.genesisHash,
    meetingHash: bytesOf("meeting hash"),
    epoch: 1,
    base: bytesOf("base"),
    eventHash: bytesOf("event hash"),
    epochSecret: bytesOf("epoch secret"),
    adminSeed: ZERO_HASH,
    instanceKey: signerOf("instance").publicKey,
    timeMs: SAMPLE_TIME_MS,
    title: "Budget – März",
  }
}

function invitation(): Format {
  const signer = signerOf("inviter's device")
  const material = encodeInvitation(sampleInvitation())
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signInvitation, signer, statement)
  const raw = assemble(material)
  return {
    name: "invitation",
    section: "9",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.invitationPaddedBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openInvitationEnvelope(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.invitationPaddedBytes, assemble),
      ...envelopeRefusals(raw, [3], material, assemble),
      { name: "a title of 513 bytes", code: "malformed", raw: assemble(edit(material, [13], "x".repeat(513))) },
      { name: "a secret of 31 bytes", code: "malformed", raw: assemble(edit(material, [9], bytesOf("secret", 31))) },
    ],
  }
}

function invitationBox(): Format {
  const { secrets } = sampleAccount("alice")
  const signer = signerOf("inviter's device")
  const recipientPublicKey = xwingPublicKey(secrets.userSeeds[0]?.seed ?? NOTHING)
  const box = (plaintext: Uint8Array): Uint8Array =>
    hpkeSealWithCoins(
      { recipientPublicKey, info: invitationInfo(secrets.genesisHash, 1), plaintext },
      bytesOf("coins of an invitation", 64),
    )
  const made = invitation()
  const assemble = (statement: Uint8Array): Uint8Array => {
    const envelope = makeEnvelope(LABELS.signInvitation, signer, statement)
    return box(
      envelope.length < LIMITS.invitationPaddedBytes ? padTo(envelope, LIMITS.invitationPaddedBytes) : envelope,
    )
  }
  const raw = makeInvitationBox(sampleInvitation(), signer, { userPublicKey: recipientPublicKey, generation: 1 }, () =>
    bytesOf("coins of an invitation", 64),
  )
  return {
    name: "invitation-box",
    section: "9",
    codes: ["cannot-open", "malformed", "unsupported-version", "bad-signature", "not-authorised"],
    limitBytes: LIMITS.invitationBytes,
    vouched: true,
    material: made.material,
    assemble,
    decode: (given) => openInvitationBox(given, secrets),
    refusals: [
      { name: "nothing", code: "cannot-open", raw: NOTHING },
      { name: "one bit turned", code: "cannot-open", raw: flip(raw, -1) },
      { name: "padding of zeros alone", code: "malformed", raw: box(new Uint8Array(LIMITS.invitationPaddedBytes)) },
      { name: "version 2", code: "unsupported-version", raw: assemble(edit(made.material, [0], 2)) },
      {
        name: "signed by another device",
        code: "bad-signature",
        raw: box(
          padTo(
            makeEnvelope(LABELS.signInvitation, signerOf("somebody else"), made.material),
            LIMITS.invitationPaddedBytes,
          ),
        ),
      },
      {
        name: "for somebody else",
        code: "not-authorised",
        raw: assemble(edit(made.material, [4], bytesOf("somebody else"))),
      },
      {
        name: "a statement in place of its envelope",
        code: "malformed",
        raw: box(padTo(valueAt(made.assemble(made.material), [2]) as Uint8Array, LIMITS.invitationPaddedBytes)),
      },
    ],
  }
}

export function sealFormats(): readonly Format[] {
  return [committedSeal(), hpkeBox(), invitation(), invitationBox()]
}
