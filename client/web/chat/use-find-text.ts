import { useCallback, useMemo } from "react"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import type { ChatLine, ChatText } from "../../sdk/chat/fold.js"
import type { FindText } from "./message-row.js"

/** What answers name, among what was read. */
export function useFindText(lines: readonly ChatLine[]): FindText {
  const byId = useMemo(() => {
    const found = new Map<string, ChatText>()
    for (const line of lines) if (line.kind === "text") found.set(toHex(line.message.messageId), line)
    return found
  }, [lines])
  return useCallback(
    ({ messageId, hash }) => {
      const found = byId.get(toHex(messageId))
      if (found === undefined) return null
      return equalBytes(found.message.hash, hash) ? found : "other"
    },
    [byId],
  )
}
