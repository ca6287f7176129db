import { UNKNOWN_MEDIA_TYPE } from "../sdk/media-types.js"

const MATROSKA = [0x1a, 0x45, 0xdf, 0xa3]
/** Where a Matroska file says that it is WebM. */
const DOCTYPE_BYTES = 64

/** By the first bytes of what has no name. */
export function mediaTypeOfBytes(start: Uint8Array): string {
  const text = Buffer.from(start.subarray(0, DOCTYPE_BYTES)).toString("latin1")
  if (text.startsWith("ftyp", 4)) return "video/mp4"
  if (MATROSKA.every((byte, index) => start[index] === byte))
    return text.includes("webm") ? "video/webm" : "video/x-matroska"
  if (text.startsWith("OggS")) return "audio/ogg"
  if (text.startsWith("RIFF") && text.startsWith("WAVE", 8)) return "audio/wav"
  return text.startsWith("ID3") ? "audio/mpeg" : UNKNOWN_MEDIA_TYPE
}
