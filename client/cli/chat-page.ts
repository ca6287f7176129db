import { isoTimeOf, minuteIn } from "../../shared/protocol/ambient.js"
import { formatId } from "../../shared/protocol/ids.js"
import type { StandingMessage } from "../crypto/chat-order.js"
import type { Client } from "../sdk/client.js"
import type { ChatLine } from "../sdk/chat/fold.js"
import { gapText, notKeptText, type ShownLine, warningsOf, withoutEffectText } from "./chat-lines.js"
import { accountOf, nameText } from "./describe.js"
import { escapeHtml as escape, hrefOf, htmlPage } from "./html.js"

/** Where the files of messages lie beside a page, by {@link sentKey}. */
export type SentPlaces = ReadonlyMap<string, string>

export function sentKey({ message }: { readonly message: Pick<StandingMessage, "messageId"> }, index: number): string {
  return `${formatId("message", message.messageId)}-${index}`
}

/**
 * A chat as one page that opens without a server. What others wrote is text in it, never markup: there is no script, and the page's own policy allows
 * nothing but its style.
 */
export function chatPage(
  client: Client,
  meeting: { readonly meeting: string; readonly title: string },
  lines: readonly ShownLine[],
  places: SentPlaces = new Map(),
): string {
  return htmlPage(
    meeting.title,
    `Chat of ${escape(meeting.meeting)}. Times are UTC, by each author's clock.`,
    lines.map((line) => article(client, line, places)).join("\n"),
  )
}

function article(client: Client, line: ShownLine, places: SentPlaces): string {
  if (line.kind === "not-kept") return `<p class="note">${escape(notKeptText(line))}</p>`
  if (line.kind === "gap") return alone(gapText(line).slice(2))
  if (line.kind === "refused")
    return alone(`A message is not shown, since nobody can be told to have written it (${line.code}: ${line.reason})`)
  if (line.kind === "closed") return alone("A message from before this account could open the chat")
  const { message } = line
  const { statement } = message
  const id = formatId("message", message.messageId)
  const author = `${accountOf(statement.authorGenesisHash)}${nameText(client, statement.authorGenesisHash)}`
  const time = isoTimeOf(statement.timeMs)
  return [
    `<article id="${id}">`,
    ...warningsOf(client, line).map((warning) => `<p class="warning">${escape(warning)}</p>`),
    `<p class="meta"><span dir="auto">${escape(author)}</span> <time datetime="${time}">${minuteIn(time)}</time></p>`,
    ...(line.kind === "text" ? textParts(line, places) : [`<p class="note">${escape(withoutEffectText(line))}</p>`]),
    "</article>",
  ].join("\n")
}

function alone(text: string): string {
  return `<article><p class="warning">${escape(text)}</p></article>`
}

function textParts(line: Extract<ChatLine, { kind: "text" }>, places: SentPlaces): readonly string[] {
  const { content, text, editedAtMs, deletedBy, reactions } = line
  const replyTo = content.replyTo === null ? null : formatId("message", content.replyTo.messageId)
  return [
    ...(replyTo === null ? [] : [`<p class="note">In reply to <a href="#${replyTo}">${replyTo}</a></p>`]),
    text === null
      ? `<p class="note">Deleted by ${escape(deletedBy === null ? "nobody" : accountOf(deletedBy))}</p>`
      : `<p class="text" dir="auto">${escape(text)}</p>`,
    ...(editedAtMs === null || text === null ? [] : ['<p class="note">Edited</p>']),
    ...content.files.map(({ fileName }, index) => {
      const place = places.get(sentKey(line, index))
      const name = escape(fileName)
      return `<p class="note">File: ${place === undefined ? name : `<a href="${hrefOf(place)}">${name}</a>`}</p>`
    }),
    ...(reactions.length === 0
      ? []
      : [
          `<ul>${reactions.map(({ reaction, authors }) => `<li>${escape(reaction)} ${authors.length}</li>`).join("")}</ul>`,
        ]),
  ]
}
