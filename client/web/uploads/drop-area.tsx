import { type ReactElement, startTransition, useEffect, useState } from "react"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import "../styles/uploads.css"
import { strings } from "../strings.js"
import { droppedFiles, type GivenFile } from "./dropped-files.js"
import { GivenSheet } from "./given-sheet.js"

/** While this is shown, files can be dropped anywhere on the page. Nobody needs it: the button beside it does the same. */
export function DropArea({ meetingId }: { readonly meetingId: MeetingId }): ReactElement | null {
  const [isOver, setOver] = useState(false)
  const [files, setFiles] = useState<readonly GivenFile[] | null>(null)
  useEffect(() => {
    const stopped = new AbortController()
    const { signal } = stopped
    let depth = 0
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true
    const enter = (event: DragEvent): void => {
      if (!hasFiles(event)) return
      depth += 1
      setOver(true)
    }
    const leave = (event: DragEvent): void => {
      if (!hasFiles(event)) return
      depth = Math.max(0, depth - 1)
      if (depth === 0) setOver(false)
    }
    const over = (event: DragEvent): void => {
      // Otherwise the browser opens the file instead of this page.
      if (hasFiles(event)) event.preventDefault()
    }
    const drop = (event: DragEvent): void => {
      if (event.dataTransfer === null || !hasFiles(event)) return
      event.preventDefault()
      depth = 0
      setOver(false)
      droppedFiles(event.dataTransfer).then(
        (found) => {
          if (signal.aborted) return
          startTransition(() => {
            setFiles(found)
          })
        },
        () => {
          if (!signal.aborted) setFiles([])
        },
      )
    }
    addEventListener("dragenter", enter, { signal })
    addEventListener("dragleave", leave, { signal })
    addEventListener("dragover", over, { signal })
    addEventListener("drop", drop, { signal })
    return () => {
      stopped.abort()
    }
  }, [])
  if (files !== null)
    return (
      <GivenSheet
        meetingId={meetingId}
        given={files}
        onClose={() => {
          setFiles(null)
        }}
      />
    )
  return isOver ? (
    <div className="drop-area" aria-hidden="true">
      <p>
        <strong>{strings.uploads.drop}</strong>
        <span>{strings.uploads.dropLead}</span>
      </p>
    </div>
  ) : null
}
