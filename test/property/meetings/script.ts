import type { HistoryPolicy, Role } from "../../../shared/protocol/roster.js"
import { type Chance, chanceOf } from "../../support/chance.js"

/** What the people of one run try, drawn from its seed. People are numbers; 0 makes the meeting. */

export type Deed =
  | {
      readonly kind: "create" | "leave" | "rekey" | "renew" | "expire" | "join" | "publish" | "read" | "replace-device"
    }
  | { readonly kind: "add" | "set-role"; readonly whom: number; readonly role: Role }
  | { readonly kind: "remove" | "invite-again"; readonly whom: number }
  | { readonly kind: "set-policy"; readonly policy: HistoryPolicy }

/** One person's deeds, one after the other. */
export interface Turn {
  readonly by: number
  readonly deeds: readonly Deed[]
}

export interface Script {
  readonly seed: number
  readonly people: number
  /** Who accepts no invitation, ever. */
  readonly shy: ReadonlySet<number>
  /** Turns of one batch go on at the same time. */
  readonly batches: readonly (readonly Turn[])[]
}

/** How often each kind comes up: together a hundred. */
const WEIGHTS: readonly (readonly [Deed["kind"], number])[] = [
  ["add", 13],
  ["remove", 14],
  ["set-role", 10],
  ["leave", 6],
  ["set-policy", 6],
  ["rekey", 6],
  ["renew", 3],
  ["expire", 2],
  ["invite-again", 3],
  ["join", 12],
  ["publish", 15],
  ["read", 5],
  ["replace-device", 5],
]

export function makeScript(seed: number): Script {
  const chance = chanceOf(seed, "meeting")
  const people = chance.pick([2, 2, 3, 3, 3, 4, 4, 5, 6])
  const others = Array.from({ length: people - 1 }, (_, index) => index + 1)
  const shy = new Set(others.filter(() => chance.oneIn(6)))
  const admitted = others.filter(() => !chance.oneIn(4))
  const opening: Turn[] = [
    {
      by: 0,
      deeds: [
        ...(chance.oneIn(3) ? [{ kind: "publish" } as const] : []),
        ...admitted.map((whom): Deed => ({ kind: "add", whom, role: chance.oneIn(3) ? "admin" : "member" })),
      ],
    },
  ]
  const arrival = admitted.filter((by) => !shy.has(by)).map((by): Turn => ({ by, deeds: [{ kind: "join" }] }))
  const batches = Array.from({ length: 2 + chance.below(2) }, () => {
    const turns = new Map<number, Turn>()
    for (let count = 1 + chance.below(3); count > 0; count--) {
      const by = chance.oneIn(2) ? 0 : chance.below(people)
      const deeds = Array.from({ length: 1 + chance.below(2) }, () => makeDeed(chance, people, by))
      turns.set(by, { by, deeds: deeds.filter(({ kind }) => kind !== "join" || !shy.has(by)) })
    }
    return [...turns.values()]
  })
  return { seed, people, shy, batches: [opening, arrival, ...batches] }
}

function makeDeed(chance: Chance, people: number, by: number): Deed {
  let at = chance.below(100)
  const kind = WEIGHTS.find(([, weight]) => (at -= weight) < 0)?.[0] ?? "read"
  // Mostly somebody else: of oneself the most is refused.
  const whom = chance.oneIn(8) ? by : (by + 1 + chance.below(people - 1)) % people
  const role = chance.oneIn(2) ? "admin" : "member"
  if (kind === "add" || kind === "set-role") return { kind, whom, role }
  if (kind === "remove" || kind === "invite-again") return { kind, whom }
  if (kind === "set-policy") return { kind, policy: chance.oneIn(2) ? "shared" : "from-join" }
  return { kind }
}

/** To be read by whoever looks for what went wrong. */
export function describeScript({ people, shy, batches }: Script): string {
  const lines = batches.map((turns) =>
    turns.map(({ by, deeds }) => `${by}: ${deeds.map((deed) => Object.values(deed).join(" ")).join(", ")}`).join(" | "),
  )
  return [`${people} people, ${[...shy].join(" ") || "nobody"} shy`, ...lines].join("\n")
}

/** The same without some of it: half of the batches first, then a batch, a turn, a deed. */
export function* smallerScripts(script: Script): Generator<Script> {
  const { batches } = script
  const half = Math.ceil(batches.length / 2)
  if (half > 1) yield* [batches.slice(0, half), batches.slice(half)].map((kept) => ({ ...script, batches: kept }))
  const withBatch = (at: number, turns: readonly Turn[]) => ({ ...script, batches: batches.with(at, turns) })
  for (const at of batches.keys()) yield { ...script, batches: batches.toSpliced(at, 1) }
  for (const [at, turns] of batches.entries())
    for (const [index, { by, deeds }] of turns.entries()) {
      if (turns.length > 1) yield withBatch(at, turns.toSpliced(index, 1))
      for (const deed of deeds.length > 1 ? deeds.keys() : [])
        yield withBatch(at, turns.with(index, { by, deeds: deeds.toSpliced(deed, 1) }))
    }
}
