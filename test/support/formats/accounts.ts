import {
  createAccount,
  makeDevice,
  makeRecoveryPhrase,
  type NewAccount,
  publicKeysOf,
  recoveryDeviceOfPhrase,
  keyringKey,
  newestUserSeed,
} from "../../../client/crypto/account-keys.js"
import {
  makeAddDevice,
  makeClose,
  makeRenameDevice,
  makeReplaceRecovery,
  makeRevokeDevices,
} from "../../../client/crypto/account-links.js"
import { EMPTY_KEYRING, makeKeyringRecord, openKeyringRecords } from "../../../client/crypto/keyring-record.js"
import { openSnapshot } from "../../../client/crypto/keyring-snapshot.js"
import { sealRecord } from "../../../client/crypto/committed-seal.js"
import { createKeystoreLock, openKeystore } from "../../../client/crypto/keystore.js"
import { verifySignature } from "../../../client/crypto/sodium.js"
import { concatBytes, equalBytes, u64 } from "../../../shared/protocol/bytes.js"
import { type CborValue, decodeCbor, encodeCbor } from "../../../shared/protocol/cbor.js"
import { makeEnvelope, type Signer, type VerifySignature } from "../../../shared/protocol/envelope.js"
import { sha256, ZERO_HASH } from "../../../shared/protocol/hash.js"
import { decodeKeyringRecord, encodeKeyringStatement, openKeyringEnvelope } from "../../../shared/protocol/keyring.js"
import { entryBody, type KeyringEntry, readEntry } from "../../../shared/protocol/keyring-entry.js"
import { LABELS } from "../../../shared/protocol/labels.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { formatCard, parseCard } from "../../../shared/protocol/card.js"
import { verifyChain } from "../../../shared/protocol/chain.js"
import { countersignedBytes, encodeLink } from "../../../shared/protocol/link.js"
import {
  bytesOf,
  commonRefusals,
  edit,
  envelopeRefusals,
  flip,
  type Format,
  nativeSignerOf,
  NOTHING,
  type Refusal,
  seededBytes,
  signerOf,
  unchanged,
  valueAt,
} from "./format.js"
import { textFormat } from "./texts.js"

export const SAMPLE_TIME_MS = 1_790_000_000_000

/** The same account in every run. */
export function sampleAccount(name: string): NewAccount {
  return createAccount({
    deviceName: `device of ${name}`,
    nowMs: SAMPLE_TIME_MS,
    random: seededBytes(`account of ${name}`),
  })
}

/** The user key of {@link sampleAccount} for alice. */
export function sampleUserPublicKey(): Uint8Array {
  const statement = valueAt(valueAt(sampleAccount("alice").genesisLink, [0]) as Uint8Array, [2]) as Uint8Array
  return valueAt(statement, [6, 2, 1]) as Uint8Array
}

