import { equalBytes, toHex } from "./bytes.js"
import { assertAscending, type CborValue, readArray, readBytes, readUint } from "./cbor.js"
import { ArchiveError } from "./errors.js"
import { HASH_BYTES } from "./hash.js"
import { LIMITS } from "./limits.js"

export type Role = "admin" | "member"
export type HistoryPolicy = "shared" | "from-join"

export interface MemberRole {
  readonly genesisHash: Uint8Array
  readonly role: Role
}

export interface RosterEntry extends MemberRole {
  readonly chainHead: Uint8Array
  readonly generation: number
}

export function rosterValue(roster: readonly RosterEntry[]): CborValue {
  return roster.map(({ genesisHash, chainHead, generation, role }) => [genesisHash, chainHead, generation, role])
}

/** @throws {@link ArchiveError} `malformed` unless sorted, unique, 1 to 1,000 members, with an admin. SPEC.md §7.1. */
export function readRoster(raw: CborValue): readonly RosterEntry[] {
  const items = readArray(raw, "roster")
  if (items.length === 0 || items.length > LIMITS.members)
    throw new ArchiveError("malformed", `a roster of ${items.length}`)
  const roster = items.map((item): RosterEntry => {
    const [genesisHash, chainHead, generation, role] = readArray(item, "roster entry", 4)
    return {
      genesisHash: readBytes(genesisHash, "member", HASH_BYTES),
      chainHead: readBytes(chainHead, "member's chain head", HASH_BYTES),
      generation: readUint(generation, "generation"),
      role: readRole(role),
    }
  })
  assertAscending(
    roster.map((entry) => entry.genesisHash),
    "members",
  )
  if (!roster.some((entry) => entry.role === "admin")) throw new ArchiveError("malformed", "a roster without an admin")
  return roster
}

function readRole(raw: CborValue | undefined): Role {
  if (raw !== "admin" && raw !== "member") throw new ArchiveError("malformed", "an unknown role")
  return raw
}

/** @throws {@link ArchiveError} `malformed` for an unknown policy. */
export function readPolicy(raw: CborValue): HistoryPolicy {
  if (raw !== "shared" && raw !== "from-join") throw new ArchiveError("malformed", "an unknown history policy")
  return raw
}

export function memberOf<Entry extends Pick<RosterEntry, "genesisHash">>(
  roster: readonly Entry[],
  genesisHash: Uint8Array,
): Entry | undefined {
  return roster.find((entry) => equalBytes(entry.genesisHash, genesisHash))
}

/** {@link memberOf} for many questions: a large roster is gone through once. */
export function membersByHash<Entry extends Pick<RosterEntry, "genesisHash">>(
  roster: readonly Entry[],
): (genesisHash: Uint8Array) => Entry | undefined {
  const members = new Map(roster.map((entry) => [toHex(entry.genesisHash), entry]))
  return (genesisHash) => members.get(toHex(genesisHash))
}

export function isAdmin(roster: readonly MemberRole[], genesisHash: Uint8Array): boolean {
  return memberOf(roster, genesisHash)?.role === "admin"
}

/** The admins' genesis hashes, sorted: an epoch statement's field `admins`. */
export function adminsOf(roster: readonly RosterEntry[]): readonly Uint8Array[] {
  return roster.filter((entry) => entry.role === "admin").map((entry) => entry.genesisHash)
}

/** Whether both rosters have the same accounts in the same roles: all that a member's rekey may leave. SPEC.md §7.1. */
export function sameMembersAndRoles(a: readonly RosterEntry[], b: readonly RosterEntry[]): boolean {
  return (
    a.length === b.length &&
    a.every((entry, index) => {
      const other = b[index]
      return other !== undefined && equalBytes(entry.genesisHash, other.genesisHash) && entry.role === other.role
    })
  )
}
