import { hpkeSealWithCoins } from "../../../client/crypto/hpke.js"
import { sealRecord } from "../../../client/crypto/committed-seal.js"
import { deriveFromSeed } from "../../../client/crypto/account-keys.js"
import { inviteLinkId, openInviteLink, sealInviteLink } from "../../../client/crypto/invite-link.js"
import { makeOfferBox, openOfferBox } from "../../../client/crypto/offer-box.js"
import { verifySignature, xwingPublicKey } from "../../../client/crypto/sodium.js"
import { makeEnvelope } from "../../../shared/protocol/envelope.js"
import {
  encodeInviteLink,
  formatInviteUrl,
  type InviteLink,
  openInviteLinkEnvelope,
  parseInviteUrl,
} from "../../../shared/protocol/invite-link.js"
import { invitationInfo } from "../../../shared/protocol/invitation.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { encodeOffer, type Offer, offerInfo, openOfferEnvelope } from "../../../shared/protocol/offer.js"
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
} from "./format.js"
import { textFormat } from "./texts.js"

const SECRET = bytesOf("secret of a link")

function sampleLink(): InviteLink {
  return {
    inviterGenesisHash: bytesOf("inviter"),
    inviterChainHead: bytesOf("inviter's head"),
    deviceKey: signerOf("inviter's device").publicKey,
    meetingHash: bytesOf("meeting hash"),
    instanceKey: signerOf("instance").publicKey,
    linkId: inviteLinkId(SECRET),
    expiresAtMs: SAMPLE_TIME_MS + 604_800_000,
    uses: 3,
    isPreApproved: false,
    timeMs: SAMPLE_TIME_MS,
    title: "Budget – März",
  }
}

function inviteLink(): Format {
  const material = encodeInviteLink(sampleLink())
  const assemble = (statement: Uint8Array): Uint8Array =>
    makeEnvelope(LABELS.signInviteLink, signerOf("inviter's device"), statement)
  const raw = assemble(material)
  return {
    name: "invite-link",
    section: "9.1",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.inviteLinkPaddedBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openInviteLinkEnvelope(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.inviteLinkPaddedBytes, assemble),
      ...envelopeRefusals(raw, [3], material, assemble),
      { name: "for 101 people", code: "malformed", raw: assemble(edit(material, [8], 101)) },
      { name: "a pre-approval that is a number", code: "malformed", raw: assemble(edit(material, [9], 1)) },
      { name: "a title of 513 bytes", code: "malformed", raw: assemble(edit(material, [11], "x".repeat(513))) },
    ],
  }
}

/** As a server keeps it. */
function sealedInviteLink(): Format {
  const made = inviteLink()
  const seal = (plaintext: Uint8Array, secret = SECRET): Uint8Array =>
    sealRecord(
      {
        key: deriveFromSeed(secret, LABELS.inviteLinkSeal),
        label: LABELS.inviteLink,
        context: inviteLinkId(secret),
        aad: NOTHING,
      },
      plaintext,
      seededBytes("salt of a link"),
    )
  const assemble = (statement: Uint8Array): Uint8Array => {
    const envelope = made.assemble(statement)
    return seal(
      envelope.length < LIMITS.inviteLinkPaddedBytes ? padTo(envelope, LIMITS.inviteLinkPaddedBytes) : envelope,
    )
  }
  const raw = sealInviteLink(sampleLink(), signerOf("inviter's device"), SECRET, seededBytes("salt of a link"))
  return {
    name: "invite-link-sealed",
    section: "9.1",
    codes: [...made.codes.filter((code) => code !== "too-large"), "cannot-open", "replayed"],
    limitBytes: LIMITS.inviteLinkBytes,
    vouched: true,
    material: made.material,
    assemble,
    decode: (given) => openInviteLink(given, SECRET),
    refusals: [
      { name: "nothing", code: "cannot-open", raw: NOTHING },
      { name: "one bit turned", code: "cannot-open", raw: flip(raw, -1) },
      {
        name: "under another secret",
        code: "cannot-open",
        raw: seal(padTo(made.assemble(made.material), LIMITS.inviteLinkPaddedBytes), bytesOf("another secret")),
      },
      { name: "padding of zeros alone", code: "malformed", raw: seal(new Uint8Array(LIMITS.inviteLinkPaddedBytes)) },
      {
        name: "what was signed for another link",
        code: "replayed",
        raw: assemble(edit(made.material, [6], bytesOf("another link"))),
      },
    ],
  }
}

