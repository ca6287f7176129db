/** Accents of letters that are the same to who searches; marks of other scripts carry meaning, and stay. */
const ACCENTS = /[\u0300-\u036f]/g
/** Of what is longer nothing is a word that somebody looks for. */
const MOST_CHARACTERS = 64
/** Made once: it is slow to make. */
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" })
/** What stands between blanks and marks, where these tell words apart. */
const PLAIN =
  /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Hangul}\p{N}\p{M}_]+$/u

/** The words of a text, also where its language puts nothing between them. */
export function wordsOf(text: string): readonly string[] {
  return (text.normalize("NFKC").match(/[\p{L}\p{N}\p{M}_]+/gu) ?? []).flatMap((run) =>
    PLAIN.test(run)
      ? [run]
      : [...segmenter.segment(run)].filter(({ isWordLike }) => isWordLike === true).map(({ segment }) => segment),
  )
}

export interface WordPlace {
  readonly start: number
  readonly end: number
  /** As it is compared. */
  readonly folded: string
}

/** Where the words of a text stand in it. */
export function wordPlaces(text: string): readonly WordPlace[] {
  return [...text.matchAll(/[\p{L}\p{N}\p{M}_]+/gu)].flatMap(({ 0: run, index }) => {
    const words = PLAIN.test(run)
      ? [{ segment: run, index: 0 }]
      : [...segmenter.segment(run)].filter(({ isWordLike }) => isWordLike === true)
    return words.map(({ segment, index: at }) => ({
      start: index + at,
      end: index + at + segment.length,
      folded: foldWord(segment),
    }))
  })
}

/** A word as it is compared. */
export function foldWord(word: string): string {
  const folded = word.normalize("NFKD").replace(ACCENTS, "").normalize("NFC").toLowerCase()
  // Half of a letter can't be written.
  return folded.length <= MOST_CHARACTERS ? folded : folded.slice(0, MOST_CHARACTERS).replace(/[\ud800-\udbff]$/, "")
}

/** Where a word may be found by one that is nearly it: short ones, and those of scripts with many letters, are too near to others. */
export function toleranceOf(word: string): number {
  return word.length >= 6 && /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]+$/u.test(word) ? 0.2 : 0
}
