/** A file's name as it can be shown: what turns its letters round, breaks its line or can't be seen is shown as a sign. */
export function shownName(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\u{fffd}")
}
