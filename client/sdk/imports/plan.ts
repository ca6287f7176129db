import { mediaTypeOf } from "../media-types.js"

/** What of a folder becomes which recording. Nothing is read for it but names. */

export const PLATFORMS = ["zoom", "bbb", "folder"] as const
export type Platform = (typeof PLATFORMS)[number]

/** A file of the folder that is imported. */
export interface FoundFile {
  /** From the folder on, with `/` between names. */
  readonly path: string
  readonly sizeBytes: number
  readonly mtimeMs: number
}

/** One recording to be, with what goes along. */
export interface PlannedRecording {
  readonly title: string
  /** `null`: none of its files is one; then what is there of its chat, captions or list of people is what is stored. */
  readonly media: FoundFile | null
  readonly captions: readonly FoundFile[]
  readonly chats: readonly FoundFile[]
  readonly participants: readonly FoundFile[]
  /** `null` where no name says when it began. */
  readonly started: NamedTime | null
}

/** A time as a name says it. */
export interface NamedTime {
  /** As if it were in UTC. */
  readonly ms: number
  /** Else it is by the clock of where it was recorded. */
  readonly isUtc: boolean
}

/** Why something that was given is not imported. */
export type LeftOutReason =
  | "captions-too-many"
  | "double"
  | "empty"
  | "hidden"
  | "imported-without"
  | "link"
  | "no-captions"
  | "no-plain-file"
  | "platforms-own"
  | "slides"
  | "spare-sound"
  | "stray"
  | "too-deep"
  | "too-long"
  | "unclear"
  | "unknown-kind"
  | "unreadable"

export interface LeftOut {
  readonly path: string
  /** `double`: as `of`, in another form. `spare-sound`: `withAudio` takes it. */
  readonly reason: LeftOutReason
  readonly of?: string
}

/** More is none that somebody chose. */
export const MOST_FILES = 10_000

export interface ImportPlan {
  readonly recordings: readonly PlannedRecording[]
  readonly leftOut: readonly LeftOut[]
}

type Kind = "media" | "captions" | "chats" | "participants"

type Sorted = Readonly<Record<Kind, readonly FoundFile[]>>

/** A recording to be, before it is said what it is called and when it began. */
type Gathered = Omit<PlannedRecording, "title" | "started">

export interface PlanOptions {
  /** Whether the sound alone of what is there as a video is imported too. */
  readonly withAudio?: boolean
  /** When it began, where something but names says so. */
  readonly startedMs?: number | null
}

/** @param folderName of the folder itself, or its meeting's title. */
export function planImport(
  platform: Platform,
  folderName: string,
  files: readonly FoundFile[],
  { withAudio = false, startedMs = null }: PlanOptions = {},
): ImportPlan {
  const folders = new Map<string, FoundFile[]>()
  for (const file of files) {
    addTo(folders, platform === "bbb" ? "" : folderOf(file.path), file)
  }
  const plans = [...folders].map(([folder, found]) => {
    const name = folder === "" ? folderName : (folder.split("/").at(-1) ?? folder)
    const here = found.toSorted((a, b) => NATURAL.compare(a.path, b.path))
    switch (platform) {
      case "zoom":
        return planZoom(name, here, withAudio)
      case "bbb":
        return planBbb(name, here, startedMs === null ? null : { ms: startedMs, isUtc: true })
      case "folder":
        return planFolder(here)
    }
  })
  return { recordings: plans.flatMap(({ recordings }) => recordings), leftOut: plans.flatMap(({ leftOut }) => leftOut) }
}

/** What a folder looks like by the names in it; `null` where nothing in it tells more than that these are files. */
export function guessPlatform(folderName: string, files: readonly Pick<FoundFile, "path">[]): Platform | null {
  const paths = files.map(({ path }) => path)
  const has = (pattern: RegExp): boolean => paths.some((path) => pattern.test(path))
  if (paths.includes(BBB_METADATA) && has(/^(?:video|deskshare|audio)\/[^/]+$/)) return "bbb"
  const isZoom =
    readZoomFolderName(folderName).started !== null ||
    has(/(?:^|\/)[^/]*chat[^/]*\.txt$/i) ||
    has(/participants?[^/]*\.csv$/i) ||
    has(/(?:^|\/)(?:closed_caption\.txt|recording\.conf|GMT\d{8}-\d{6}_[^/]*)$/i)
  if (isZoom) return "zoom"
  const stems = new Set(paths.filter(isMedia).map(stemOf))
  return paths.some((path) => /\.txt$/i.test(path) && stems.has(stemOf(path))) ? "folder" : null
}

/** Tells a recording's title and start; it is no part of the plan. */
export const BBB_METADATA = "metadata.xml"

/** By numbers as people count: 2 before 10. */
const NATURAL = new Intl.Collator("en", { numeric: true })

