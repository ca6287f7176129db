/** A name that a program or a file system gave, as it can be shown: what breaks its line, or turns round what stands beside it, is shown as a sign. */
export function shownName(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\u{fffd}")
}
