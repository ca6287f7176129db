import { randomBytes } from "node:crypto"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { eventHash } from "../../shared/protocol/event.js"
import { encodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { asId, idOfHash, type RecordingId } from "../../shared/protocol/ids.js"
import { type NoteContent, noteValues } from "../../shared/protocol/notes.js"
import { storedBytesOfFile } from "../../shared/protocol/padding.js"
import { type VerifiedChain, verifyChain } from "../../shared/protocol/chain.js"
import { compareBytes } from "../../shared/protocol/bytes.js"
import { adminsOf, type HistoryPolicy, isAdmin, type Role, type RosterEntry } from "../../shared/protocol/roster.js"
import { type AccountSecrets, createAccount, deviceSigner, type NewAccount } from "../../client/crypto/account-keys.js"
import { adminSigner } from "../../client/crypto/epoch-keys.js"
import { GENESIS_POSITION, type MadeEpoch, makeEpochEvent, type NewEpoch } from "../../client/crypto/epoch-event.js"
import { type Author, type EventContent, makeEvent } from "../../client/crypto/log-event.js"
import type { KnownEpochSecret } from "../../client/crypto/epoch-secrets.js"
import { type LogReader, type MeetingLog, readMeetingLog } from "../../client/crypto/meeting-log.js"
import { type AuthoredAsset, makeRecordingContent } from "../../client/crypto/recording-event.js"
import { verifySignature } from "../../client/crypto/sodium.js"

export const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count))

/** A person of a test: an account with its verified chain. */
export interface Person {
  readonly account: NewAccount
  readonly secrets: AccountSecrets
  readonly chain: VerifiedChain
  readonly author: Author
}

export function makePerson(deviceName: string): Person {
  const account = createAccount({ deviceName, nowMs: 1_790_000_000_000, random })
  const chain = verifyChain([account.genesisLink], verifySignature)
  const author = { genesisHash: chain.genesisHash, chainHead: chain.headHash, signer: deviceSigner(account.secrets) }
  return { account, secrets: account.secrets, chain, author }
}

export function entryOf(person: Person, role: Role): RosterEntry {
  return { genesisHash: person.chain.genesisHash, chainHead: person.chain.headHash, generation: 1, role }
}

/** A recording's media, as its author knows it. */
export function newMedia(): AuthoredAsset {
  const header = { kind: "file", assetId: asId("asset", random(16)), salt: random(32) } as const
  return {
    role: "media",
    rawHeader: encodeAssetHeader(header),
    header,
    storedBytes: storedBytesOfFile(1_000),
    trueBytes: 1_000,
    root: random(32),
    mediaType: "video/mp4",
    contentKey: random(32),
    uploadSecret: random(32),
  }
}

/** A meeting's log as a server would hold it, with nothing between it and the test. */
export class TestMeeting {
  readonly events: Uint8Array[] = []
  adminSeed = random(32)
  readonly #people: Person[] = []
  readonly #known = new Map<Person, readonly KnownEpochSecret[]>()

  constructor(creator: Person, title = "A meeting", policy: HistoryPolicy = "shared") {
    this.#people.push(creator)
    const made = makeEpochEvent({
      position: GENESIS_POSITION,
      epoch: 0,
      base: null,
      roster: [entryOf(creator, "admin")],
      userPublicKeyOf: this.userPublicKeyOf,
      policy,
      title,
      admin: { seed: this.adminSeed },
      adminKeyIsNew: true,
      carried: [],
      author: creator.author,
      timeMs: 1,
      random,
    })
    this.events.push(made.rawEvent)
    this.tell(creator, made, this.adminSeed)
  }

  get meetingHash(): Uint8Array {
    return eventHash(this.events[0] ?? new Uint8Array(0))
  }

  readonly chainOf = (genesisHash: Uint8Array): Promise<VerifiedChain> => {
    const person = this.#people.find((candidate) => equalBytes(candidate.chain.genesisHash, genesisHash))
    return person === undefined ? Promise.reject(new Error("nobody known")) : Promise.resolve(person.chain)
  }

  readonly userPublicKeyOf = (member: RosterEntry): Uint8Array => {
    const person = this.#people.find((candidate) => equalBytes(candidate.chain.genesisHash, member.genesisHash))
    return person?.chain.userKeys[0]?.publicKey ?? new Uint8Array(1_216)
  }

  know(person: Person): void {
    this.#people.push(person)
  }

