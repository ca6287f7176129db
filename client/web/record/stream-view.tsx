import { type ReactElement, useEffect, useRef } from "react"

/** What is being recorded, or would be, without its sound, which one hears already. */
export function StreamView({
  stream,
  label,
  isMirrored,
}: {
  readonly stream: MediaStream
  readonly label: string
  /** As in a mirror: what one expects of oneself. It is recorded as others see it. */
  readonly isMirrored: boolean
}): ReactElement {
  const video = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    const { current } = video
    if (current === null) return
    current.srcObject = stream
    // It plays as soon as there is a picture; where it is taken away before, nothing is wrong.
    current.play().catch(() => undefined)
    return () => {
      current.srcObject = null
    }
  }, [stream])
  return <video ref={video} muted playsInline aria-label={label} className={isMirrored ? "mirrored" : undefined} />
}
