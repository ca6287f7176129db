import { SaxesParser } from "saxes"
import type { ImportedLine } from "../../../shared/protocol/import-record.js"
import { fitted, isName, unreadLine } from "./imported-lines.js"
import type { ParsedChat } from "./zoom-chat.js"

/** What a BigBlueButton server publishes of a recording: `metadata.xml`, and a chat in `slides_new.xml`. */

interface BbbMetadata {
  readonly title: string | null
  readonly startedMs: number | null
}

/** @returns whatever could be read of it. */
export function parseBbbMetadata(text: string): BbbMetadata {
  const path: string[] = []
  const found = new Map<string, string>()
  readXml(text, {
    open: (name) => path.push(name),
    close: () => path.pop(),
    text: (said) => {
      const place = path.join("/")
      found.set(place, (found.get(place) ?? "") + said)
    },
  })
  const title = (found.get("recording/meta/meetingName") ?? found.get("recording/meta/name") ?? "").trim()
  const started = (found.get("recording/start_time") ?? "").trim()
  return { title: title === "" ? null : title, startedMs: /^\d{1,15}$/.test(started) ? Number(started) : null }
}

/** Times count in seconds from the recording's start. What is no well-formed XML from some place on stands from there on as unread. */
export function parseBbbChat(text: string): ParsedChat {
  const lines: ImportedLine[] = []
  const brokeAt = readXml(text, {
    open: (name, attributes) => {
      if (name !== "chattimeline") return
      const { in: seconds = "", name: author = "", message = "" } = attributes
      const isRead = /^\d{1,9}(?:\.\d{1,6})?$/.test(seconds) && isName(author)
      lines.push(
        ...fitted(
          isRead
            ? {
                type: "message",
                clockMs: Math.round(Number(seconds) * 1_000),
                author,
                to: null,
                about: null,
                text: textOfMarkup(message),
              }
            : unreadLine(JSON.stringify(attributes)),
        ),
      )
    },
  })
  const rest = brokeAt === null ? "" : text.slice(brokeAt)
  return { lines: [...lines, ...(rest.trim() === "" ? [] : fitted(unreadLine(rest)))], hasTabs: false }
}

/** @returns from where on it could not be read, as its last line that begins before the fault; `null` where it is whole. */
function readXml(
  text: string,
  on: {
    open(name: string, attributes: Readonly<Record<string, string>>): unknown
    close?(): unknown
    text?(said: string): void
  },
): number | null {
  const parser = new SaxesParser()
  let wholeUntil = 0
  parser.on("opentag", ({ name, attributes }) => on.open(name, attributes))
  parser.on("closetag", () => {
    on.close?.()
    wholeUntil = parser.position
  })
  parser.on("text", (said) => on.text?.(said))
  // Else it would go on behind an error, and tell things that the file does not say.
  parser.on("error", (error) => {
    throw error
  })
  try {
    parser.write(text).close()
    return null
  } catch {
    return wholeUntil
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: " " }

/** A message is HTML in an attribute: breaks become lines, and other tags go, whose text says what they said. */
function textOfMarkup(markup: string): string {
  let text = ""
  for (let at = 0; at < markup.length;) {
    const open = markup.indexOf("<", at)
    const close = open < 0 ? -1 : markup.indexOf(">", open)
    if (open < 0 || close < 0) {
      text += markup.slice(at)
      break
    }
    text += markup.slice(at, open)
    const tag = markup.slice(open + 1, close)
    if (/^br\s*\/?$/i.test(tag)) text += "\n"
    // What is no tag was typed so.
    else if (!/^\/?[a-z]/i.test(tag)) text += markup.slice(open, close + 1)
    at = close + 1
  }
  return text.replaceAll(
    /&(?:#(\d{1,7})|([a-z]{2,6}));/g,
    (whole, code: string | undefined, name: string | undefined) => {
      if (name !== undefined) return ENTITIES[name] ?? whole
      const point = Number(code)
      return point > 0 && point <= 0x10_ffff ? String.fromCodePoint(point) : whole
    },
  )
}
