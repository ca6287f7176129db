import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { decodeEvent, eventHash, verifyCertificate, type EpochPart } from "../../shared/protocol/event.js"
import { ZERO_HASH } from "../../shared/protocol/hash.js"
import { idOfHash } from "../../shared/protocol/ids.js"
import { decodeMessage, messageHash } from "../../shared/protocol/message.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { refused } from "./bag-reader.js"
import type { ProducedRow } from "./record-reader.js"

interface EpochOfEvent {
  readonly epoch: number
  readonly rawEvent: Uint8Array
  readonly part: EpochPart
  readonly adminKeyIsNew: boolean
}

/** Follows a meeting's rows, and at the end says whether any is missing. SPEC.md §12, G3 to G5, G9. */
export class MeetingCheck {
  readonly #meeting: ProducedRow<"meetings">
  readonly #epochs = new Map<number, EpochOfEvent>()
  /** Hashes, in hex, of the headers of the assets that events name. */
  readonly named = new Map<string, number>()
  /** Those of them that left a tombstone. */
  readonly buried = new Set<string>()
  readonly #prefix: string
  #nextSeq = 0
  #head: Uint8Array = ZERO_HASH
  #adminKey: Uint8Array = ZERO_HASH
  #newestEpoch = 0
  #nextMessage = 0
  #messageBytes = 0
  readonly #epochNumbers = new Set<number>()

  /** @param prefix stands before every place. */
  constructor(meeting: ProducedRow<"meetings">, prefix: string) {
    this.#meeting = meeting
    this.#prefix = prefix
  }

  get id(): Uint8Array {
    return this.#meeting.meeting_id
  }

  event(row: ProducedRow<"meeting_events">): void {
    const place = `${this.#prefix}event ${row.seq}`
    const event = decodeEvent(row.event)
    const hash = eventHash(row.event)
    const isGenesis = row.seq === 0
    const idFits = isGenesis
      ? equalBytes(idOfHash("meeting", hash), this.#meeting.meeting_id)
      : equalBytes(event.meetingId, this.#meeting.meeting_id)
    const rowFits =
      equalBytes(row.meeting_id, this.#meeting.meeting_id) &&
      row.seq === event.seq &&
      row.epoch === event.epoch &&
      equalBytes(row.hash, hash) &&
      row.assets.length === event.assets.length &&
      row.assets.every((asset, index) => equalBytes(asset, event.assets[index] ?? ZERO_HASH))
    if (row.seq !== this.#nextSeq) throw refused(`event ${this.#nextSeq} is missing`, place)
    if (!idFits || !rowFits || !equalBytes(event.prev, this.#head))
      throw refused("an event that is not the next of this meeting's log", place)
    if (event.epochPart !== null) {
      const adminKeyIsNew = isGenesis || !equalBytes(event.epochPart.adminKey, this.#adminKey)
      this.#epochs.set(row.seq, { epoch: event.epoch, rawEvent: row.event, part: event.epochPart, adminKeyIsNew })
      this.#epochNumbers.add(event.epoch)
      this.#adminKey = event.epochPart.adminKey
      this.#newestEpoch = event.epoch
    }
    for (const asset of event.assets) this.named.set(toHex(asset), row.seq)
    this.#head = hash
    this.#nextSeq += 1
  }

  epoch(row: ProducedRow<"meeting_epochs">): void {
    const place = `${this.#prefix}epoch ${row.epoch}`
    const expected = this.#epochs.get(row.seq)
    const fits =
      expected !== undefined &&
      equalBytes(row.meeting_id, this.#meeting.meeting_id) &&
      expected.epoch === row.epoch &&
      equalBytes(expected.part.accessKey, row.access_key) &&
      equalBytes(expected.part.adminKey, row.admin_key)
    if (!fits) throw refused("an epoch's row that is not its event's", place)
    verifyCertificate(
      row.certificate,
      expected.rawEvent,
      expected.part,
      { adminKeyIsNew: expected.adminKeyIsNew },
      verifySignature,
    )
    this.#epochs.delete(row.seq)
  }

  message(row: ProducedRow<"messages">): void {
    const place = `${this.#prefix}message ${row.seq}`
    // What retention took stands before the others where a hold keeps it: for how much of it nothing vouches but the count.
    const isHeld = row.seq < this.#meeting.purged_messages
    const wasHeld = this.#nextMessage < this.#meeting.purged_messages
    if (isHeld ? row.seq > this.#nextMessage : wasHeld)
      this.#nextMessage = isHeld ? row.seq : this.#meeting.purged_messages
    if (row.seq !== this.#nextMessage) throw refused(`message ${this.#nextMessage} is missing`, place)
    const message = decodeMessage(row.message)
    const fits =
      equalBytes(row.meeting_id, this.#meeting.meeting_id) &&
      equalBytes(message.meetingId, row.meeting_id) &&
      equalBytes(message.messageId, row.message_id) &&
      message.epoch === row.epoch &&
      this.#epochNumbers.has(row.epoch) &&
      equalBytes(messageHash(row.message), row.hash)
    if (!fits) throw refused("a message's row that is not its bytes'", place)
    this.#nextMessage += 1
    if (!isHeld) this.#messageBytes += row.message.length
  }

  /** That an asset which an event published was purged: the operator's word, as no bytes are left to say it. */
  tombstone({ kind, id }: ProducedRow<"tombstones">): void {
    if (kind !== "header" || !this.named.delete(toHex(id)))
      throw refused("a tombstone of nothing that this meeting published", `${this.#prefix}tombstone ${toHex(id)}`)
    this.buried.add(toHex(id))
  }

  /** After the last row. */
  finish(receipted: { readonly assets: number; readonly bytes: number }): void {
    const { head_seq: headSeq, head_hash: headHash, asset_count: assets, stored_bytes: bytes, epoch } = this.#meeting
    if (this.#nextSeq !== headSeq + 1)
      throw refused(`event ${this.#nextSeq} is missing`, `${this.#prefix}event ${this.#nextSeq}`)
    if (!equalBytes(this.#head, headHash))
      throw refused("a log that does not end in the meeting's head", `${this.#prefix}event ${headSeq}`)
    if (epoch !== this.#newestEpoch)
      throw refused("a meeting whose epoch is not its log's", `${this.#prefix}epoch ${epoch}`)
    const { message_count: messages, message_bytes: messageBytes } = this.#meeting
    this.#nextMessage = Math.max(this.#nextMessage, this.#meeting.purged_messages)
    if (this.#nextMessage !== messages)
      throw refused(`message ${this.#nextMessage} is missing`, `${this.#prefix}message ${this.#nextMessage}`)
    if (this.#messageBytes !== messageBytes)
      throw refused(
        `${this.#messageBytes} bytes of messages where the meeting has ${messageBytes}`,
        "data/records.jsonl",
      )
    const [lacking] = this.#epochs.values()
    if (lacking !== undefined) throw refused("an epoch's row is missing", `${this.#prefix}epoch ${lacking.epoch}`)
    const [asset] = this.named
    if (asset !== undefined)
      throw refused("an asset that an event published is missing", `${this.#prefix}event ${asset[1]}`)
    if (receipted.assets !== assets || receipted.bytes !== bytes)
      throw refused(`${receipted.assets} receipted assets where the meeting has ${assets}`, "data/records.jsonl")
  }
}
