/** Marks that stand in front of digits and are seen, unlike the other characters of their kind; and what joins letters, or keeps them apart. */
const SEEN = String.raw`\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}`
const JOINERS = String.raw`\u200c\u200d`
/** England's, Scotland's, Wales': a flag, and invisibly which. */
const FLAG = String.raw`\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}`

const DECEPTIVE = new RegExp(
  String.raw`(${FLAG})|(?![${SEEN}${JOINERS}])\p{Cf}|(?![\n\t])\p{Cc}|[\p{Cs}\p{Zl}\p{Zp}]`,
  "gu",
)

/**
 * What somebody wrote, as it can be shown: as they wrote it, but that a sign stands for what turns a line around, hides, moves the cursor or is not seen. Its
 * lines end in LF.
 */
export function shownText(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n").replaceAll(DECEPTIVE, (_, flag: string | undefined) => flag ?? "\u{fffd}")
}