function sampleOffer(): Offer {
  return {
    newcomerGenesisHash: bytesOf("newcomer"),
    newcomerChainHead: bytesOf("newcomer's head"),
    deviceKey: signerOf("newcomer's device").publicKey,
    recipientGenesisHash: sampleAccount("alice").secrets.genesisHash,
    linkId: inviteLinkId(SECRET),
    meetingHash: bytesOf("meeting hash"),
    instanceKey: signerOf("instance").publicKey,
    timeMs: SAMPLE_TIME_MS,
    name: "Zoë",
  }
}

function offer(): Format {
  const material = encodeOffer(sampleOffer())
  const assemble = (statement: Uint8Array): Uint8Array =>
    makeEnvelope(LABELS.signOffer, signerOf("newcomer's device"), statement)
  const raw = assemble(material)
  return {
    name: "offer",
    section: "9.2",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.invitationPaddedBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openOfferEnvelope(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.invitationPaddedBytes, assemble),
      ...envelopeRefusals(raw, [3], material, assemble),
      {
        name: "signed as an invitation",
        code: "bad-signature",
        raw: makeEnvelope(LABELS.signInvitation, signerOf("newcomer's device"), material),
      },
      { name: "a name of 129 bytes", code: "malformed", raw: assemble(edit(material, [9], "x".repeat(129))) },
    ],
  }
}

function offerBox(): Format {
  const { secrets } = sampleAccount("alice")
  const made = offer()
  const recipientPublicKey = xwingPublicKey(secrets.userSeeds[0]?.seed ?? NOTHING)
  const box = (plaintext: Uint8Array, info = offerInfo(secrets.genesisHash, 1)): Uint8Array =>
    hpkeSealWithCoins({ recipientPublicKey, info, plaintext }, bytesOf("coins of an offer", 64))
  const assemble = (statement: Uint8Array): Uint8Array => {
    const envelope = made.assemble(statement)
    return box(
      envelope.length < LIMITS.invitationPaddedBytes ? padTo(envelope, LIMITS.invitationPaddedBytes) : envelope,
    )
  }
  const raw = makeOfferBox(
    sampleOffer(),
    signerOf("newcomer's device"),
    { userPublicKey: recipientPublicKey, generation: 1 },
    () => bytesOf("coins of an offer", 64),
  )
  return {
    name: "offer-box",
    section: "9.2",
    codes: ["cannot-open", "malformed", "unsupported-version", "bad-signature", "not-authorised"],
    limitBytes: LIMITS.invitationBytes,
    vouched: true,
    material: made.material,
    assemble,
    decode: (given) => openOfferBox(given, secrets),
    refusals: [
      { name: "one bit turned", code: "cannot-open", raw: flip(raw, -1) },
      {
        name: "sealed as an invitation is",
        code: "cannot-open",
        raw: box(
          padTo(made.assemble(made.material), LIMITS.invitationPaddedBytes),
          invitationInfo(secrets.genesisHash, 1),
        ),
      },
      { name: "padding of zeros alone", code: "malformed", raw: box(new Uint8Array(LIMITS.invitationPaddedBytes)) },
      {
        name: "to somebody else",
        code: "not-authorised",
        raw: assemble(edit(made.material, [4], bytesOf("somebody else"))),
      },
    ],
  }
}

function inviteUrl(): Format {
  const text = formatInviteUrl("https://archive.example:8443/under", SECRET)
  return textFormat({
    name: "invite-url",
    section: "9.1",
    codes: ["malformed"],
    text,
    decode: parseInviteUrl,
    refusals: [
      ["nothing", "malformed", ""],
      ["without its secret", "malformed", text.slice(0, text.indexOf("#"))],
      ["a digit less", "malformed", text.slice(0, -1)],
      ["a digit more", "malformed", `${text}A`],
      ["another scheme", "malformed", text.replace("https:", "file:")],
      ["a query", "malformed", text.replace("/j/#", "/j/?#")],
    ],
  })
}

export function joiningFormats(): readonly Format[] {
  return [inviteLink(), sealedInviteLink(), offer(), offerBox(), inviteUrl()]
}
