import { useCallback, useEffect, useRef, useState } from "react"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import type { SentFile } from "../../../shared/protocol/message-content.js"
import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import { utf8 } from "../../../shared/protocol/bytes.js"
import { uploadSentFile } from "../../sdk/chat/files.js"
import { fileSource } from "../platform/file-source.js"
import { PageHold } from "../platform/page-hold.js"
import { useClient } from "../signed-in/client-context.js"

export interface FileUpload {
  /** 0 to 1; `null` while nothing is sent. */
  readonly progress: number | null
  /** @returns `null` where somebody cancelled it. @throws {@link ArchiveError} as `uploadSentFile`. */
  readonly run: (files: readonly File[]) => Promise<readonly SentFile[] | null>
  readonly cancel: () => void
}

/** Seals and sends files for a message, one after another. What was sent already is not sent again where a later one failed. */
export function useFileUpload(meetingId: MeetingId): FileUpload {
  const client = useClient()
  const [progress, setProgress] = useState<number | null>(null)
  const stopping = useRef(new AbortController())
  const hold = useRef(new PageHold())
  const done = useRef(new Map<File, SentFile>())
  useEffect(
    () => () => {
      stopping.current.abort()
    },
    [],
  )
  const run = useCallback(
    async (files: readonly File[]): Promise<readonly SentFile[] | null> => {
      const stop = new AbortController()
      stopping.current = stop
      const totalBytes = files.reduce((sum, { size }) => sum + storedBytesOfFile(size), 0)
      let beforeBytes = 0
      hold.current.hold(files.length > 0)
      try {
        const sent: SentFile[] = []
        for (const file of files) {
          const known = done.current.get(file)
          setProgress(beforeBytes / totalBytes)
          const one =
            known ??
            (await orStopped(
              stop.signal,
              uploadSentFile(
                client,
                meetingId,
                {
                  fileName: shortened(file.name),
                  mediaType: file.type === "" ? "application/octet-stream" : file.type,
                  source: fileSource(file),
                },
                {
                  signal: stop.signal,
                  onProgress: (sentBytes) => {
                    if (!stop.signal.aborted) setProgress(Math.min(1, (beforeBytes + sentBytes) / totalBytes))
                  },
                },
              ),
            ))
          done.current.set(file, one)
          beforeBytes += one.storedBytes
          sent.push(one)
        }
        done.current.clear()
        return sent
      } catch (error) {
        if (stop.signal.aborted && isArchiveError(error) && error.code === "interrupted") return null
        throw error
      } finally {
        setProgress(null)
        hold.current.hold(false)
      }
    },
    [client, meetingId],
  )
  return {
    progress,
    run,
    cancel: () => {
      stopping.current.abort()
    },
  }
}

/** What is given up has yet to say so to the server: nobody waits for that. */
async function orStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return await new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new ArchiveError("interrupted", "the file was given up"))
    })
    work.then(resolve, reject)
  })
}

/** A name as long as a message may hold, with its ending. */
function shortened(name: string): string {
  let start = name
  const ending = /\.[^.]{1,16}$/.exec(name)?.[0] ?? ""
  while (utf8(start).length > LIMITS.fileNameBytes)
    start = `${[...start.slice(0, start.length - ending.length)].slice(0, -1).join("")}${ending}`
  return start
}