function link(): Format {
  const account = sampleAccount("alice")
  const raw = account.genesisLink
  const [device, recovery] = [
    nativeSignerOf(account.secrets.device.ed25519Seed),
    nativeSignerOf(recoveryDeviceOfPhrase(account.recoveryPhrase).ed25519Seed),
  ]
  const rawEnvelope = valueAt(raw, [0]) as Uint8Array
  const material = valueAt(rawEnvelope, [2]) as Uint8Array
  const signedBy = (statement: Uint8Array, signer: Signer, added: readonly Signer[]): Uint8Array =>
    encodeLink(
      makeEnvelope(LABELS.signLink, signer, statement),
      added.map((key) => ({ key: key.publicKey, signature: key.sign(countersignedBytes(statement)) })),
    )
  const assemble = (statement: Uint8Array): Uint8Array => signedBy(statement, device, [device, recovery])
  const inEnvelope = (refusal: Refusal): Refusal => ({ ...refusal, raw: edit(raw, [0], refusal.raw) })
  return {
    name: "link",
    section: "5.1",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature", "bad-chain"],
    limitBytes: LIMITS.linkBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => verifyChain([given], verifySignature),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.linkBytes, assemble),
      ...envelopeRefusals(rawEnvelope, [4], material, (statement) =>
        makeEnvelope(LABELS.signLink, device, statement),
      ).map(inEnvelope),
      { name: "another type", code: "unsupported-version", raw: assemble(edit(material, [1], "split")) },
      { name: "a type with another body", code: "malformed", raw: assemble(edit(material, [1], "add-device")) },
      { name: "seq 1", code: "bad-chain", raw: assemble(edit(material, [2], 1)) },
      { name: "a prev", code: "bad-chain", raw: assemble(edit(material, [3], bytesOf("prev"))) },
      {
        name: "signed by the recovery device",
        code: "bad-signature",
        raw: signedBy(material, recovery, [device, recovery]),
      },
      {
        name: "no countersignature of the recovery device",
        code: "malformed",
        raw: signedBy(material, device, [device]),
      },
      {
        name: "countersignatures in the other order",
        code: "bad-signature",
        raw: signedBy(material, device, [recovery, device]),
      },
      {
        name: "a countersignature with one bit turned",
        code: "bad-signature",
        raw: edit(raw, [1, 1, 1], flip(valueAt(raw, [1, 1, 1]) as Uint8Array, 3)),
      },
      {
        name: "one X-Wing key twice",
        code: "bad-chain",
        raw: assemble(edit(material, [6, 1, 1], valueAt(material, [6, 0, 1]))),
      },
      {
        name: "one Ed25519 key twice",
        code: "bad-chain",
        raw: assemble(edit(edit(material, [6, 1, 0], device.publicKey), [6, 3, 1, 0], device.publicKey)),
      },
      { name: "a user key of generation 2", code: "bad-chain", raw: assemble(edit(material, [6, 2, 0], 2)) },
      {
        name: "a box for somebody else",
        code: "bad-chain",
        raw: assemble(edit(material, [6, 3, 0, 0], signerOf("somebody else").publicKey)),
      },
    ],
  }
}

/** `again` takes what `once` found right without verifying it anew: the links before are the same in every decoding. */
function rememberingVerifier(): { readonly once: VerifySignature; readonly again: VerifySignature } {
  const right: (readonly Uint8Array[])[] = []
  return {
    once: (...signed) => {
      const isRight = verifySignature(...signed)
      if (isRight) right.push(signed)
      return isRight
    },
    again: (...signed) =>
      right.some((known) => known.every((part, index) => equalBytes(part, signed[index] ?? NOTHING))) ||
      verifySignature(...signed),
  }
}

type LaterLink = "add-device" | "rename-device" | "revoke-devices" | "replace-recovery" | "close"

/** A link behind a genesis and a second device, as the first device signs it. */
function laterLink(type: LaterLink): Format {
  const account = sampleAccount("alice")
  const [userSeed] = account.secrets.userSeeds
  if (userSeed === undefined) throw new Error("no user seed")
  const device = nativeSignerOf(account.secrets.device.ed25519Seed)
  const ambient = { nowMs: SAMPLE_TIME_MS, random: seededBytes(`links of ${type}`) }
  const [second, third] = [makeDevice(ambient.random), makeDevice(ambient.random)]
  const recovery = makeRecoveryPhrase(ambient.random).device
  const begun = verifyChain([account.genesisLink], verifySignature)
  const add = makeAddDevice(begun, device, userSeed, { secrets: second, name: "second" }, ambient).link
  const links = [account.genesisLink, add]
  const verify = rememberingVerifier()
  const chain = verifyChain(links, verify.once)
  const { ed25519 } = publicKeysOf(second)
  const made: Record<LaterLink, () => { readonly link: Uint8Array; readonly added: readonly Signer[] }> = {
    "add-device": () => ({
      ...makeAddDevice(chain, device, userSeed, { secrets: third, name: "third" }, ambient),
      added: [nativeSignerOf(third.ed25519Seed)],
    }),
    "rename-device": () => ({
      ...makeRenameDevice(chain, device, userSeed, ed25519, "renamed", ambient),
      added: [],
    }),
    "revoke-devices": () => ({ ...makeRevokeDevices(chain, device, userSeed, [ed25519], ambient), added: [] }),
    "replace-recovery": () => ({
      ...makeReplaceRecovery(chain, device, userSeed, recovery, ambient),
      added: [nativeSignerOf(recovery.ed25519Seed)],
    }),
    close: () => ({ ...makeClose(chain, device, ambient), added: [] }),
  }
  const { link: raw, added } = made[type]()
  const rawEnvelope = valueAt(raw, [0]) as Uint8Array
  const material = valueAt(rawEnvelope, [2]) as Uint8Array
  const signedBy = (statement: Uint8Array, signer: Signer): Uint8Array =>
    encodeLink(
      makeEnvelope(LABELS.signLink, signer, statement),
      added.map((key) => ({ key: key.publicKey, signature: key.sign(countersignedBytes(statement)) })),
    )
  const assemble = (statement: Uint8Array): Uint8Array => signedBy(statement, device)
  const stranger = signerOf("somebody else")
  return {
    name: `link-${type}`,
    section: "5.1",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature", "bad-chain"],
    limitBytes: LIMITS.linkBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => verifyChain([...links, given], verify.again),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.linkBytes, assemble),
      { name: "another type", code: "unsupported-version", raw: assemble(edit(material, [1], "split")) },
      { name: "another seq", code: "bad-chain", raw: assemble(edit(material, [2], 3)) },
      { name: "another prev", code: "bad-chain", raw: assemble(edit(material, [3], bytesOf("prev"))) },
      {
        name: "a signer who is no device",
        code: "bad-signature",
        raw: signedBy(edit(material, [4], stranger.publicKey), stranger),
      },
      { name: "another signer than it names", code: "bad-signature", raw: signedBy(material, stranger) },
    ],
  }
}

