import { type ReactElement, Suspense, useState } from "react"
import type { OpenRecording as Opened } from "../../sdk/recordings.js"
import { lazily } from "../lazily.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Busy } from "../ui/busy.js"
import { Sheet } from "../ui/dialog.js"

const OpenRecording = lazily(async () => (await import("./open-recording.js")).OpenRecording)

/** The way to an opening of a recording. */
export function OpenPart({
  recording,
  atMs,
  durationMs,
}: {
  readonly recording: Opened
  /** Where the player stands; `null` for what is no film and no sound. */
  readonly atMs: (() => number) | null
  readonly durationMs: number | null
}): ReactElement {
  const texts = strings.openings
  const [at, setAt] = useState<{ readonly ms: number | null } | null>(null)
  const close = (): void => {
    setAt(null)
  }
  return (
    <>
      <Action
        onPress={() => {
          setAt({ ms: atMs === null ? null : atMs() })
        }}
      >
        {atMs === null ? texts.actionAll : texts.action}
      </Action>
      <Sheet title={atMs === null ? texts.titleAll : texts.title} isOpen={at !== null} onClose={close}>
        <Suspense fallback={<Busy label={strings.common.loading} />}>
          {at === null ? null : (
            <OpenRecording recording={recording} atMs={at.ms} durationMs={durationMs} onClose={close} />
          )}
        </Suspense>
      </Sheet>
    </>
  )
}
