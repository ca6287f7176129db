import { encodeQR } from "qr"

/** What a camera sees, as a film that Chromium's pretended camera plays again and again. */

const WIDTH = 640
const HEIGHT = 480
const FRAMES = 10
/** Of luma, as video counts it. */
const BLACK = 16
const WHITE = 235
const NO_COLOUR = 128

/** A QR code in the middle of a white wall. YUV4MPEG2: a line, then frames of the planes Y, U and V. */
export function filmOfQr(text: string): Buffer {
  const rows = encodeQR(text, "raw", { border: 4, ecc: "medium" })
  const module = Math.floor(HEIGHT / rows.length)
  const [left, top] = [WIDTH, HEIGHT].map((side) => Math.floor((side - module * rows.length) / 2)) as [number, number]
  const luma = Buffer.alloc(WIDTH * HEIGHT, WHITE)
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      if (rows[Math.floor((y - top) / module)]?.[Math.floor((x - left) / module)] === true) luma[y * WIDTH + x] = BLACK
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((WIDTH * HEIGHT) / 2, NO_COLOUR)])
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`)
  return Buffer.concat([header, ...Array.from({ length: FRAMES }, () => frame)])
}
