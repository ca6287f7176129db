import { equalBytes } from "../../shared/protocol/bytes.js"
import { type ChainLink, indexOfHead, type VerifiedChain } from "../../shared/protocol/chain.js"
import type { OpeningSubject } from "../../shared/protocol/notes.js"
import { type HistoryPolicy, memberOf } from "../../shared/protocol/roster.js"
import { publicKeysOf } from "../crypto/account-keys.js"
import type { MeetingLog, ValidEpoch } from "../crypto/meeting-log.js"
import type { Client } from "./client.js"
import { lineageOf } from "./membership.js"

/** What changes in whose hands the keys are: nothing of it is silent. SPEC.md §7, M31. */

/** A change of a meeting, as its log has it. */
export type MeetingChange = {
  readonly seq: number
  /** By its author's clock. */
  readonly timeMs: number
  /** Genesis hash of who did it. */
  readonly by: Uint8Array
} & (
  | { readonly kind: "joined" | "removed" | "made-admin" | "made-member"; readonly about: Uint8Array }
  | { readonly kind: "policy"; readonly policy: HistoryPolicy }
  | { readonly kind: "renamed"; readonly title: string }
  | { readonly kind: "left" | "ended" | "deleted" }
  /** Made something readable for others, as its author says. */
  | { readonly kind: "opened"; readonly subject: OpeningSubject }
)

/** A change of an account, as its chain has it. `recovered` is a device that the recovery phrase added. */
export interface AccountChange {
  readonly kind: "device-added" | "recovered" | "devices-revoked" | "recovery-replaced" | "closed"
  readonly about: Uint8Array
  readonly seq: number
  /** By its signer's clock, in days since 1970. */
  readonly day: number
}

export type News =
  | { readonly of: "meeting"; readonly log: MeetingLog; readonly change: MeetingChange }
  | { readonly of: "account"; readonly change: AccountChange }

/** Every change of a meeting that this account can see, oldest first. */
export function activityOf(log: MeetingLog): readonly MeetingChange[] {
  const lineage = lineageOf(log).toReversed()
  const byEpochs = lineage.flatMap((epoch, index) => changesBetween(lineage[index - 1], epoch))
  return [...byEpochs, ...log.notes.flatMap(changeOfNote)].toSorted((a, b) => a.seq - b.seq)
}

/** What members' accounts went through since each became a member without a break. */
export function memberAccountChanges(log: MeetingLog): readonly AccountChange[] {
  const lineage = lineageOf(log)
  return log.memberChains.flatMap((chain) => {
    const gap = lineage.findIndex(({ roster }) => memberOf(roster, chain.genesisHash) === undefined)
    const joined = lineage[(gap < 0 ? lineage.length : gap) - 1]
    const entry = memberOf(joined?.roster ?? [], chain.genesisHash)
    return entry === undefined ? [] : accountChanges(chain, indexOfHead(chain, entry.chainHead))
  })
}

/** What an account went through behind the link `afterSeq`. */
export function accountChanges(chain: VerifiedChain, afterSeq: number): readonly AccountChange[] {
  return chain.links.flatMap((link, seq) => {
    const kind = seq > afterSeq ? kindOf(link) : null
    return kind === null ? [] : [{ kind, about: chain.genesisHash, seq, day: link.day }]
  })
}

/** Tells what others did to a meeting behind the event `afterSeq`. */
export function tellMeetingNews(client: Client, log: MeetingLog, afterSeq: number): void {
  const { genesisHash } = client.state.current.secrets
  for (const change of activityOf(log))
    if (change.seq > afterSeq && !equalBytes(change.by, genesisHash)) client.onNews({ of: "meeting", log, change })
}

/** Tells what other devices did to an account behind the link `afterSeq`. */
export function tellAccountNews(client: Client, chain: VerifiedChain, afterSeq: number): void {
  const { ed25519 } = publicKeysOf(client.state.current.secrets.device)
  for (const change of accountChanges(chain, afterSeq)) {
    const link = chain.links[change.seq]
    if (link === undefined || !equalBytes(link.signerKey, ed25519)) client.onNews({ of: "account", change })
  }
}

function changesBetween(before: ValidEpoch | undefined, after: ValidEpoch): readonly MeetingChange[] {
  if (before === undefined) return []
  const made = { seq: after.seq, timeMs: after.timeMs, by: after.authorGenesisHash }
  const come = after.roster.flatMap(({ genesisHash: about, role }): readonly MeetingChange[] => {
    const known = memberOf(before.roster, about)
    const promoted: MeetingChange = { ...made, kind: "made-admin", about }
    if (known === undefined) return [{ ...made, kind: "joined", about }, ...(role === "admin" ? [promoted] : [])]
    if (known.role === role) return []
    return [role === "admin" ? promoted : { ...made, kind: "made-member", about }]
  })
  const gone = before.roster
    .filter(({ genesisHash }) => memberOf(after.roster, genesisHash) === undefined)
    .map(({ genesisHash: about }): MeetingChange => ({ ...made, kind: "removed", about }))
  return [
    ...come,
    ...gone,
    ...(before.policy === after.policy ? [] : [{ ...made, kind: "policy" as const, policy: after.policy }]),
    ...(before.title === after.title ? [] : [{ ...made, kind: "renamed" as const, title: after.title }]),
  ]
}

function changeOfNote(note: MeetingLog["notes"][number]): readonly MeetingChange[] {
  const { type, seq, timeMs, authorGenesisHash: by } = note
  if (type === "opening") return [{ kind: "opened", seq, timeMs, by, subject: note.subject }]
  const kinds = { leave: "left", expiry: "ended", deletion: "deleted" } as const
  return type === "leave" || type === "expiry" || type === "deletion" ? [{ kind: kinds[type], seq, timeMs, by }] : []
}

function kindOf({ type, isByRecovery }: ChainLink): AccountChange["kind"] | null {
  switch (type) {
    case "add-device":
      return isByRecovery ? "recovered" : "device-added"
    case "revoke-devices":
      return "devices-revoked"
    case "replace-recovery":
      return "recovery-replaced"
    case "close":
      return "closed"
    case "genesis":
    case "rename-device":
      return null
  }
}
