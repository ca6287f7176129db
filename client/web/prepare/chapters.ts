import { utf8 } from "../../../shared/protocol/bytes.js"

/** WebVTT whose cues are chapters, saying so in its head, by which a player knows them; `null` for what is no WebVTT. https://www.w3.org/TR/webvtt1/ */
export function asChapters(raw: Uint8Array): Uint8Array | null {
  const [head = "", ...rest] = new TextDecoder().decode(raw).replaceAll(/\r\n?/g, "\n").split("\n")
  if (!/^WEBVTT(?:[ \t]|$)/.test(head)) return null
  const end = rest.findIndex((line) => line === "")
  const isSaid = rest.slice(0, end < 0 ? rest.length : end).some((line) => /^Kind:\s*chapters\s*$/i.test(line))
  return utf8([head, ...(isSaid ? [] : ["Kind: chapters"]), ...rest].join("\n"))
}
