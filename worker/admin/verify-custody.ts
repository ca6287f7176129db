import * as z from "zod"
import { toHex, utf8 } from "../../shared/protocol/bytes.js"
import { sha256, ZERO_HASH } from "../../shared/protocol/hash.js"
import { refused } from "./bag-reader.js"
import { parseJson } from "./record-reader.js"

const entrySchema = z.strictObject({
  seq: z.number().int(),
  prev: z.string(),
  case: z.string(),
  time: z.string(),
  actor: z.string(),
  tool: z.string(),
  action: z.string(),
  details: z.record(z.string(), z.unknown()),
})

/**
 * That a custody record is one chain, of this case, from its opening to the production. SPEC.md §17.
 * @returns how many entries it has.
 * @throws {@link ArchiveError} `integrity`, with the entry as place.
 */
export function assertCustody(text: string, caseName: string, path: string): number {
  const lines = text.split("\n")
  if (lines.pop() !== "") throw refused("a custody record that ends in the middle of an entry", path)
  let prev = toHex(ZERO_HASH)
  let action = ""
  for (const [seq, line] of lines.entries()) {
    const place = `${path} entry ${seq}`
    const parsed = entrySchema.safeParse(parseJson(line, place))
    if (!parsed.success) throw refused("an entry of another form", place)
    const entry = parsed.data
    if (entry.seq !== seq || entry.prev !== prev || entry.case !== caseName)
      throw refused("an entry that does not follow the one before", place)
    if (seq === 0 && entry.action !== "open") throw refused("a custody record that begins after its case", place)
    prev = toHex(sha256(utf8(line)))
    action = entry.action
  }
  if (action !== "produce") throw refused("a custody record that does not end in this production", path)
  return lines.length
}