/** The same account, to a client that pinned another chain. */
function pinnedLink(): Format {
  const made = link()
  const genesisHash = sha256(sampleAccount("alice").genesisLink)
  return {
    ...made,
    name: "link-pinned",
    codes: [...made.codes, "fork"],
    decode: (given) =>
      verifyChain([given], verifySignature, { genesisHash, seq: 0, headHash: genesisHash, isVerified: false }),
    refusals: [...made.refusals, { name: "another account", code: "fork", raw: sampleAccount("mallory").genesisLink }],
  }
}

const pinEntry = {
  type: "pin",
  genesisHash: bytesOf("genesis hash"),
  seq: 0,
  chainHead: bytesOf("chain head"),
  how: "card",
} as const

function keyringRecord(): Format {
  const { secrets } = sampleAccount("alice")
  const raw = makeKeyringRecord(secrets, EMPTY_KEYRING, pinEntry, {
    timeMs: SAMPLE_TIME_MS,
    random: seededBytes("keyring record"),
  }).rawRecord
  return {
    name: "keyring-record",
    section: "5.4",
    codes: ["malformed", "too-large", "unsupported-version"],
    limitBytes: LIMITS.keyringRecordBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: decodeKeyringRecord,
    refusals: [
      ...commonRefusals(raw, raw, LIMITS.keyringRecordBytes, unchanged),
      { name: "a prev of 31 bytes", code: "malformed", raw: edit(raw, [2], bytesOf("prev", 31)) },
      { name: "a seal that is too short", code: "malformed", raw: edit(raw, [4], bytesOf("seal", 335)) },
    ],
  }
}

/** A record as its account opens it: the seal made again around a wrong statement too. */
function openedKeyringRecord(): Format {
  const { secrets, genesisLink } = sampleAccount("alice")
  const chain = verifyChain([genesisLink], verifySignature)
  const made = keyringRecord()
  return {
    ...made,
    name: "keyring-record-opened",
    vouched: true,
    codes: [...made.codes, "bad-chain", "cannot-open"],
    decode: (given) => openKeyringRecords(secrets, chain, EMPTY_KEYRING, [given]),
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      { name: "version 2", code: "unsupported-version", raw: edit(made.material, [0], 2) },
      { name: "seq 1", code: "bad-chain", raw: edit(made.material, [1], 1) },
      { name: "another prev", code: "bad-chain", raw: edit(made.material, [2], bytesOf("prev")) },
      { name: "a generation that the device does not hold", code: "cannot-open", raw: edit(made.material, [3], 2) },
      {
        name: "a seal with one bit turned",
        code: "cannot-open",
        raw: edit(made.material, [4], flip(valueAt(made.material, [4]) as Uint8Array, 70)),
      },
      {
        name: "the record of another account",
        code: "cannot-open",
        raw: makeKeyringRecord(sampleAccount("mallory").secrets, EMPTY_KEYRING, pinEntry, {
          timeMs: 0,
          random: seededBytes("mallory's record"),
        }).rawRecord,
      },
    ],
  }
}

