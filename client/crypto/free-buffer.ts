/**
 * Gives back the memory of bytes that are needed no more; they are empty then, and so is all else in their buffer, which nobody else may have. Left to itself
 * a browser does so late: its garbage collector hardly counts what lies outside its heap. One that can't be told is left to itself.
 */
export function freeBuffer({ buffer }: Uint8Array): void {
  if ("transfer" in buffer) buffer.transfer(0)
}
