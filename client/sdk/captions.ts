import { utf8 } from "../../shared/protocol/bytes.js"

/** Captions in WebVTT or SubRip, as files have them. https://www.w3.org/TR/webvtt1/ */

export interface Cue {
  readonly startS: number
  readonly endS: number
  readonly text: string
}

export interface CaptionFile {
  /** A language tag, where the file says one. */
  readonly language: string | null
  /** Whether its cues are titles of chapters, as the file says. */
  readonly isChapters: boolean
  readonly cues: readonly Cue[]
}

export interface Chapter {
  readonly startS: number
  readonly title: string
}

const TIMES = /^(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})[ \t]+-->[ \t]+(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})/
const S_PER_MIN = 60
const MS_PER_S = 1000

/** What can't be read of it is left out: other members write these files. */
export function parseCaptions(raw: Uint8Array): CaptionFile {
  const text = new TextDecoder().decode(raw).replaceAll(/\r\n?/g, "\n")
  const [head = "", ...blocks] = text.split(/\n{2,}/)
  const isVtt = head.startsWith("WEBVTT")
  const language = isVtt ? /^Language:\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\s*$/m.exec(head)?.[1] : undefined
  const cues = (isVtt ? blocks : [head, ...blocks]).map(readCue).filter((cue) => cue !== null)
  return {
    language: language ?? null,
    isChapters: isVtt && /^Kind:\s*chapters\s*$/im.test(head),
    cues: cues.toSorted((a, b) => a.startS - b.startS),
  }
}

const VOICE = /<v(?:\.[^\s>]{0,64})?[ \t]+([^>]{1,128})>/g
const TAG = /<[^>]{0,256}>|\{\\[a-z]{1,4}\d{0,4}\}/g
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", nbsp: "\u{a0}", lrm: "", rlm: "" }

/** What a cue says, without what marks it up: `Alice: Hello` of `<v Alice>Hello`. */
export function plainText({ text }: Pick<Cue, "text">): string {
  return text
    .replaceAll(VOICE, "$1: ")
    .replaceAll(TAG, "")
    .replaceAll(/&(\w{2,4});/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .trim()
}

function readCue(block: string): Cue | null {
  const lines = block.split("\n")
  const at = lines.findIndex((line) => TIMES.test(line))
  // Before it stands a name at most.
  if (at < 0 || at > 1) return null
  const [, ...numbers] = TIMES.exec(lines[at] ?? "") ?? []
  const [startS, endS] = [secondsOf(numbers.slice(0, 4)), secondsOf(numbers.slice(4))]
  const text = lines
    .slice(at + 1)
    .join("\n")
    .trim()
  return endS > startS && text !== "" ? { startS, endS, text } : null
}

function secondsOf(parts: readonly (string | undefined)[]): number {
  const [hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = parts.map((part) => Number(part ?? 0))
  return (hours * S_PER_MIN + minutes) * S_PER_MIN + seconds + milliseconds / MS_PER_S
}

/** The same as WebVTT, without what marks up its texts: other formats mark up by other rules. */
export function webVttOf({ cues }: Pick<CaptionFile, "cues">): Uint8Array {
  const blocks = cues.map((cue) => {
    const text = plainText(cue)
      .replaceAll(/\n{2,}/g, "\n")
      .replaceAll(/[&<>]/g, (sign) => SIGNS[sign] ?? sign)
    return `${timestamp(cue.startS)} --> ${timestamp(cue.endS)}\n${text}\n`
  })
  return utf8(["WEBVTT\n", ...blocks].join("\n"))
}

const SIGNS: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

function timestamp(seconds: number): string {
  const ms = Math.round(seconds * MS_PER_S)
  const part = (unitMs: number, units: number): string => String(Math.floor(ms / unitMs) % units).padStart(2, "0")
  const hours = String(Math.floor(ms / (S_PER_MIN * S_PER_MIN * MS_PER_S))).padStart(2, "0")
  return `${hours}:${part(S_PER_MIN * MS_PER_S, S_PER_MIN)}:${part(MS_PER_S, S_PER_MIN)}.${String(ms % MS_PER_S).padStart(3, "0")}`
}