function keyringStatement(): Format {
  const { secrets } = sampleAccount("alice")
  const signer = nativeSignerOf(secrets.device.ed25519Seed)
  const statementOf = (entry: Parameters<typeof encodeKeyringStatement>[0]["entry"]): Uint8Array =>
    encodeKeyringStatement({
      genesisHash: secrets.genesisHash,
      seq: 0,
      prev: ZERO_HASH,
      deviceKey: signer.publicKey,
      timeMs: SAMPLE_TIME_MS,
      entry,
    })
  const material = statementOf({
    type: "meeting",
    meetingHash: bytesOf("meeting hash"),
    epoch: 3,
    eventHash: bytesOf("event hash"),
    epochSecret: bytesOf("epoch secret"),
    adminSeed: null,
    title: null,
  })
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signKeyring, signer, statement)
  const raw = assemble(material)
  return {
    name: "keyring-statement",
    section: "5.4",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.keyringRecordBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openKeyringEnvelope(given, verifySignature),
    refusals: [
      ...commonRefusals(raw, material, LIMITS.keyringRecordBytes, assemble),
      ...envelopeRefusals(raw, [4], material, assemble),
      {
        name: "a pin of unknown source",
        code: "malformed",
        raw: assemble(edit(statementOf(pinEntry), [7, 3], "rumour")),
      },
      { name: "an epoch above 2^32-1", code: "malformed", raw: assemble(edit(material, [7, 1], 2 ** 32)) },
    ],
  }
}

/** As {@link keyringStatement}, of a meeting with its title. */
function keyringMeeting(): Format {
  const { secrets } = sampleAccount("alice")
  const signer = nativeSignerOf(secrets.device.ed25519Seed)
  const material = encodeKeyringStatement({
    genesisHash: secrets.genesisHash,
    seq: 0,
    prev: ZERO_HASH,
    deviceKey: signer.publicKey,
    timeMs: SAMPLE_TIME_MS,
    entry: {
      type: "meeting",
      meetingHash: bytesOf("meeting hash"),
      epoch: 3,
      eventHash: bytesOf("event hash"),
      epochSecret: bytesOf("epoch secret"),
      adminSeed: bytesOf("admin seed"),
      title: "Weekly call",
    },
  })
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signKeyring, signer, statement)
  return {
    name: "keyring-meeting",
    section: "5.4",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.keyringRecordBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openKeyringEnvelope(given, verifySignature),
    refusals: [
      ...commonRefusals(assemble(material), material, LIMITS.keyringRecordBytes, assemble),
      { name: "a statement with one bit turned", code: "bad-signature", raw: flip(assemble(material), -1) },
      {
        name: "a title of another length",
        code: "malformed",
        raw: assemble(edit(material, [7, 5], bytesOf("title", 512))),
      },
      {
        name: "a title without padding",
        code: "malformed",
        raw: assemble(edit(material, [7, 5], new Uint8Array(LIMITS.titleBytes + 1))),
      },
      { name: "a seventh item", code: "malformed", raw: assemble(edit(material, [7, 6], NOTHING)) },
    ],
  }
}

function keyringContact(): Format {
  const { secrets } = sampleAccount("alice")
  const signer = nativeSignerOf(secrets.device.ed25519Seed)
  const material = encodeKeyringStatement({
    genesisHash: secrets.genesisHash,
    seq: 0,
    prev: ZERO_HASH,
    deviceKey: signer.publicKey,
    timeMs: SAMPLE_TIME_MS,
    entry: {
      type: "contact",
      genesisHash: bytesOf("genesis hash"),
      seq: 2,
      chainHead: bytesOf("chain head"),
      state: "verified",
      name: "Bob",
      handle: "bob.b",
    },
  })
  const assemble = (statement: Uint8Array): Uint8Array => makeEnvelope(LABELS.signKeyring, signer, statement)
  const refused = (name: string, path: readonly number[], value: CborValue): Refusal => ({
    name,
    code: "malformed",
    raw: assemble(edit(material, path, value)),
  })
  return {
    name: "keyring-contact",
    section: "5.4",
    codes: ["malformed", "too-large", "unsupported-version", "bad-signature"],
    limitBytes: LIMITS.keyringRecordBytes,
    vouched: true,
    material,
    assemble,
    decode: (given) => openKeyringEnvelope(given, verifySignature),
    refusals: [
      ...commonRefusals(assemble(material), material, LIMITS.keyringRecordBytes, assemble),
      { name: "a statement with one bit turned", code: "bad-signature", raw: flip(assemble(material), -1) },
      refused("an unknown state", [7, 3], "rumour"),
      refused("a name above the limit", [7, 4], "n".repeat(LIMITS.contactNameBytes + 1)),
      refused("a handle that is no text", [7, 5], 1),
    ],
  }
}

