import { toHex } from "../../../shared/protocol/bytes.js"
import { includesHash } from "../../../shared/protocol/hash.js"
import type { ChatReaction } from "../../sdk/chat/fold.js"

/** @returns one's own, then those of most people, of these the ones of who gave the fewest; in the order in which they came. */
export function mostUsed(reactions: readonly ChatReaction[], self: Uint8Array, most: number): readonly ChatReaction[] {
  if (reactions.length <= most) return reactions
  const given = new Map<string, number>()
  for (const { authors } of reactions)
    for (const author of authors.map(toHex)) given.set(author, (given.get(author) ?? 0) + 1)
  const ranked = reactions.map((reaction) => ({
    reaction,
    isOwn: Number(includesHash(reaction.authors, self)),
    fewest: Math.min(...reaction.authors.map((author) => given.get(toHex(author)) ?? 0)),
  }))
  const chosen = new Set(
    ranked
      .toSorted(
        (a, b) => b.isOwn - a.isOwn || b.reaction.authors.length - a.reaction.authors.length || a.fewest - b.fewest,
      )
      .slice(0, most)
      .map(({ reaction }) => reaction),
  )
  return reactions.filter((reaction) => chosen.has(reaction))
}
