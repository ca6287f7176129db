import { encodeQR } from "qr"

/** A QR code as lines of text, light on a terminal's dark. */
export function qrLines(text: string): readonly string[] {
  return encodeQR(text, "ascii").trimEnd().split("\n")
}
