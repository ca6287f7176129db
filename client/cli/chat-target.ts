import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { StandingMessage } from "../crypto/chat-order.js"
import type { ChatReader } from "../sdk/chat/read.js"
import { readId } from "./arguments.js"

/** A message among those that were read, back to the first if need be. @throws {@link ArchiveError} `not-found`. */
export async function messageOf(reader: ChatReader, id: string): Promise<StandingMessage> {
  const messageId = readId("message", id)
  for (;;) {
    const found = reader.entries().find((entry) => entry.kind === "authentic" && equalBytes(entry.messageId, messageId))
    if (found?.kind === "authentic") return found
    if (!(await reader.readOlder())) throw new ArchiveError("not-found", `${id} is not in this meeting's chat`)
  }
}

/** As others name it. @throws {@link ArchiveError} `not-found`. */
export async function targetOf(reader: ChatReader, id: string): Promise<Pick<StandingMessage, "messageId" | "hash">> {
  const { messageId, hash } = await messageOf(reader, id)
  return { messageId, hash }
}
