import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { indexOfHead, isActiveAt, type VerifiedChain } from "../../shared/protocol/chain.js"
import { ArchiveError, type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"
import type { MessageId } from "../../shared/protocol/ids.js"
import { decodeMessage, messageHash, type MessageStatement } from "../../shared/protocol/message.js"
import { membersByHash, type RosterEntry } from "../../shared/protocol/roster.js"
import type { MeetingLog, ValidEpoch } from "./meeting-log.js"
import { openMessage, type OpenedMessage } from "./message.js"

/** A message as a server gives it. Where it stands is the server's word alone. */
export interface ServedMessage {
  readonly incarnation: number
  readonly seq: number
  readonly day: number
  readonly raw: Uint8Array
}

interface JudgedPlace {
  readonly served: ServedMessage
  readonly hash: Uint8Array
}

/** By a member of its epoch, with a device that was its own then. */
export interface AuthenticMessage extends JudgedPlace, OpenedMessage {
  readonly kind: "authentic"
  readonly messageId: MessageId
  readonly epoch: number
  /** Its author had verified an event of the meeting's log that this reader was never given. */
  readonly isAhead: boolean
}

/** What nobody can be told to have said, and why. */
export interface RefusedMessage extends JudgedPlace {
  readonly kind: "refused"
  readonly code: ErrorCode
  readonly reason: string
  /** The account of which a newer chain may say otherwise. */
  readonly newerChainOf?: Uint8Array
}

/** Sealed to an epoch of which this reader holds no valid secret, such as one before it joined. */
export interface ClosedMessage extends JudgedPlace {
  readonly kind: "closed"
  readonly epoch: number
}

export type JudgedMessage = AuthenticMessage | RefusedMessage | ClosedMessage

interface EpochReader {
  readonly epoch: ValidEpoch
  readonly memberOf: (genesisHash: Uint8Array) => RosterEntry | undefined
  /** Seqs of the log between which it was in force. */
  readonly fromSeq: number
  readonly untilSeq: number
}

/** More than the members, devices and epochs of a meeting come to; a member could name ever new ones. */
const SHARED = 10_000

/** What of an author is the same for all its messages of an epoch; a fault of its chain may be none of a newer one. */
type AuthorVerdict = { readonly error: ArchiveError; readonly isOfChain: boolean } | null

/**
 * Judges messages one by one against a verified log; what one of them fails says nothing about the others. SPEC.md §16.3.
 * What an author's chain says is looked up once for all its messages.
 */
export class MessageJudge {
  readonly #log: MeetingLog
  readonly #chainOf: (genesisHash: Uint8Array) => Promise<VerifiedChain>
  readonly #epochs: ReadonlyMap<number, EpochReader>
  readonly #eventSeqs: ReadonlyMap<string, number>
  readonly #authors = new Map<string, Promise<AuthorVerdict>>()
  readonly #shared = new Map<string, Uint8Array>()

  /** @param chainOf the verified and pinned chain of an account; what it throws stops the reader. */
  constructor(log: MeetingLog, chainOf: (genesisHash: Uint8Array) => Promise<VerifiedChain>) {
    this.#log = log
    this.#chainOf = chainOf
    this.#epochs = new Map(
      log.epochs.map((epoch, index) => [
        epoch.keys.epoch,
        {
          epoch,
          memberOf: membersByHash(epoch.roster),
          fromSeq: epoch.seq,
          untilSeq: log.epochs[index + 1]?.seq ?? Number.POSITIVE_INFINITY,
        },
      ]),
    )
    this.#eventSeqs = new Map(log.eventHashes.map((hash, seq) => [toHex(hash), seq]))
  }

  /** @throws {@link ArchiveError} what an account's chain fails: that stops the reader. */
  async judge(served: ServedMessage): Promise<JudgedMessage> {
    const place: JudgedPlace = { served, hash: messageHash(served.raw) }
    const opened = this.#open(place)
    if (opened.kind !== "authentic") return opened
    const verdict = await this.#verdictOn(opened)
    if (verdict === null) return opened
    const refused = refusedAs(place, verdict.error)
    return verdict.isOfChain ? { ...refused, newerChainOf: opened.statement.authorGenesisHash } : refused
  }

  #open(place: JudgedPlace): JudgedMessage {
    try {
      const message = decodeMessage(place.served.raw)
      if (!equalBytes(message.meetingId, this.#log.meetingId))
        throw new ArchiveError("bad-signature", "a message of another meeting")
      const reader = this.#epochs.get(message.epoch)
      if (reader === undefined) return { kind: "closed", ...place, epoch: message.epoch }
      const opened = openMessage(message, this.#log.meetingHash, reader.epoch.keys)
      const isAhead = this.#assertInForce(opened, reader)
      const { messageId, epoch } = message
      const statement = this.#sharing(opened.statement, messageId)
      return { kind: "authentic", ...place, messageId, epoch, isAhead, ...opened, statement }
    } catch (error) {
      if (isArchiveError(error)) return refusedAs(place, error)
      throw error
    }
  }

  /** With one copy of what nearly every message says alike: of a long chat a third of all that is held. */
  #sharing(statement: MessageStatement, messageId: MessageId): MessageStatement {
    const one = (bytes: Uint8Array): Uint8Array => {
      const key = toHex(bytes)
      const known = this.#shared.get(key) ?? bytes
      if (this.#shared.size < SHARED) this.#shared.set(key, known)
      return known
    }
    return {
      ...statement,
      messageId,
      meetingHash: one(statement.meetingHash),
      epochCommitment: one(statement.epochCommitment),
      authorGenesisHash: one(statement.authorGenesisHash),
      authorChainHead: one(statement.authorChainHead),
      deviceKey: one(statement.deviceKey),
      newestLogHash: one(statement.newestLogHash),
    }
  }

  /** @returns whether the author's newest event is one that this log lacks. @throws {@link ArchiveError} `not-authorised`. CH3. */
  #assertInForce({ statement }: OpenedMessage, reader: EpochReader): boolean {
    const seq = this.#eventSeqs.get(toHex(statement.newestLogHash))
    if (seq === undefined) return true
    if (seq < reader.fromSeq || seq >= reader.untilSeq)
      throw new ArchiveError("not-authorised", "a message sealed to an epoch that was not in force for its author")
    const hasLeft = this.#log.notes.some(
      (note) =>
        note.type === "leave" &&
        note.seq > reader.fromSeq &&
        note.seq <= seq &&
        equalBytes(note.authorGenesisHash, statement.authorGenesisHash),
    )
    if (hasLeft) throw new ArchiveError("not-authorised", "a message by someone who had left the meeting")
    return false
  }

  async #verdictOn({ statement, epoch }: AuthenticMessage): Promise<AuthorVerdict> {
    const { authorGenesisHash, authorChainHead, deviceKey } = statement
    const key = [String(epoch), ...[authorGenesisHash, authorChainHead, deviceKey].map(toHex)].join(" ")
    let verdict = this.#authors.get(key)
    if (verdict === undefined) {
      verdict = this.#judgeAuthor(epoch, authorGenesisHash, authorChainHead, deviceKey)
      this.#authors.set(key, verdict)
      verdict.catch(() => this.#authors.delete(key))
    }
    return await verdict
  }

  async #judgeAuthor(
    epoch: number,
    author: Uint8Array,
    chainHead: Uint8Array,
    deviceKey: Uint8Array,
  ): Promise<AuthorVerdict> {
    const member = this.#epochs.get(epoch)?.memberOf(author)
    // Before any account is asked for: else whoever names one that does not exist stops every reader.
    if (member === undefined) return faultOf("a message by someone who is no member", false)
    const chain = await this.#chainOf(author)
    const named = indexOfHead(chain, member.chainHead)
    const signed = indexOfHead(chain, chainHead)
    if (named < 0 || signed < named)
      return faultOf("a message at a head that its author's chain does not have, or left behind", true)
    return isActiveAt(chain, deviceKey, signed) ? null : faultOf("a message by a device that is not its author's", true)
  }
}

function faultOf(reason: string, isOfChain: boolean): AuthorVerdict {
  return { error: new ArchiveError("not-authorised", reason), isOfChain }
}

function refusedAs(place: JudgedPlace, { code, message }: ArchiveError): RefusedMessage {
  return { kind: "refused", served: place.served, hash: place.hash, code, reason: message }
}
