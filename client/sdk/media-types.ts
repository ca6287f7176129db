/** What a file is, by its name. */

/** The ending of a file of a media type. */
export const ENDINGS: Readonly<Record<string, string>> = {
  "video/mp4": "mp4",
  "video/webm": "webm",
  "video/quicktime": "mov",
  "video/x-matroska": "mkv",
  "audio/mp4": "m4a",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/webm": "weba",
  "audio/wav": "wav",
}
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(ENDINGS).map(([type, ending]) => [ending, type])),
  m4v: "video/mp4",
  vtt: "text/vtt",
  srt: "application/x-subrip",
  txt: "text/plain",
}
export const UNKNOWN_MEDIA_TYPE = "application/octet-stream"

/** By a file's ending; what is unknown is bytes. */
export function mediaTypeOf(path: string): string {
  return MEDIA_TYPES[/\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""] ?? UNKNOWN_MEDIA_TYPE
}
