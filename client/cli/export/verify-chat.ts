import { createReadStream } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import * as z from "zod"
import { isoTimeOf } from "../../../shared/protocol/ambient.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import type { CheckedMessage } from "../../../shared/protocol/opening-messages.js"
import { nodePrimitives } from "../../crypto/node-primitives.js"
import { readOpening } from "../../verifier/read-opening.js"
import { accountOf } from "../describe.js"

/** What of `chat.json` is held against the proofs. */
const chatSchema = z.object({
  messages: z.array(
    z.object({
      message: z.string().optional(),
      author: z.string().optional(),
      time: z.string().optional(),
      type: z.string().optional(),
      text: z.string().nullish(),
    }),
  ),
})

/**
 * Holds a chat against what was signed. @returns how many messages are just that.
 * @throws {@link ArchiveError} `integrity` for one that nobody signed so, or that is left out; what an opening's reader refuses. SPEC.md §20, EX5.
 */
export async function proveChat(
  folder: string,
  path: string,
  meeting: string,
  proofs: readonly string[],
): Promise<number> {
  const signed = new Map<string, CheckedMessage>()
  for (const proof of proofs) {
    const { opening } = await readOpening(createReadStream(join(folder, proof)), { primitives: nodePrimitives })
    if (!("messages" in opening) || formatId("meeting", idOfHash("meeting", opening.meetingHash)) !== meeting)
      throw new ArchiveError("integrity", `${proof} is no proof of this chat`)
    for (const message of opening.messages) signed.set(formatId("message", message.statement.messageId), message)
  }
  const parsed = chatSchema.safeParse(parseJson(await readFile(join(folder, path), "utf8")))
  if (!parsed.success) throw new ArchiveError("malformed", "a chat that can't be read", { cause: parsed.error })
  const said = wordsSaid(signed.values())
  const shown = new Set<string>()
  for (const line of parsed.data.messages) {
    if (line.message === undefined) continue
    const message = signed.get(line.message)
    const { statement } = message ?? {}
    const isItself =
      message !== undefined &&
      statement !== undefined &&
      accountOf(statement.authorGenesisHash) === line.author &&
      isoTimeOf(statement.timeMs) === line.time &&
      statement.type === line.type &&
      (line.text == null || said.get(keyOf(statement.messageId, statement.authorGenesisHash))?.has(line.text) === true)
    if (!isItself) throw new ArchiveError("integrity", `${line.message} is not what was signed`)
    shown.add(line.message)
  }
  for (const [id, { statement }] of signed)
    if (statement.type === "text" && !shown.has(id))
      throw new ArchiveError("integrity", `${id} was signed, and is left out`)
  return shown.size
}

/** What each message said, at first and by its author's edits, by its id and its author. */
function wordsSaid(signed: Iterable<CheckedMessage>): ReadonlyMap<string, ReadonlySet<string>> {
  const said = new Map<string, Set<string>>()
  for (const { statement, fields } of signed) {
    const valueOf = (wanted: string): unknown => fields.find(({ name }) => name === wanted)?.value
    const target = valueOf("target")
    const [targetId] = Array.isArray(target) ? (target as readonly unknown[]) : []
    const id = statement.type === "edit" && targetId instanceof Uint8Array ? targetId : statement.messageId
    const [key, text] = [keyOf(id, statement.authorGenesisHash), valueOf("text")]
    if (typeof text === "string") said.set(key, (said.get(key) ?? new Set()).add(text))
  }
  return said
}

function keyOf(messageId: Uint8Array, authorGenesisHash: Uint8Array): string {
  return `${toHex(messageId)} ${toHex(authorGenesisHash)}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new ArchiveError("malformed", "a chat that is no JSON", { cause })
  }
}
