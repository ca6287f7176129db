import { utf8 } from "../../shared/protocol/bytes.js"
import { ENDINGS } from "./media-types.js"

/** Names that Windows keeps for itself, with any ending. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i
const MAX_NAME_BYTES = 180

/** A file name made of another member's title: one plain name in the folder where it is put, on every system. */
export function sanitiseFileName(title: string): string {
  let name = title
    .normalize("NFC")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}<>:"/\\|?*]/gu, "_")
    .replaceAll(/\s+/g, " ")
    .replace(/^[. ]+/, "")
  while (utf8(name).length > MAX_NAME_BYTES) name = [...name].slice(0, -1).join("")
  name = name.replace(/[. ]+$/, "")
  if (name === "") return "recording"
  return RESERVED.test(name) ? `_${name}` : name
}

/** The name for a recording's file: its title, with the ending that its media type, or else its own file's name, tells. */
export function defaultFileName(title: string, fileName: string | null, mediaType: string): string {
  const own = /\.([a-z0-9]{1,8})$/i.exec(fileName ?? "")?.[1]
  const ending = ENDINGS[mediaType] ?? own
  const base = sanitiseFileName(title)
  return ending === undefined || base.toLowerCase().endsWith(`.${ending.toLowerCase()}`) ? base : `${base}.${ending}`
}