function planZoom(folderName: string, files: readonly FoundFile[], withAudio: boolean): ImportPlan {
  const { sorted, leftOut } = sortFiles(files, ({ path }) => {
    const name = nameOf(path).toLowerCase()
    if (isMedia(path)) return "media"
    if (/\.(?:vtt|srt)$/.test(name) || name === "closed_caption.txt") return "captions"
    if (/chat[^/]*\.txt$/.test(name)) return "chats"
    if (/participants?[^/]*\.csv$/.test(name)) return "participants"
    return /^(?:recording\.conf|playback\.m3u|.*\.zoom|.*\.tmp)$/.test(name) ? { reason: "platforms-own" } : null
  })
  const { meetings, unclear } = byMeeting(sorted)
  const gathered = meetings.flatMap((meeting) => {
    const isVideo = ({ path }: FoundFile): boolean => mediaTypeOf(path).startsWith("video/")
    const videos = meeting.media.filter(isVideo)
    const isSpare = ({ path }: FoundFile): boolean =>
      !withAudio && (videos.length > 0 || /(?:^|\/)audio record\//i.test(path))
    const sounds = meeting.media.filter((file) => !isVideo(file))
    leftOut.push(...sounds.filter(isSpare).map(({ path }): LeftOut => ({ path, reason: "spare-sound" })))
    return gather([...videos, ...sounds.filter((file) => !isSpare(file))], meeting)
  })
  leftOut.push(...unclear.map(({ path }): LeftOut => ({ path, reason: "unclear" })))
  const { topic, started } = readZoomFolderName(folderName)
  const recordings = gathered.map((recording, index) => ({
    ...recording,
    title: gathered.length > 1 ? `${topic} (${index + 1})` : topic,
    // A later clip began later than its folder.
    started: startOf(recording) ?? (index === 0 ? started : null),
  }))
  return { recordings, leftOut }
}

/**
 * The cloud's files of several meetings may lie in one folder: each bears its meeting's stamp. What bears none is of one more, where a video or sound
 * bears none; else nothing tells which of them it goes with.
 */
function byMeeting(sorted: Sorted): { readonly meetings: readonly Sorted[]; readonly unclear: readonly FoundFile[] } {
  const meetings = new Map<string, Record<Kind, FoundFile[]>>()
  for (const kind of KINDS)
    for (const file of sorted[kind]) {
      const stamp = STAMP.exec(nameOf(file.path))?.[0] ?? ""
      const meeting = meetings.get(stamp) ?? noFiles()
      meetings.set(stamp, meeting)
      meeting[kind].push(file)
    }
  const unstamped = meetings.get("")
  const stamps = meetings.size - (unstamped === undefined ? 0 : 1)
  if (stamps < 2) return { meetings: [sorted], unclear: [] }
  if (unstamped === undefined || unstamped.media.length > 0) return { meetings: [...meetings.values()], unclear: [] }
  meetings.delete("")
  return { meetings: [...meetings.values()], unclear: KINDS.flatMap((kind) => unstamped[kind]) }
}

/** `2020-09-24 11.35.16 Topic 123456789`, as the client names folders. */
function readZoomFolderName(name: string): { readonly topic: string; readonly started: NamedTime | null } {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d)\.(\d\d)\.(\d\d) (.+?)(?: \d{9,11})?$/.exec(name)
  if (match === null) return { topic: name, started: null }
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number)
  return {
    topic: match[7] ?? name,
    started: { ms: Date.UTC(year ?? 0, (month ?? 1) - 1, day, hours, minutes, seconds), isUtc: false },
  }
}

/** `GMT20200924-153516_Recording.mp4`: in UTC, as the cloud names files. Their chats count from the recording's start, so no place hangs on it. */
const STAMP = /^GMT(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?=_)/

function startOf(recording: Gathered): NamedTime | null {
  const [first] = filesOf(recording)
  const match = first === undefined ? null : STAMP.exec(nameOf(first.path))
  if (match === null) return null
  const [year, month, day, hours, minutes, seconds] = match.slice(1).map(Number)
  return { ms: Date.UTC(year ?? 0, (month ?? 1) - 1, day, hours, minutes, seconds), isUtc: true }
}

/** What is to be a recording's media first. */
function filesOf({ media, chats, captions, participants }: Gathered): readonly FoundFile[] {
  return [...(media === null ? [] : [media]), ...chats, ...captions, ...participants]
}

