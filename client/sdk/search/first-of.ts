/** The first so many of all, as they stand once all are sorted: most of what a common word finds is never put in order. */
export function firstOf<Item>(
  all: readonly Item[],
  limit: number,
  order: (a: Item, b: Item) => number,
): readonly Item[] {
  if (all.length <= limit) return all.toSorted(order)
  const first: Item[] = []
  for (const item of all) {
    const last = first.at(-1)
    if (first.length === limit && last !== undefined && order(item, last) >= 0) continue
    let [from, until] = [0, first.length]
    while (from < until) {
      const middle = (from + until) >>> 1
      if (order(item, first[middle] ?? item) < 0) until = middle
      else from = middle + 1
    }
    first.splice(from, 0, item)
    if (first.length > limit) first.pop()
  }
  return first
}
