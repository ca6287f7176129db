import type { RandomBytes } from "../../shared/protocol/ambient.js"
import type { CborValue } from "../../shared/protocol/cbor.js"
import { makeEnvelope, type Signer } from "../../shared/protocol/envelope.js"
import { encodeEvent, type EpochPart, eventAad, eventContext, type MeetingEvent } from "../../shared/protocol/event.js"
import { sha256 } from "../../shared/protocol/hash.js"
import type { MeetingId } from "../../shared/protocol/ids.js"
import { LABELS } from "../../shared/protocol/labels.js"
import { decodeBody, encodeBody, encodeStatement, type EventBody, fieldsRoot } from "../../shared/protocol/statement.js"
import { openRecord, sealRecord, type SealPlace } from "./committed-seal.js"
import type { EpochKeys } from "./epoch-keys.js"
import { saltFields } from "./salted-fields.js"

/** Who signs, as which device, at which head of its own chain. */
export interface Author {
  readonly genesisHash: Uint8Array
  readonly chainHead: Uint8Array
  readonly signer: Signer
}

/** Where in a meeting's log an event goes. In a genesis all but `seq` are zeros. SPEC.md §7. */
export interface LogPosition {
  readonly meetingId: MeetingId
  readonly meetingHash: Uint8Array
  readonly seq: number
  readonly prev: Uint8Array
}

export interface EventContent {
  readonly type: string
  readonly values: readonly (readonly [name: string, value: CborValue])[]
  readonly assets: readonly Uint8Array[]
  readonly carried: readonly Uint8Array[]
  readonly epochPart: EpochPart | null
}

/** Salts, signs and seals an event. SPEC.md §6, §7. */
export function makeEvent(
  position: LogPosition,
  keys: EpochKeys,
  author: Author,
  content: EventContent,
  ambient: { readonly timeMs: number; readonly random: RandomBytes },
): Uint8Array {
  const { random } = ambient
  const fields = saltFields(content.values, random)
  const statement = encodeStatement({
    meetingHash: position.meetingHash,
    epoch: keys.epoch,
    epochCommitment: keys.commitment,
    seq: position.seq,
    prev: position.prev,
    authorGenesisHash: author.genesisHash,
    authorChainHead: author.chainHead,
    deviceKey: author.signer.publicKey,
    type: content.type,
    timeMs: ambient.timeMs,
    fieldsRoot: fieldsRoot(fields),
    newestLogHash: position.prev,
  })
  const visible: Omit<MeetingEvent, "sealedBody"> = {
    meetingId: position.meetingId,
    seq: position.seq,
    prev: position.prev,
    epoch: keys.epoch,
    statementHash: sha256(statement),
    assets: content.assets,
    epochPart: content.epochPart,
  }
  const body = encodeBody({
    envelope: makeEnvelope(LABELS.signStatement, author.signer, statement),
    fields,
    carried: content.carried,
  })
  return encodeEvent({
    ...visible,
    sealedBody: sealRecord(bodyPlace(position.meetingHash, visible, keys), body, random),
  })
}

/** @throws {@link ArchiveError} `cannot-open`, `malformed`, `unsupported-version`. The statement is yet to be verified. */
export function openEventBody(event: MeetingEvent, meetingHash: Uint8Array, keys: EpochKeys): EventBody {
  return decodeBody(openRecord(bodyPlace(meetingHash, event, keys), event.sealedBody))
}

function bodyPlace(meetingHash: Uint8Array, event: Omit<MeetingEvent, "sealedBody">, keys: EpochKeys): SealPlace {
  return { key: keys.logKey, label: LABELS.event, context: eventContext(meetingHash, event), aad: eventAad(event) }
}
