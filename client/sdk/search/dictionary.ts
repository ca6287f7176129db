import { ArchiveError } from "../../../shared/protocol/errors.js"

/** Words in the order of their UTF-16 units, held end to end: a map of them would take several times as much. */
export class Dictionary {
  readonly #units: Uint16Array
  /** Where each begins, and where the last ends. */
  readonly #starts: Uint32Array

  /** @throws {@link ArchiveError} `malformed` for words that are not in their order, or stand twice. */
  constructor(words: readonly string[]) {
    this.#units = new Uint16Array(words.reduce((sum, word) => sum + word.length, 0))
    this.#starts = new Uint32Array(words.length + 1)
    let [at, before] = [0, ""]
    for (const [place, word] of words.entries()) {
      if (word <= before) throw new ArchiveError("malformed", "a search index whose words are in no order")
      before = word
      for (let unit = 0; unit < word.length; unit++) this.#units[at++] = word.charCodeAt(unit)
      this.#starts[place + 1] = at
    }
  }

  get size(): number {
    return this.#starts.length - 1
  }

  wordAt(place: number): string {
    return String.fromCharCode(...this.#units.subarray(this.#startOf(place), this.#startOf(place + 1)))
  }

  lengthAt(place: number): number {
    return this.#startOf(place + 1) - this.#startOf(place)
  }

  /** -1 for one that is not there. */
  placeOf(word: string): number {
    const place = this.#firstNotBefore(word)
    return place < this.size && this.lengthAt(place) === word.length && this.#compare(place, word) === 0 ? place : -1
  }

  /** What begins with something, itself among it: from a place to before another. */
  beginningWith(start: string): { readonly from: number; readonly until: number } {
    const from = this.#firstNotBefore(start)
    let [until, behind] = [from, this.size]
    while (until < behind) {
      const middle = (until + behind) >>> 1
      if (this.#compare(middle, start) === 0) until = middle + 1
      else behind = middle
    }
    return { from, until }
  }

  /**
   * What becomes the word by so many changes of a letter at most: letters that are changed, put in, or taken out.
   * Words that begin alike are compared once in what is alike.
   * @returns their places, each with how many.
   */
  near(word: string, most: number): ReadonlyMap<number, number> {
    const found = new Map<number, number>()
    const width = word.length + 1
    const longest = word.length + most
    // A row for each letter of the words in turn: so many changes lead from so much of it to so much of what is looked for.
    const rows = new Uint8Array((longest + 1) * width)
    for (let column = 0; column < width; column++) rows[column] = column
    const path = new Uint16Array(longest)
    // So many letters of the path have their rows, and behind so many no word that begins so is near.
    let [depth, hopeless] = [0, 0]
    for (let place = 0; place < this.size; place++) {
      const start = this.#startOf(place)
      const length = this.#startOf(place + 1) - start
      if (length > longest || length < word.length - most) continue
      let at = 0
      while (at < depth && at < length && path[at] === this.#units[start + at]) at++
      if (hopeless > 0 && at >= hopeless) continue
      hopeless = 0
      for (; at < length && hopeless === 0; at++) {
        path[at] = this.#units[start + at] ?? 0
        if (fillRow(rows, width, at + 1, path[at] ?? 0, word) > most) hopeless = at + 1
      }
      depth = at
      const changes = rows[length * width + word.length] ?? 0
      if (hopeless === 0 && changes <= most) found.set(place, changes)
    }
    return found
  }

  #startOf(place: number): number {
    return this.#starts[place] ?? 0
  }

  /** The first that is not before a word. */
  #firstNotBefore(word: string): number {
    let [first, behind] = [0, this.size]
    while (first < behind) {
      const middle = (first + behind) >>> 1
      if (this.#compare(middle, word) < 0) first = middle + 1
      else behind = middle
    }
    return first
  }

  /** Below 0 for one before `start`, above for one behind all that begins so. */
  #compare(place: number, start: string): number {
    const begin = this.#startOf(place)
    const length = this.#startOf(place + 1) - begin
    for (let at = 0; at < start.length; at++) {
      if (at >= length) return -1
      const difference = (this.#units[begin + at] ?? 0) - start.charCodeAt(at)
      if (difference !== 0) return difference
    }
    return 0
  }
}

/** @returns the least in it. */
function fillRow(rows: Uint8Array, width: number, row: number, unit: number, word: string): number {
  const [at, above] = [row * width, (row - 1) * width]
  let left = (rows[at] = row)
  let least = left
  for (let column = 1; column < width; column++) {
    const changed = (rows[above + column - 1] ?? 0) + (word.charCodeAt(column - 1) === unit ? 0 : 1)
    const here = Math.min(changed, left + 1, (rows[above + column] ?? 0) + 1)
    left = rows[at + column] = here
    if (here < least) least = here
  }
  return least
}
