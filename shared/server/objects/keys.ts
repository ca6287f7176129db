import { ArchiveError } from "../../protocol/errors.js"

/** Keys are made by this program alone; the check is for the day on which one is not. */
export function assertKey(key: string): void {
  if (!/^[a-z0-9]+(?:[/.][a-z0-9]+)*$/.test(key)) throw new ArchiveError("internal", "an object key of another form")
}
