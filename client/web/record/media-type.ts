/** What a recorder is asked for, the best first. WebM loses less than a second where a page ends; Safari has MP4 alone. */
const WITH_PICTURE = [
  "video/webm;codecs=vp9,opus",
  "video/webm;codecs=vp8,opus",
  "video/webm",
  "video/mp4;codecs=avc1.42E01E,mp4a.40.2",
  "video/mp4",
] as const
const SOUND_ALONE = ["audio/webm;codecs=opus", "audio/webm", "audio/mp4;codecs=mp4a.40.2", "audio/mp4"] as const

/** What this browser can record of it; `null` where it can't record at all. */
export function recordedType(
  has: { readonly picture: boolean; readonly sound: boolean },
  isSupported: (type: string) => boolean,
): string | null {
  const candidates = has.picture ? WITH_PICTURE : SOUND_ALONE
  // A silent picture names no codec of sound, or some browsers make a track of silence, and others refuse.
  const wanted = has.sound ? candidates : candidates.map((type) => type.replace(/,(opus|mp4a\.40\.2)$/, ""))
  return wanted.find(isSupported) ?? null
}
