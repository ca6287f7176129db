import { utf8 } from "./bytes.js"
import { encodeCbor } from "./cbor.js"
import { LABELS } from "./labels.js"

/** What stands in the `info` of an epoch's boxes, so that none can be moved. SPEC.md §7.1. */
export interface EpochBoxPlace {
  readonly meetingHash: Uint8Array
  readonly epoch: number
  readonly prev: Uint8Array
  readonly recipientGenesisHash: Uint8Array
  readonly generation: number
}

export function epochBoxInfo(purpose: "member" | "admin", place: EpochBoxPlace): Uint8Array {
  const label = purpose === "member" ? LABELS.hpkeEpochBox : LABELS.hpkeAdminBox
  return encodeCbor([
    utf8(label),
    place.meetingHash,
    place.epoch,
    place.prev,
    place.recipientGenesisHash,
    place.generation,
  ])
}

/** `info` of the box that brings a user seed to a device. SPEC.md §5.1. */
export function seedBoxInfo(deviceKey: Uint8Array, generation: number, prev: Uint8Array): Uint8Array {
  return encodeCbor([utf8(LABELS.hpkeSeedBox), deviceKey, generation, prev])
}
