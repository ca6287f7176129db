import { copyFile, cp, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Needle } from "./needles.js"
import { root } from "./programs.js"
import { windows } from "./secrets.js"

/** A real folder of Zoom's, and what of it must stand nowhere in the clear once it is imported. */

const PLACE = join(root, "test/data/zoom-meeting")
const TRANSCRIPT = "meeting001_transcript.vtt"
/** Of so many lines of the transcript one is looked for. */
const EVERY = 40
/** Shorter lines of the chat are words that anybody may say. */
const SHORTEST_LINE = 16
/** Of the list of participants these lines hold what the platform calls its columns. */
const HEADINGS = [0, 2, 3]

/** With a video, which the original has no longer. */
export async function copyZoomFolder(to: string): Promise<void> {
  await cp(PLACE, to, { recursive: true })
  await copyFile(join(root, "test/data/meeting.mp4"), join(to, "meeting001_video.mp4"))
}

/** Lines of its chat, whom it names with their addresses, its title, its files' names, and parts of its transcript. */
export async function zoomNeedles(): Promise<readonly Needle[]> {
  const linesOf = async (name: string): Promise<readonly string[]> =>
    (await readFile(join(PLACE, name), "utf8")).split(/\r?\n/)
  const chat = (await linesOf("meeting001_chat.txt")).flatMap((line) => line.split("\t").slice(2))
  const people = (await linesOf("meeting001_participants.csv"))
    .filter((_, index) => !HEADINGS.includes(index))
    .flatMap((line) => line.split(","))
  const spoken = (await linesOf(TRANSCRIPT)).filter((line) => line.includes(": "))
  const texts = {
    chat: chat.filter((text) => text.length >= SHORTEST_LINE),
    people,
    spoken: spoken.filter((_, index) => index % EVERY === 0),
  }
  return [
    ...Object.entries(texts).flatMap(([what, found]) =>
      [...new Set(found)]
        .filter((text) => text.length >= 8 && /\p{L}/u.test(text))
        .map((text) => ({ name: `imported ${what}: ${text}`, bytes: Buffer.from(text) })),
    ),
    ...(await readdir(PLACE)).map((name) => ({ name: `imported file: ${name}`, bytes: Buffer.from(name) })),
    ...windows("imported transcript", await readFile(join(PLACE, TRANSCRIPT))),
  ]
}
