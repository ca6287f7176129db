import { type ReactElement, useEffect, useRef, useState } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { defaultFileName } from "../../sdk/saved-name.js"
import type { AssetReader, ReaderOptions } from "../../sdk/reader/asset-reader.js"
import { type OpenRecording, readAsset } from "../../sdk/recordings.js"
import { openBytes, type Playback } from "../playback/open-playback.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { BytesProgress } from "../ui/bytes-progress.js"
import { Failure, Notice } from "../ui/notice.js"
import { savePicker, saveTo } from "./save-to-disk.js"

type Saving =
  | { readonly state: "idle" }
  | { readonly state: "writing"; readonly doneBytes: number }
  | { readonly state: "saved" }
  /** The browser saves it, and shows how far it is. */
  | { readonly state: "handed-over" }
  | { readonly state: "failed"; readonly error: unknown }

export interface Save {
  readonly saving: Saving
  readonly begin: () => void
  readonly cancel: () => void
}

/** Saves a recording, opened, straight to disk. */
export function useSave(recording: OpenRecording): Save {
  const client = useClient()
  return useSaveOf({
    name: defaultFileName(recording.details.title, recording.details.fileName, recording.media.mediaType),
    open: (options) => readAsset(client, recording, recording.media, options),
  })
}

/** Saves what a reader gives, straight to disk. */
export function useSaveOf({
  name,
  open,
}: {
  readonly name: string
  readonly open: (options: ReaderOptions) => AssetReader
}): Save {
  const client = useClient()
  const [saving, setSaving] = useState<Saving>({ state: "idle" })
  const stopped = useRef(new AbortController())
  const playbacks = useRef<Playback[]>([])
  useEffect(
    () => () => {
      stopped.current.abort()
      for (const playback of playbacks.current.splice(0)) playback.close()
    },
    [],
  )
  const fail = (error: unknown): void => {
    setSaving({ state: "failed", error })
  }
  const save = async (): Promise<void> => {
    const pick = savePicker()
    if (pick === null) {
      const playback = await openBytes(client, open({ readsOn: true }), { download: name })
      playbacks.current.push(playback)
      followLink(playback.url, name)
      setSaving({ state: "handed-over" })
      playback.onFailure(fail)
      return
    }
    const file = await pick({ suggestedName: name })
    const stopping = new AbortController()
    stopped.current = stopping
    setSaving({ state: "writing", doneBytes: 0 })
    const reader = open({})
    await saveTo(file, reader.read(0, Math.max(0, reader.sizeBytes - 1), stopping.signal), {
      onProgress: (doneBytes) => {
        if (!stopping.signal.aborted) setSaving({ state: "writing", doneBytes })
      },
    })
    setSaving({ state: "saved" })
  }
  return {
    saving,
    begin: () => {
      save().catch((error: unknown) => {
        const isStopped = error instanceof DOMException && error.name === "AbortError"
        if (isStopped || (isArchiveError(error) && error.code === "interrupted")) setSaving({ state: "idle" })
        else fail(error)
      })
    },
    cancel: () => {
      stopped.current.abort()
    },
  }
}

/** A link that saves; `download` counts where the address is one of this page's memory. */
function followLink(url: string, name: string): void {
  const link = document.createElement("a")
  link.href = url
  if (url.startsWith("blob:")) link.download = name
  link.click()
}

export function SaveProgress({
  save: { saving, cancel, begin },
  sizeBytes,
}: {
  readonly save: Save
  readonly sizeBytes: number
}): ReactElement | null {
  const texts = strings.watch.save
  switch (saving.state) {
    case "idle":
      return null
    case "writing":
      return (
        <div className="card save-progress">
          <BytesProgress label={texts.saving} doneBytes={saving.doneBytes} sizeBytes={sizeBytes} />
          <Action onPress={cancel}>{strings.common.cancel}</Action>
        </div>
      )
    case "saved":
      return <Notice kind="good">{texts.saved}</Notice>
    case "handed-over":
      return <Notice>{texts.handedOver}</Notice>
    case "failed":
      return (
        <Failure error={saving.error}>
          <p>{texts.incomplete}</p>
          <Action onPress={begin}>{strings.common.tryAgain}</Action>
        </Failure>
      )
  }
}
