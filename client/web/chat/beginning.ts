/** So much tells which message it is, and leaves the buttons in sight. */
const SHOWN_LETTERS = 200

export function beginningOf(text: string): string {
  return text.length > SHOWN_LETTERS ? `${text.slice(0, SHOWN_LETTERS)} …` : text
}
