/** One tab has a capture at a time: the one that records it, or else the one that finishes it. */
export function captureLock(captureId: string): string {
  return `taciturn-capture ${captureId}`
}
