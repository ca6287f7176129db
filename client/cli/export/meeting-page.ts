import { dateIn, minuteIn } from "../../../shared/protocol/ambient.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { plainText } from "../../sdk/captions.js"
import type { PlacedLine } from "../../sdk/imports/read-imported.js"
import type { Client } from "../../sdk/client.js"
import { shownName } from "../../sdk/shown-name.js"
import { accountOf, nameText } from "../describe.js"
import { escapeHtml as escape, hrefOf, htmlPage } from "../html.js"
import { formatDuration, formatSize } from "../output.js"
import type { ShownRecording } from "./export-meeting.js"
import { type ExportedFile, type ExportedMeeting, type ExportManifest, mediaOf } from "./manifest.js"

const MS_PER_S = 1_000

/** A meeting's recordings, with what goes along, as one page beside their files. */
export function meetingPage(
  client: Client,
  log: MeetingLog,
  meeting: ExportedMeeting,
  recordings: readonly ShownRecording[],
): string {
  const members = log.current.roster.map(
    ({ genesisHash, role }) => `${accountOf(genesisHash)}${nameText(client, genesisHash)} (${role})`,
  )
  const body = [
    `<p><a href="chat.html">Chat: ${meeting.messages} entries</a></p>`,
    details(
      `${members.length} members when this was exported`,
      members.map((line) => `<p class="note">${escape(line)}</p>`).join("\n"),
    ),
    ...recordings.map((shown) => article(meeting.folder, shown)),
    ...meeting.missing.map(
      ({ what, reason }) =>
        `<article><p class="warning">${escape(`${what} could not be exported: ${reason}`)}</p></article>`,
    ),
  ]
  return htmlPage(meeting.title, `${escape(meeting.meeting)}. Times are UTC.`, body.join("\n"), { hasFiles: true })
}

/** The first page: where everything is. */
export function exportPage({ account, exported, meetings }: ExportManifest): string {
  const items = meetings.map(
    ({ title, folder, recordings, messages }) =>
      `<article><h2><a href="${hrefOf(`${folder}/index.html`)}" dir="auto">${escape(title)}</a></h2><p class="note">${recordings.length} recordings, ${messages} entries in the chat</p></article>`,
  )
  const note = `What ${escape(account)} could open on ${escape(dateIn(exported))}. It is plaintext: keep it as such. <code>taciturn export verify</code> checks it without a server.`
  return htmlPage("Meetings", note, items.join("\n"))
}

function article(meetingFolder: string, { exported, durationMs, cues, imported }: ShownRecording): string {
  const { files, title } = exported
  const from = (file: ExportedFile): string => hrefOf(file.path.slice(meetingFolder.length + 1))
  const media = mediaOf(files)
  const poster = files.find(({ path }) => /\/poster-\d+\.jpg$/.test(path))
  const player =
    media === undefined
      ? ""
      : /\.(?:mp3|m4a|ogg|weba|wav)$/.test(media.path)
        ? `<audio controls preload="none" src="${from(media)}"></audio>`
        : /\.(?:mp4|webm|mov|mkv)$/.test(media.path)
          ? `<video controls preload="none" src="${from(media)}"${poster === undefined ? "" : ` poster="${from(poster)}"`}></video>`
          : ""
  return [
    `<article id="${exported.recording}">`,
    `<h2 dir="auto">${escape(title)}</h2>`,
    `<p class="meta">Published by ${escape(exported.author)} <time datetime="${exported.published}">${minuteIn(exported.published)}</time>${durationMs === null ? "" : `, ${formatDuration(durationMs / MS_PER_S)}`}</p>`,
    ...(exported.isWithdrawn ? ['<p class="warning">Deleted in its meeting since it was exported.</p>'] : []),
    ...(imported === null
      ? []
      : [
          `<p class="warning">Imported from ${escape(imported.source)} by ${escape(exported.author)}: that platform may have held plaintext of it, and who said what there is its word.</p>`,
        ]),
    player,
    ...files.map(
      (file) =>
        `<p class="note"><a href="${from(file)}">${escape(file.path.slice(file.path.lastIndexOf("/") + 1))}</a> ${formatSize(file.sizeBytes)}</p>`,
    ),
    ...(imported === null || imported.lines.length === 0
      ? []
      : [details(`Imported chat, ${imported.lines.length} lines`, lines(imported.lines.map(importedItem)))]),
    ...(cues.length === 0
      ? []
      : [
          details(
            `Captions, ${cues.length}`,
            lines(cues.map((cue): Item => [formatDuration(cue.startS), plainText(cue)])),
          ),
        ]),
    "</article>",
  ].join("\n")
}

type Item = readonly [where: string, text: string]

function importedItem({ type, placeMs, author, to, about, text }: PlacedLine): Item {
  const where = placeMs === null ? "—" : `${placeMs < 0 ? "-" : ""}${formatDuration(Math.abs(placeMs) / MS_PER_S)}`
  const who =
    type === "unread" ? "(not read)" : `“${shownName(author ?? "")}”${to === null ? "" : ` to “${shownName(to)}”`}`
  return [where, `${who}${about === null ? "" : ` (${type}: “${shownName(about)}”)`}: ${text}`]
}

function lines(items: readonly Item[]): string {
  return `<dl>${items.map(([where, text]) => `<dt>${escape(where)}</dt><dd dir="auto">${escape(text)}</dd>`).join("\n")}</dl>`
}

function details(summary: string, body: string): string {
  return `<details><summary>${escape(summary)}</summary>\n${body}\n</details>`
}