/** A snapshot of two records, one of a type from another version. */
function keyringSnapshot(): Format {
  const { secrets } = sampleAccount("alice")
  const hashes = [bytesOf("record 0"), bytesOf("record 1")]
  const entries = [
    { type: "block", body: ["account", bytesOf("hash"), true] },
    { type: "later", body: [1, "x"] },
  ]
  const seal = (material: Uint8Array, count = 2): Uint8Array =>
    encodeCbor([
      1,
      1,
      count,
      sealRecord(
        {
          key: keyringKey(newestUserSeed(secrets).seed),
          label: LABELS.keyringSnapshot,
          context: concatBytes(secrets.genesisHash, u64(count)),
          aad: encodeCbor([1, 1, count]),
        },
        material,
        seededBytes("snapshot"),
      ),
    ])
  const material = encodeCbor([1, 2, concatBytes(...hashes), entries.map(({ type, body }) => [type, body])])
  const raw = seal(material)
  const sealedAt = valueAt(raw, [3]) as Uint8Array
  return {
    name: "keyring-snapshot",
    section: "5.4",
    codes: ["malformed", "too-large", "unsupported-version", "cannot-open"],
    limitBytes: LIMITS.keyringSnapshotBytes,
    vouched: true,
    material,
    assemble: (given) => seal(given),
    decode: (given) => openSnapshot(secrets, given),
    refusals: [
      { name: "nothing", code: "malformed", raw: NOTHING },
      { name: "followed by a byte", code: "malformed", raw: concatBytes(raw, Uint8Array.of(0)) },
      { name: "version 2", code: "unsupported-version", raw: edit(raw, [0], 2) },
      { name: "version 2 inside", code: "unsupported-version", raw: seal(edit(material, [0], 2)) },
      { name: "a seal with one bit turned", code: "cannot-open", raw: edit(raw, [3], flip(sealedAt, 70)) },
      { name: "another count outside", code: "cannot-open", raw: edit(raw, [2], 3) },
      { name: "another count inside", code: "malformed", raw: seal(edit(material, [1], 3)) },
      { name: "a hash less", code: "malformed", raw: seal(edit(material, [2], bytesOf("record 0"))) },
      { name: "an entry without a body", code: "malformed", raw: seal(edit(material, [3, 0], ["block"])) },
    ],
  }
}

function contactCard(): Format {
  const text = formatCard({ genesisHash: bytesOf("genesis hash"), instanceKey: bytesOf("instance key") })
  return textFormat({
    name: "contact-card",
    section: "5.6",
    codes: ["malformed"],
    text,
    decode: parseCard,
    refusals: [
      ["nothing", "malformed", ""],
      ["another prefix", "malformed", text.replace("card_", "pair_")],
      ["a digit less", "malformed", text.slice(0, -1)],
      ["a digit more", "malformed", `${text}a`],
      [
        "one digit changed",
        "malformed",
        text.replace(/^card_./, (start) => (start === "card_a" ? "card_b" : "card_a")),
      ],
      ["a link without a card", "malformed", "https://archive.example/c#"],
    ],
  })
}

