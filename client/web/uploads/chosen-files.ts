import { mediaTypeOf } from "../../sdk/media-types.js"

/** Files that somebody chose, put together to recordings. */
export interface ChosenRecording {
  readonly file: File
  readonly captions: File | null
  /** Titles of its chapters, in WebVTT; `null` where it has none. */
  readonly chapters: File | null
  readonly title: string
  readonly capturedAtMs: number | null
  /** Whether it is sound or moving pictures, as far as its name or the browser tells. */
  readonly isMedia: boolean
}

const CAPTIONS = ["vtt", "srt"]
/** What stands before `.vtt` where the cues of a file are titles of chapters. */
const CHAPTERS = ".chapters"

/**
 * Each file is a recording, and captions of the same name go with it, from the same folder; `.vtt` before `.srt`, as with the command. So do chapters, `.chapters.vtt`.
 * Files that systems hide are left out.
 */
export function groupFiles(files: readonly File[]): {
  readonly recordings: readonly ChosenRecording[]
  /** Captions without a recording of their name. */
  readonly strays: readonly File[]
} {
  const seen = files.filter((file) => !file.name.startsWith("."))
  const isCaptions = (file: File): boolean => CAPTIONS.includes(endingOf(file.name))
  const captions = seen.filter(isCaptions)
  const taken = new Set<File>()
  const recordings = seen
    .filter((file) => !isCaptions(file))
    .map((file) => {
      const own = CAPTIONS.map((ending) =>
        captions.find((other) => endingOf(other.name) === ending && stemOf(pathOf(other)) === stemOf(pathOf(file))),
      ).find((other) => other !== undefined)
      if (own !== undefined) taken.add(own)
      const chapters = captions.find(
        (other) => endingOf(other.name) === "vtt" && stemOf(pathOf(other)) === `${stemOf(pathOf(file))}${CHAPTERS}`,
      )
      if (chapters !== undefined) taken.add(chapters)
      return {
        file,
        captions: own ?? null,
        chapters: chapters ?? null,
        title: stemOf(file.name),
        capturedAtMs: file.lastModified > 0 ? file.lastModified : null,
        isMedia: isMedia(file),
      }
    })
  // Both kinds of one recording's captions: the other is none of its own.
  const names = new Set([...taken].map((file) => stemOf(pathOf(file))))
  return { recordings, strays: captions.filter((file) => !taken.has(file) && !names.has(stemOf(pathOf(file)))) }
}

function isMedia(file: File): boolean {
  return [file.type, mediaTypeOf(file.name)].some((type) => type.startsWith("video/") || type.startsWith("audio/"))
}

/** With its folders, where a folder was chosen. */
function pathOf(file: File): string {
  return file.webkitRelativePath === "" ? file.name : file.webkitRelativePath
}

function endingOf(name: string): string {
  return /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ""
}

function stemOf(name: string): string {
  return name.replace(/\.[^./]+$/, "")
}
