/** What stands before the text of a line in a chat that Zoom saved: who wrote it, to whom. Names may hold anything that stands between them. */

/** One way to read a line. */
export interface ZoomReading {
  readonly author: string
  /** `null`: everybody. */
  readonly to: string | null
  readonly text: string
  /** Whether it is of the form with tabs around the author, whose times count from the recording's start. */
  readonly hasTabs: boolean
}

/** What stands between the time and the text has no more. */
const HEAD_CHARACTERS = 1_200
/** So many colons of a head are tried as its end. */
const MOST_ENDS = 8
const MARK = /\((?:direct message|privately)\)/i
const MARKED = new RegExp(String.raw`${MARK.source}\s*:(?=\s|$)`, "i")
const EVERYBODY = /\sto\s+(?:everyone|everybody)\s*:(?=\s|$)/i
/** Whom a webinar's lines are to, besides everybody and people. */
const GROUP = /^(?:hosts?(?: and panelists)?|(?:all )?panelists(?: and attendees)?)$/i

/**
 * All the ways in which a line behind its time can be read, the likeliest first: one where its form settles it, none where it has no known form.
 * What says that it is private is never among those to everybody.
 */
export function readingsOf(rest: string): readonly ZoomReading[] {
  const head = rest.slice(0, HEAD_CHARACTERS)
  const from = /^(\s+)From(\s+)(?=\S)/i.exec(head)
  const tabbed = /^\s+(\S[^\t]*):\t/.exec(head)
  const author = tabbed?.[1] ?? ""
  // A name that begins with the word stands right behind the tab.
  const isTabbed = from === null || (from[1] === "\t" && tabbed !== null && !/\sto\s/.test(author))
  if (isTabbed) {
    if (tabbed === null || MARK.test(author)) return []
    return [{ author, to: null, text: rest.slice(tabbed[0].length), hasTabs: true }]
  }
  const [before, space = "", wide = ""] = from
  const said = rest.slice(before.length)
  const isOld = space.startsWith("\t")
  return readSpoken({ said, head: said.slice(0, HEAD_CHARACTERS), isOld, isWide: wide.length > 1 }).filter(
    ({ author: by, to }) => by !== "" && to !== "" && !MARK.test(`${by} ${to ?? ""}`),
  )
}

/**
 * The reading that known names speak for; `null` where they don't tell.
 * @param isKnown whether somebody is called so.
 */
export function chooseReading(
  readings: readonly ZoomReading[],
  isKnown: (name: string) => boolean,
): ZoomReading | null {
  const [first] = readings
  if (first === undefined || readings.length === 1) return first ?? null
  const score = ({ author, to }: ZoomReading): number => Number(isKnown(author)) + Number(to !== null && isKnown(to))
  const most = Math.max(...readings.map(score))
  const best = readings.filter((reading) => score(reading) === most)
  const [only] = best
  return most > 0 && best.length === 1 ? (only ?? null) : null
}

/** What stands behind `From`. */
interface Spoken {
  readonly said: string
  readonly head: string
  /** Of the forms with a tab behind the time, where a space stands before the colon. */
  readonly isOld: boolean
  /** Of those with two spaces around what stands between names, which have one in them. */
  readonly isWide: boolean
}

/** `From A to B (Direct Message) : text`, in each of its forms. */
function readSpoken(spoken: Spoken): readonly ZoomReading[] {
  const { head, isWide } = spoken
  const everybody = EVERYBODY.exec(head)
  const marked = MARKED.exec(head)
  if (everybody !== null && (marked === null || everybody.index < marked.index))
    return [readingTo(spoken, everybody.index + everybody[0].length - 1, head.slice(0, everybody.index).trim(), null)]
  if (marked !== null) {
    const end = marked.index + marked[0].length - 1
    const between = splitsOf(spoken, head.slice(0, marked.index))
    // Else it is text, of a line that doesn't say whom it is to.
    if (between.length > 0) return between.map(([author, to]) => readingTo(spoken, end, author, to))
  }
  const all = endsOf(spoken).flatMap((end) => {
    const before = head.slice(0, end)
    const between = splitsOf(spoken, before).map(([author, to]) => readingTo(spoken, end, author, to))
    return isWide && between.length > 0 ? between : [readingTo(spoken, end, before.trim(), null), ...between]
  })
  const group = all.find(({ to }) => to !== null && GROUP.test(to))
  if (group !== undefined) return [group]
  return all.every(({ to }) => to === null) ? all.slice(0, 1) : all
}

/** Where the colon behind the head may stand. */
function endsOf({ head, isOld }: Spoken): readonly number[] {
  const colons = [...head.matchAll(/:(?=\s|$)/g)].map(({ index }) => index)
  const apart = colons.find((at) => /\s/.test(head[at - 1] ?? ""))
  return isOld && apart !== undefined ? [apart] : colons.slice(0, MOST_ENDS)
}

/** Around each word that may stand between two names. */
function splitsOf({ head, isWide }: Spoken, before: string): readonly (readonly [string, string])[] {
  const around = (pattern: RegExp): readonly (readonly [string, string])[] =>
    [...before.matchAll(pattern)].map(({ index }) => [before.slice(0, index).trim(), before.slice(index + 2).trim()])
  const wide = isWide ? around(/(?<=\s\s)to(?=\s\s)/g) : []
  return wide.length > 0 || (isWide && !MARKED.test(head)) ? wide : around(/(?<=\s)to(?=\s)/g)
}

function readingTo({ said }: Spoken, end: number, author: string, to: string | null): ZoomReading {
  return { author, to, text: said.slice(end + 1).replace(/^\s/, ""), hasTabs: false }
}
