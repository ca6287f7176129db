import { Column } from "./column.js"

/** Which row may have an id, in twelve bytes for each: a map of strings would take ten times as much. */
export class IdTable {
  /** Of each row. */
  readonly #hashes = new Column(new Int32Array(0))
  /** Rows, counted from 1, by their hashes; at most half of them are filled. */
  #slots = new Int32Array(2)

  /** Of the next row. */
  add(hash: number): void {
    this.#hashes.push(hash)
    const rowCount = this.#hashes.length
    if (2 * rowCount <= this.#slots.length) {
      this.#fill(rowCount - 1)
      return
    }
    this.#slots = new Int32Array(2 * this.#slots.length)
    for (let row = 0; row < rowCount; row++) this.#fill(row)
  }

  /** @param isIt asked of rows whose ids have the hash. */
  find(hash: number, isIt: (row: number) => boolean): number | undefined {
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] ?? 0) - 1
      if (row < 0) return undefined
      if (this.#hashes.at(row) === hash && isIt(row)) return row
    }
  }

  #fill(row: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#hashes.at(row) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = row + 1
  }
}

/** FNV-1a of the UTF-16 units of an id; `hashMore` goes on with it. */
export const NO_HASH = 0x811c9dc5 | 0

export function hashMore(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193)
}

export function hashOf(id: string): number {
  let hash = NO_HASH
  for (let at = 0; at < id.length; at++) hash = hashMore(hash, id.charCodeAt(at))
  return hash
}
