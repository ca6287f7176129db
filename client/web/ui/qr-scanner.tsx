import { type ReactElement, useEffect, useRef, useState } from "react"
import { strings } from "../strings.js"
import { Busy } from "./busy.js"
import { Notice } from "./notice.js"
import "../styles/qr.css"

type Standing = "asking" | "looking" | keyof typeof strings.common.scan.failures

const LOOK_EVERY_MS = 150
/** A code that fills a third of the picture is still some pixels a module; more only takes longer. */
const LOOK_WIDTH = 960

/**
 * Looks through the camera for a QR code while it is shown, and lets the camera go when it is not. What to do where there is no camera stands beside it.
 * @param onText what a code says; not twice in a row for the same one.
 */
export function QrScanner({ onText }: { readonly onText: (text: string) => void }): ReactElement {
  const video = useRef<HTMLVideoElement>(null)
  const latest = useRef(onText)
  const [standing, setStanding] = useState<Standing>("asking")
  useEffect(() => {
    latest.current = onText
  })
  useEffect(() => {
    const stopped = new AbortController()
    const show = (next: Standing): void => {
      if (!stopped.signal.aborted) setStanding(next)
    }
    if (video.current !== null)
      scan(video.current, stopped.signal, {
        onReady: () => {
          show("looking")
        },
        onText: (text) => {
          latest.current(text)
        },
      }).catch((error: unknown) => {
        show(failureOf(error))
      })
    return () => {
      stopped.abort()
    }
  }, [])
  const failure = standing === "asking" || standing === "looking" ? null : strings.common.scan.failures[standing]
  return (
    <div className="scanner">
      <div className="scanner-picture" hidden={failure !== null}>
        <video ref={video} muted playsInline aria-label={strings.common.scan.picture} />
      </div>
      {standing === "asking" ? <Busy label={strings.common.scan.asking} /> : null}
      {standing === "looking" ? <p className="hint">{strings.common.scan.looking}</p> : null}
      {failure === null ? null : (
        <Notice kind="warning" title={failure.what}>
          <p>{failure.todo}</p>
        </Notice>
      )}
    </div>
  )
}

/** Until it is stopped. */
async function scan(
  video: HTMLVideoElement,
  signal: AbortSignal,
  { onReady, onText }: { readonly onReady: () => void; readonly onText: (text: string) => void },
): Promise<void> {
  // The one that looks away from the person, where there are two.
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } },
  })
  const release = (): void => {
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
  }
  // Closed while the browser asked the person: the camera's light goes out all the same.
  if (signal.aborted) {
    release()
    return
  }
  signal.addEventListener("abort", release)
  // The decoder is large, and most people never scan.
  const { decodeQR } = await import("qr/decode.js")
  video.srcObject = stream
  await video.play()
  onReady()
  const canvas = document.createElement("canvas")
  const context = canvas.getContext("2d", { willReadFrequently: true })
  let last: string | null = null
  const timer = setInterval(() => {
    if (!stream.active) clearInterval(timer)
    const text = context === null ? null : readFrame(video, canvas, context, decodeQR)
    if (text === null || text === last) return
    last = text
    onText(text)
  }, LOOK_EVERY_MS)
}

function readFrame(
  video: HTMLVideoElement,
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  decodeQR: typeof import("qr/decode.js").decodeQR,
): string | null {
  const { videoWidth, videoHeight } = video
  if (videoWidth === 0) return null
  const scale = Math.min(1, LOOK_WIDTH / videoWidth)
  canvas.width = Math.round(videoWidth * scale)
  canvas.height = Math.round(videoHeight * scale)
  context.drawImage(video, 0, 0, canvas.width, canvas.height)
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height))
  } catch {
    // Most pictures show no code: the decoder has no other way to say so.
    return null
  }
}

function failureOf(error: unknown): keyof typeof strings.common.scan.failures {
  const name = error instanceof DOMException ? error.name : ""
  if (name === "NotAllowedError" || name === "SecurityError") return "denied"
  if (name === "NotFoundError" || name === "OverconstrainedError") return "none"
  if (name === "NotReadableError" || name === "AbortError") return "busy"
  return "broken"
}
