import { wordlist } from "@scure/bip39/wordlists/english.js"
import { strings } from "../strings.js"

export const PHRASE_WORDS = 24
const SUGGESTIONS = 8
/** So many letters name a word of the list. */
const TELLING_LETTERS = 4

const known = new Set(wordlist)

export function isPhraseWord(word: string): boolean {
  return known.has(word)
}

/** What somebody may be about to type. */
export function suggestionsFor(typed: string): readonly string[] {
  if (typed === "" || known.has(typed)) return []
  return wordlist.filter((word) => word.startsWith(typed)).slice(0, SUGGESTIONS)
}

/** The word that is meant by its first four letters; what was typed, where none is. */
export function completedWord(typed: string): string {
  if (typed.length < TELLING_LETTERS || known.has(typed)) return typed
  const [only, other] = wordlist.filter((word) => word.startsWith(typed))
  return only !== undefined && other === undefined ? only : typed
}

/** The words of a text, without the numbers and signs that may stand between them. */
export function wordsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? []
}

/** What keeps these from being looked at as a phrase, or `null`. */
export function phraseError(words: readonly string[]): string | null {
  if (words.some((word) => word === "")) return strings.account.words.missing
  return words.every(isPhraseWord) ? null : strings.account.words.someUnknown
}
