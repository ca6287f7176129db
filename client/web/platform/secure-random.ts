import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"

/** The most that one call of the browser's generator gives. */
const RANDOM_BYTES = 65_536

export const secureRandom: RandomBytes = (count) => {
  if (count > RANDOM_BYTES) throw new ArchiveError("usage", `${count} random bytes at once are too many`)
  return crypto.getRandomValues(new Uint8Array(count))
}
