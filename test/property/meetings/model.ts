import type { RecordingId } from "../../../client/sdk/index.js"
import type { HistoryPolicy, Role } from "../../../shared/protocol/roster.js"
import type { SentEvent } from "./people.js"

/**
 * What a meeting is after the events that a server accepted, in their order, by SPEC.md §7 and §8 alone: plain sets of people, no keys. Every event is
 * what an honest client sends, so one that its author may not make is itself a failure.
 */

export interface AcceptedEvent extends SentEvent {
  readonly epoch: number
  readonly isEpoch: boolean
  /** The number of the epoch that it is built on, for an epoch event; `null` for others, and in the genesis. */
  readonly base: number | null
}

interface ModelEpoch {
  readonly epoch: number
  readonly base: number | null
  readonly members: ReadonlySet<number>
  readonly policy: HistoryPolicy
}

export interface ModelRecording {
  readonly recordingId: RecordingId
  readonly captureEpoch: number
  readonly epoch: number
}

export class MeetingModel {
  roster = new Map<number, Role>()
  policy: HistoryPolicy = "shared"
  left = new Set<number>()
  isExpired = false
  /** Who added a person last. */
  readonly addedBy = new Map<number, number>()
  readonly recordings: ModelRecording[] = []
  readonly #epochs: ModelEpoch[] = []

  get newestEpoch(): number {
    return this.#epochs.at(-1)?.epoch ?? -1
  }

  accept(event: AcceptedEvent): void {
    const { by, deed, epoch, recording } = event
    if (deed.kind === "create") this.roster.set(by, "admin")
    else this.#demand(this.roster.has(by), event, "its author is no member")
    if (event.isEpoch) {
      this.#demand(deed.kind === "create" || event.base === this.newestEpoch, event, "it skips an epoch")
      this.#demand(epoch === this.newestEpoch + 1, event, "its number is not the next")
      if (deed.kind !== "create") this.#rotate(event)
      this.#epochs.push({ epoch, base: event.base, members: new Set(this.roster.keys()), policy: this.policy })
      return
    }
    this.#demand(epoch === this.newestEpoch, event, "it is of an epoch that is over")
    this.#demand(!this.left.has(by), event, "its author left")
    if (deed.kind === "leave") {
      const staying = [...this.roster].filter(
        ([member, role]) => role === "admin" && member !== by && !this.left.has(member),
      )
      this.#demand(staying.length > 0, event, "no admin stays")
      this.left.add(by)
    } else if (deed.kind === "renew" || deed.kind === "expire") {
      this.#demand(this.roster.get(by) === "admin", event, "its author is no admin")
      this.isExpired = deed.kind === "expire"
    } else {
      this.#demand(deed.kind === "publish" && recording !== null, event, "nobody asked for it")
      this.#demand(!this.isExpired, event, "the meeting has ended")
      // Whom a member's rekey may leave out is out before anything is sealed.
      const leavers = [...this.left].filter((member) => this.roster.get(member) === "member")
      this.#demand(leavers.length === 0, event, "somebody who left is still in")
      if (recording !== null) this.recordings.push({ ...recording, epoch })
    }
  }

  #rotate(event: AcceptedEvent): void {
    const { by, deed } = event
    if (this.roster.get(by) !== "admin") {
      this.#demand(["rekey", "publish", "replace-device"].includes(deed.kind), event, "its author is no admin")
      this.#demand(!this.left.has(by), event, "its author left")
      for (const member of this.left) if (this.roster.get(member) === "member") this.roster.delete(member)
      this.left = new Set([...this.left].filter((member) => this.roster.has(member)))
      return
    }
    for (const member of this.left) if (member !== by) this.roster.delete(member)
    this.left.clear()
    this.isExpired = false
    if (deed.kind === "add") {
      this.#demand(!this.roster.has(deed.whom), event, "it adds a member")
      this.roster.set(deed.whom, deed.role)
      this.addedBy.set(deed.whom, by)
    } else if (deed.kind === "remove") {
      this.#demand(deed.whom !== by && this.roster.delete(deed.whom), event, "it removes nobody")
    } else if (deed.kind === "set-role") {
      this.#demand(this.roster.has(deed.whom) && this.roster.get(deed.whom) !== deed.role, event, "it changes no role")
      this.roster.set(deed.whom, deed.role)
    } else if (deed.kind === "set-policy") {
      this.#demand(this.policy !== deed.policy, event, "it changes no policy")
      this.policy = deed.policy
    }
    this.#demand([...this.roster.values()].includes("admin"), event, "it leaves no admin")
  }

  /**
   * The epochs whose secret a person holds: those that it was invited to; those made while it was a member, as long as it held the one before; and
   * what a shared history leads back to.
   */
  heldBy(person: number, invitedTo: ReadonlySet<number>): ReadonlySet<number> {
    const held = new Set(invitedTo)
    for (const { epoch, base, members } of this.#epochs) {
      const before = this.#epochs.find((other) => other.epoch === base)
      if (members.has(person) && before?.members.has(person) === true && held.has(before.epoch)) held.add(epoch)
    }
    for (const { epoch, base, policy } of this.#epochs.toReversed())
      if (held.has(epoch) && base !== null && policy === "shared") held.add(base)
    return held
  }

  #demand(isSo: boolean, { by, deed, epoch }: AcceptedEvent, otherwise: string): void {
    if (!isSo) throw new Error(`accepted although ${otherwise}: ${by} ${Object.values(deed).join(" ")}, epoch ${epoch}`)
  }
}
