import { encodeQR } from "qr"
import { type ReactElement, useMemo } from "react"
import "../styles/qr.css"

/** What scanners need to be left free around a code, in modules: ISO/IEC 18004 §9.1. */
const QUIET_ZONE = 4

/** A QR code, dark on light in either colour scheme: many scanners read no other. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }): ReactElement {
  const { size, path } = useMemo(() => drawn(text), [text])
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

function drawn(text: string): { readonly size: number; readonly path: string } {
  const rows = encodeQR(text, "raw", { border: QUIET_ZONE, ecc: "medium" })
  const path = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ""))).join("")
  return { size: rows.length, path }
}
