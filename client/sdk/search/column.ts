type Numbers = Uint8Array | Int32Array | Uint32Array | Float64Array

const FIRST_ROWS = 64

/** A number for each row, in as few bytes as its kind of array takes. It grows. */
export class Column {
  #numbers: Numbers
  #length: number

  /** With what is in an array, whose kind it keeps. */
  constructor(numbers: Numbers) {
    this.#numbers = numbers
    this.#length = numbers.length
  }

  get length(): number {
    return this.#length
  }

  /** 0 behind the end. */
  at(row: number): number {
    return this.#numbers[row] ?? 0
  }

  push(value: number): void {
    if (this.#length === this.#numbers.length) {
      const size = Math.max(FIRST_ROWS, 2 * this.#length)
      const grown = new (this.#numbers.constructor as new (length: number) => Numbers)(size)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#numbers[this.#length++] = value
  }
}