/** `video/webcams.webm`, `deskshare/deskshare.webm`, `slides_new.xml`, `caption_en.vtt`; each stream once, in the form that comes first. */
function planBbb(folderName: string, files: readonly FoundFile[], started: NamedTime | null): ImportPlan {
  const streams = new Map<string, FoundFile>()
  const doubles: LeftOut[] = []
  for (const file of files.filter(({ path }) => isMedia(path) && /(?:^|\/)(?:video|deskshare|audio)\//.test(path))) {
    const stem = stemOf(file.path)
    const other = streams.get(stem)
    if (other === undefined) streams.set(stem, file)
    else doubles.push({ path: file.path, reason: "double", of: other.path })
  }
  const taken = new Set([
    ...files.flatMap(({ path }) => (nameOf(path) === BBB_METADATA ? [path] : [])),
    ...[...streams.values(), ...doubles].map(({ path }) => path),
  ])
  const hasNew = files.some(({ path }) => nameOf(path) === "slides_new.xml")
  const { sorted, leftOut } = sortFiles(
    files.filter(({ path }) => !taken.has(path)),
    ({ path }) => {
      if (/^(?:.*\/)?caption_[^/]*\.vtt$/.test(path)) return "captions"
      if (nameOf(path) === (hasNew ? "slides_new.xml" : "slides.xml")) return "chats"
      return { reason: "slides" }
    },
  )
  const clips = [...streams.values()].toSorted((a, b) => Number(isDeskshare(a)) - Number(isDeskshare(b)))
  const recordings = gather(clips, sorted).map((recording) => ({
    ...recording,
    title:
      recording.media !== null && isDeskshare(recording.media) && clips.length > 1
        ? `${folderName} (shared screen)`
        : folderName,
    started,
  }))
  return { recordings, leftOut: [...leftOut, ...doubles] }
}

function isDeskshare({ path }: FoundFile): boolean {
  return /(?:^|\/)deskshare\//.test(path)
}

/** Any media, and what has its name before another ending. */
function planFolder(files: readonly FoundFile[]): ImportPlan {
  const { sorted, leftOut } = sortFiles(files, ({ path }) => {
    if (isMedia(path)) return "media"
    if (/\.(?:vtt|srt)$/i.test(path)) return "captions"
    return /\.txt$/i.test(path) ? "chats" : null
  })
  const stems = new Set(sorted.media.map(({ path }) => stemOf(path)))
  const isBeside = (file: FoundFile): boolean => stems.has(stemOf(file.path))
  const strays = [...sorted.captions, ...sorted.chats].filter((file) => !isBeside(file))
  const [captions, chats] = [byStem(sorted.captions), byStem(sorted.chats)]
  const recordings = sorted.media.map((media) => {
    const stem = stemOf(media.path)
    return {
      title: nameOf(stem),
      media,
      captions: captions.get(stem) ?? [],
      chats: chats.get(stem) ?? [],
      participants: [],
      started: null,
    }
  })
  return { recordings, leftOut: [...leftOut, ...strays.map(({ path }): LeftOut => ({ path, reason: "stray" }))] }
}

function byStem(files: readonly FoundFile[]): ReadonlyMap<string, readonly FoundFile[]> {
  const found = new Map<string, FoundFile[]>()
  for (const file of files) addTo(found, stemOf(file.path), file)
  return found
}

function addTo<Key>(groups: Map<Key, FoundFile[]>, key: Key, file: FoundFile): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [file])
  else group.push(file)
}

const KINDS = ["media", "captions", "chats", "participants"] as const satisfies readonly Kind[]

function noFiles(): Record<Kind, FoundFile[]> {
  return { media: [], captions: [], chats: [], participants: [] }
}

function sortFiles(
  files: readonly FoundFile[],
  kindOf: (file: FoundFile) => Kind | Pick<LeftOut, "reason"> | null,
): { readonly sorted: Sorted; readonly leftOut: LeftOut[] } {
  const sorted = noFiles()
  const leftOut: LeftOut[] = []
  for (const file of files) {
    const kind = kindOf(file)
    if (file.sizeBytes === 0) leftOut.push({ path: file.path, reason: "empty" })
    else if (typeof kind === "string") sorted[kind].push(file)
    else leftOut.push({ path: file.path, reason: kind?.reason ?? "unknown-kind" })
  }
  return { sorted, leftOut }
}

/**
 * What lies beside several clips goes with the one whose name it shares most of, and else with the first. Without any, it is kept all the same.
 * Each name is looked at once, however many there are.
 */
function gather(clips: readonly FoundFile[], { chats, captions, participants }: Sorted): readonly Gathered[] {
  const [first] = clips
  if (first === undefined)
    return chats.length + captions.length + participants.length === 0
      ? []
      : [{ media: null, captions, chats, participants }]
  const byBeginning = new Map<string, FoundFile>()
  for (const clip of clips)
    for (const beginning of beginningsOf(clip)) if (!byBeginning.has(beginning)) byBeginning.set(beginning, clip)
  const ownerOf = (file: FoundFile): FoundFile => {
    const shared = beginningsOf(file).findLast((beginning) => byBeginning.has(beginning))
    return (shared === undefined ? undefined : byBeginning.get(shared)) ?? first
  }
  const owned = new Map(clips.map((clip) => [clip, noFiles()]))
  for (const [kind, files] of Object.entries({ chats, captions, participants }) as readonly [
    Kind,
    readonly FoundFile[],
  ][])
    for (const file of files) owned.get(ownerOf(file))?.[kind].push(file)
  return [...owned].map(([media, beside]) => ({ ...beside, media }))
}

/** All that a name begins with, the shortest first. */
function beginningsOf({ path }: FoundFile): readonly string[] {
  const name = nameOf(path)
  return Array.from({ length: name.length }, (_, at) => name.slice(0, at + 1))
}

function isMedia(path: string): boolean {
  return /^(?:video|audio)\//.test(mediaTypeOf(path))
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ""
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
}

function stemOf(path: string): string {
  return path.replace(/\.[^./]+$/, "")
}
