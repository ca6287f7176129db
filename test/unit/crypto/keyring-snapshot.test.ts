import { expect } from "chai"
import fc from "fast-check"
import { entryBody, type KeyringEntry, readEntry } from "../../../shared/protocol/keyring-entry.js"
import type { RawEntry } from "../../../shared/protocol/keyring.js"
import { foldEntries } from "../../../client/crypto/keyring-snapshot.js"
import { blocksIn, declinedIn } from "../../../client/sdk/keyring-views.js"

const hash = fc.integer({ min: 1, max: 3 }).map((n) => new Uint8Array(32).fill(n))
const seq = fc.nat(3)
const entry: fc.Arbitrary<KeyringEntry> = fc.oneof(
  fc.record({
    type: fc.constant("pin" as const),
    genesisHash: hash,
    seq,
    chainHead: hash,
    how: fc.constant("id" as const),
  }),
  fc.record({
    type: fc.constant("contact" as const),
    genesisHash: hash,
    seq,
    chainHead: hash,
    state: fc.constantFrom("card" as const, "verified" as const, "removed" as const),
    name: fc.constantFrom("Bob", "Bobby"),
    handle: fc.constantFrom(null, "bob.b"),
  }),
  fc.record({
    type: fc.constant("block" as const),
    kind: fc.constantFrom("account" as const, "meeting" as const),
    hash,
    isBlocked: fc.boolean(),
  }),
  fc.record({ type: fc.constant("declined" as const), boxHashes: fc.array(hash, { minLength: 1, maxLength: 2 }) }),
  fc.record({ type: fc.constant("snapshot" as const), hash }),
  fc.record({
    type: fc.constant("meeting" as const),
    meetingHash: hash,
    epoch: seq,
    eventHash: hash,
    epochSecret: hash,
    adminSeed: fc.constant(null),
    title: fc.constantFrom(null, "A meeting"),
  }),
)
const rawOf = (given: KeyringEntry): RawEntry => ({ type: given.type, body: entryBody(given) })
const known = (entries: readonly RawEntry[]): readonly KeyringEntry[] =>
  entries.flatMap(({ type, body }) => readEntry(type, body) ?? [])

/** What a reader makes of a keyring, by the newest word on each. */
function meaningOf(raws: readonly RawEntry[]): unknown {
  const entries = known(raws)
  const newest = (type: KeyringEntry["type"], key: (given: KeyringEntry) => unknown) =>
    Object.fromEntries(
      entries.filter((given) => given.type === type).map((given) => [JSON.stringify(key(given)), given]),
    )
  const pins = new Map<string, number>()
  for (const given of entries)
    if (given.type === "pin")
      pins.set(given.genesisHash.join(), Math.max(given.seq, pins.get(given.genesisHash.join()) ?? 0))
  return {
    contacts: newest("contact", (given) => (given.type === "contact" ? given.genesisHash : null)),
    meetings: Object.keys(
      newest("meeting", (given) => (given.type === "meeting" ? [given.meetingHash, given.eventHash] : null)),
    ).sort(),
    blocks: [blocksIn(entries).accounts, blocksIn(entries).meetings].map((hashes) =>
      hashes.map((one) => one.join()).sort(),
    ),
    declined: new Set(declinedIn(entries).map((one) => one.join())),
    pins,
  }
}

describe("folding a keyring", () => {
  it("says what all its entries say, in as many as there are things to say, and folds to the same again", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const raws = entries.map(rawOf)
        const folded = foldEntries(raws)
        expect(meaningOf(folded)).to.deep.equal(meaningOf(raws))
        expect(foldEntries(folded)).to.deep.equal(folded)
        expect(folded.filter(({ type }) => type === "pin").length).to.be.at.most(3)
        expect(folded.filter(({ type }) => type === "snapshot")).to.deep.equal([])
      }),
    )
  })

  it("keeps every entry of a type that it does not know", () => {
    const later = [1, 1, 2].map((n) => ({ type: "later", body: [n] }))
    expect(foldEntries([...later, ...later])).to.deep.equal([...later, ...later])
  })
})
