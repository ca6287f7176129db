/** A browser throws away what is sent where nobody is, and all that was handed over with it. */
const nowhere = (() => {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  return port1
})()

/**
 * Gives back the memory of bytes that are needed no more; they are empty then, and so is all else in their buffer, which nobody else may have. Left to itself
 * a browser does so late: its garbage collector hardly counts what lies outside its heap, and keeps what any of the browser's own parts was given, also
 * behind `ArrayBuffer.transfer`.
 */
export function freeBuffer({ buffer }: Uint8Array): void {
  // No thread shares what is freed here.
  if (buffer.byteLength > 0) nowhere.postMessage(null, [buffer as ArrayBuffer])
}