/** What else an account keeps for itself: each in one entry, behind the same envelope. */
function keyringEntries(): readonly Format[] {
  const hash = bytesOf("hash")
  const samples: readonly (readonly [KeyringEntry, readonly (readonly [name: string, body: CborValue])[]])[] = [
    [
      { type: "declined", boxHashes: [hash, bytesOf("another hash")] },
      [
        ["none declined", []],
        ["65 declined", Array.from({ length: 65 }, () => hash)],
      ],
    ],
    [
      { type: "block", kind: "account", hash, isBlocked: true },
      [["a block of an unknown kind", ["server", hash, true]]],
    ],
    [
      {
        type: "invite-link",
        secret: hash,
        meetingHash: bytesOf("meeting hash"),
        expiresAtMs: SAMPLE_TIME_MS,
        uses: 3,
        isPreApproved: false,
      },
      [["for 101 people", [hash, hash, 0, 101, false]]],
    ],
    [{ type: "invite-link-end", linkId: hash }, [["of no link", []]]],
    [
      { type: "invite-link-use", linkId: hash, genesisHash: bytesOf("newcomer"), verdict: "admitted" },
      [["an unknown verdict", [hash, hash, "perhaps"]]],
    ],
    readMarks(),
  ]
  return samples.map(([entry, refusals]): Format => {
    const material = encodeCbor(entryBody(entry))
    return {
      name: `keyring-${entry.type}`,
      section: "5.4",
      codes: ["malformed", "too-large"],
      limitBytes: LIMITS.keyringRecordBytes,
      vouched: false,
      material,
      assemble: unchanged,
      decode: (given) => readEntry(entry.type, decodeCbor(given, LIMITS.keyringRecordBytes)),
      refusals: refusals.map(([name, body]) => ({ name, code: "malformed", raw: encodeCbor(body) })),
    }
  })
}

function readMarks(): readonly [KeyringEntry, readonly (readonly [name: string, body: CborValue])[]] {
  const marks = [
    { meetingHash: bytesOf("meeting hash"), events: 7, chat: { incarnation: 0, seq: 41 } },
    { meetingHash: bytesOf("another meeting"), events: 0, chat: { incarnation: 2, seq: 5 } },
  ]
  const entry = { type: "read-marks", marks } as const
  const body = valueAt(encodeCbor(entryBody(entry)), [0]) as Uint8Array
  const changed = (at: number, bytes: Uint8Array): CborValue => {
    const copy = body.slice()
    copy.set(bytes, at)
    return [copy]
  }
  const markBytes = body.length / LIMITS.readMarksPerRecord
  return [
    entry,
    [
      ["marks of no meeting", [new Uint8Array(body.length)]],
      ["room for one mark less", [body.slice(markBytes)]],
      ["room between marks", changed(0, new Uint8Array(markBytes))],
      ["a mark without a meeting", changed(body.length - 1, Uint8Array.of(1))],
      ["a place beyond 2^53", changed(markBytes - 8, Uint8Array.of(0xff))],
    ],
  ]
}

function keystore(): Format {
  const random = seededBytes("keystore")
  const raw = createKeystoreLock(null, random).seal(bytesOf("state", 100))
  const locked = encodeCbor([1, 4, 1, 1, bytesOf("salt"), bytesOf("sealed state", 336)])
  return {
    name: "keystore",
    section: "14",
    codes: ["malformed", "too-large", "unsupported-version", "cannot-open"],
    limitBytes: LIMITS.keystoreBytes,
    vouched: false,
    material: raw,
    assemble: unchanged,
    decode: (given) => openKeystore(given, null, random).content,
    refusals: [
      ...commonRefusals(raw, raw, LIMITS.keystoreBytes, unchanged),
      { name: "locked, without a passphrase", code: "cannot-open", raw: locked },
      { name: "a cost of one part", code: "malformed", raw: edit(raw, [1], 17) },
      {
        name: "a cost in memory that would take the machine",
        code: "malformed",
        raw: edit(edit(locked, [1], 20), [2], 16),
      },
      { name: "a cost that would take the machine", code: "malformed", raw: edit(locked, [1], 21) },
      { name: "a salt of 31 bytes", code: "malformed", raw: edit(locked, [4], bytesOf("salt", 31)) },
      { name: "no content", code: "malformed", raw: edit(raw, [5], NOTHING) },
    ],
  }
}

export function accountFormats(): readonly Format[] {
  const later = (["add-device", "rename-device", "revoke-devices", "replace-recovery", "close"] as const).map(laterLink)
  return [
    link(),
    pinnedLink(),
    ...later,
    keyringRecord(),
    openedKeyringRecord(),
    keyringStatement(),
    keyringMeeting(),
    keyringContact(),
    keyringSnapshot(),
    contactCard(),
    ...keyringEntries(),
    keystore(),
  ]
}