  /** Gives a person an epoch's secret, as an invitation would. */
  tell(person: Person, made: MadeEpoch, adminSeed: Uint8Array | null = null): void {
    const secret = { eventHash: eventHash(made.rawEvent), epoch: made.keys.epoch, secret: made.keys.secret, adminSeed }
    this.#known.set(person, [...(this.#known.get(person) ?? []), secret])
  }

  /** @param events what a server serves for the meeting's own. */
  read(
    person: Person,
    events: readonly Uint8Array[] = this.events,
    { checkedEpochs = [], chainOf = this.chainOf }: Partial<Pick<LogReader, "checkedEpochs" | "chainOf">> = {},
  ): Promise<MeetingLog> {
    return readMeetingLog(idOfHash("meeting", this.meetingHash), events, {
      secrets: person.secrets,
      known: this.#known.get(person) ?? [],
      checkedEpochs,
      chainOf,
    })
  }

  /** An epoch event by `by` that changes the roster as given, appended as it is: what `overrides` names may be a lie. */
  async nextEpoch(
    by: Person,
    roster: readonly RosterEntry[],
    overrides: Partial<
      Pick<
        NewEpoch,
        "title" | "policy" | "base" | "carried" | "userPublicKeyOf" | "admin" | "adminKeyIsNew" | "author" | "chat"
      >
    > = {},
  ): Promise<MadeEpoch> {
    const log = await this.read(by)
    const losesAdmin = adminsOf(log.current.roster).some((admin) => !isAdmin(roster, admin))
    const renewsKey = losesAdmin && log.adminSeed !== null
    if (renewsKey) this.adminSeed = random(32)
    const seed = renewsKey ? this.adminSeed : log.adminSeed
    const made = makeEpochEvent({
      position: { meetingId: log.meetingId, meetingHash: log.meetingHash, seq: log.head.seq + 1, prev: log.head.hash },
      epoch: log.newestEpochSeen + 1,
      base: { eventHash: log.current.eventHash, keys: log.current.keys, roster: log.current.roster },
      roster: roster.toSorted((a, b) => compareBytes(a.genesisHash, b.genesisHash)),
      userPublicKeyOf: this.userPublicKeyOf,
      policy: log.current.policy,
      title: log.current.title,
      admin: seed === null ? { publicKey: log.current.adminKey } : { seed },
      adminKeyIsNew: renewsKey,
      carried: log.carried,
      author: by.author,
      timeMs: 2,
      random,
      ...overrides,
    })
    this.events.push(made.rawEvent)
    return made
  }

  /** Adds people as `by`, and tells each its epoch secret. */
  async add(by: Person, ...people: readonly Person[]): Promise<MadeEpoch> {
    for (const person of people) this.know(person)
    const log = await this.read(by)
    const made = await this.nextEpoch(by, [...log.current.roster, ...people.map((person) => entryOf(person, "member"))])
    for (const person of people) this.tell(person, made)
    return made
  }

  /** Appends a note by `by`, as it is: whether it is valid its readers say. */
  async say(by: Person, note: NoteContent, timeMs = 10): Promise<void> {
    const log = await this.read(by)
    const content = { type: note.type, values: noteValues(note), assets: [], carried: [], epochPart: null }
    this.#append(log, by, content, timeMs)
  }

  /** Publishes a recording of one asset. */
  async publish(
    by: Person,
    title: string,
    timeMs = 5,
    recordingId = asId("recording", random(16)),
    asset = newMedia(),
  ): Promise<RecordingId> {
    const log = await this.read(by)
    const details = { title, fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" } as const
    const authorUserPublicKey = by.chain.userKeys[0]?.publicKey ?? new Uint8Array(1_216)
    const recording = { recordingId, assets: [asset], details, authorUserPublicKey }
    const { keys } = log.current
    this.#append(log, by, makeRecordingContent(recording, log.meetingHash, keys, keys, random), timeMs)
    return recordingId
  }

  #append(
    { meetingId, meetingHash, head, current }: MeetingLog,
    by: Person,
    content: EventContent,
    timeMs: number,
  ): void {
    const position = { meetingId, meetingHash, seq: head.seq + 1, prev: head.hash }
    this.events.push(makeEvent(position, current.keys, by.author, content, { timeMs, random }))
  }

  adminKey(): Uint8Array {
    return adminSigner(this.adminSeed).publicKey
  }
}
