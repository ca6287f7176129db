import type { strings } from "../strings.js"

/** What can be recorded, each from a device of its own or the screen. */
export type SourceKind = "screen" | "camera" | "microphone"

/** Why it can't be, as far as browsers tell. */
export type MediaTrouble = keyof typeof strings.record.troubles.screen

/** A page that came over plain HTTP has no devices at all. */
export function missingFor(kind: SourceKind): MediaTrouble | null {
  if (!globalThis.isSecureContext) return "insecure"
  const devices = (navigator as { readonly mediaDevices?: Partial<MediaDevices> }).mediaDevices
  const method = kind === "screen" ? devices?.getDisplayMedia : devices?.getUserMedia
  return method === undefined ? "unsupported" : null
}

/** https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia; older names of the same stand beside theirs. */
export function troubleOf(error: unknown): MediaTrouble {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
    case "PermissionDeniedError":
      return "denied"
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
      return "none"
    case "NotReadableError":
    case "AbortError":
    case "TrackStartError":
      return "busy"
    case "NotSupportedError":
      return "unsupported"
    default:
      return "broken"
  }
}
