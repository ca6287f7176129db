import { type ReactElement, type ReactNode, Suspense, useMemo, useState } from "react"
import { lazily } from "../lazily.js"
import { ConsentAnswers } from "../presence/consent-answers.js"
import { OpenPart } from "../openings/open-part.js"
import { hrefOf } from "../routes.js"
import { plainText } from "../../sdk/captions.js"
import type { PlacedLine } from "../../sdk/imports/read-imported.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { useMeeting } from "../signed-in/use-meeting.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatBytes, formatDay, formatDuration } from "../ui/format.js"
import { Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { BrokenCover, Cover } from "./broken-cover.js"
import { Chapters } from "./chapters.js"
import { ImportLabel } from "./import-label.js"
import { CopyLink } from "./copy-link.js"
import { Player } from "./player.js"
import { SaveProgress, useSave } from "./save.js"
import { Seal } from "./seal.js"
import { useImported } from "./use-imported.js"
import { useExtras } from "./use-extras.js"
import { usePlayback } from "./use-playback.js"
import { usePlaying } from "./use-playing.js"

const ImportedChat = lazily(async () => (await import("./imported-chat.js")).ImportedChat)
const TimelineColumn = lazily(async () => (await import("./timeline.js")).TimelineColumn)

const MS_PER_S = 1000
const NO_LINES: readonly PlacedLine[] = []
const PLAYABLE = /^(video|audio)\//
/** `MediaError.MEDIA_ERR_DECODE`, `MEDIA_ERR_SRC_NOT_SUPPORTED`. */
const UNPLAYABLE = [3, 4]

/** A recording that opens: played or, where browsers play no such file, to be saved. */
export function WatchRecording({
  recording,
  startMs,
  actions,
}: {
  readonly recording: OpenRecording
  readonly startMs: number | null
  /** What else can be done with it. */
  readonly actions?: ReactNode
}): ReactElement {
  const { details, media, log, recording: published } = recording
  const save = useSave(recording)
  const isPlayable = PLAYABLE.test(media.mediaType)
  const parts = [formatDay(details.capturedAtMs ?? published.timeMs), formatBytes(media.trueBytes)]
  if (details.durationMs !== null) parts.splice(1, 0, formatDuration(details.durationMs))
  const shared = { recording, startMs, onSave: save.begin, actions }
  return (
    <Page
      isWide
      title={details.title}
      back={{
        href: hrefOf({ screen: "meeting", meetingId: log.meetingId, tab: "recordings" }),
        label: log.current.title,
      }}
      lead={
        <>
          <PersonName genesisHash={published.authorGenesisHash} /> · {parts.join(" · ")}
        </>
      }
    >
      {isPlayable ? <Played {...shared} /> : <OnlyFile {...shared} />}
      <SaveProgress save={save} sizeBytes={media.trueBytes} />
      <ConsentAnswers log={log} recordingId={published.fields.recordingId} />
    </Page>
  )
}

interface ShownProps {
  readonly recording: OpenRecording
  readonly startMs: number | null
  readonly onSave: () => void
  readonly actions: ReactNode
}

function Played({ recording, startMs, onSave, actions }: ShownProps): ReactElement {
  const client = useClient()
  useClientState()
  const { chat } = useMeeting()
  const { url, error, retry } = usePlayback(recording)
  const extras = useExtras(recording)
  const imported = useImported(recording)
  const [video, setVideo] = useState<HTMLVideoElement | null>(null)
  const playing = usePlaying(video)
  const { details, media, log, recording: published } = recording
  const chapters = useMemo(
    () =>
      extras.captions
        .filter(({ isChapters }) => isChapters)
        .flatMap(({ cues }) => cues.map((cue) => ({ startS: cue.startS, title: plainText(cue) }))),
    [extras.captions],
  )
  const cues = useMemo(
    () => extras.captions.filter(({ isChapters }) => !isChapters).flatMap((file) => file.cues),
    [extras.captions],
  )
  const durationMs = playing.lengthS > 0 ? playing.lengthS * MS_PER_S : details.durationMs
  const isUnplayable = error === null && playing.errorCode !== null && UNPLAYABLE.includes(playing.errorCode)
  const cover =
    error !== null ? (
      <BrokenCover
        error={error}
        author={knownAs(client, published.authorGenesisHash).name}
        trueBytes={media.trueBytes}
        durationMs={durationMs}
        atMs={playing.atS * MS_PER_S}
        onRetry={retry}
      />
    ) : isUnplayable ? (
      <Cover title={strings.watch.unplayable}>
        <p>{strings.watch.unplayableLead}</p>
        <div className="actions">
          <Action onPress={onSave}>{strings.watch.save.action}</Action>
        </div>
      </Cover>
    ) : null
  const seek = (timeS: number): void => {
    if (video !== null) video.currentTime = timeS
  }
  const main = (
    <>
      <Player
        title={details.title}
        url={url}
        extras={extras}
        chapters={chapters}
        startMs={startMs}
        video={video}
        playing={playing}
        onVideo={setVideo}
        cover={cover}
      />
      <div className="actions">
        <CopyLink
          meetingId={log.meetingId}
          recordingId={published.fields.recordingId}
          atMs={() => (video?.currentTime ?? 0) * MS_PER_S}
        />
        <Action onPress={onSave}>{strings.watch.save.action}</Action>
        <OpenPart recording={recording} atMs={() => (video?.currentTime ?? 0) * MS_PER_S} durationMs={durationMs} />
        {actions}
      </div>
      <ImportLabel recording={recording} imported={imported} />
      <Seal recording={recording} error={error} />
      {extras.failures.length === 0 ? null : <Notice kind="warning">{strings.watch.extrasFailed}</Notice>}
      <Chapters chapters={chapters} atS={playing.atS} onSeek={seek} />
    </>
  )
  return (
    <div className="watch-columns">
      <div className="stack">{main}</div>
      {chat === null || durationMs === null ? null : (
        <Suspense fallback={null}>
          <TimelineColumn
            recording={recording}
            chat={chat}
            cues={cues}
            imported={imported.value?.lines ?? NO_LINES}
            atS={playing.atS}
            lengthMs={durationMs}
            onSeek={seek}
          />
        </Suspense>
      )}
    </div>
  )
}

/** A file that is no film and no sound. */
function OnlyFile({ recording, onSave, actions }: ShownProps): ReactElement {
  const imported = useImported(recording)
  return (
    <>
      <section className="card stack">
        <h2>{recording.details.fileName ?? strings.watch.file}</h2>
        <p>{strings.watch.fileLead}</p>
        <div className="actions">
          <Action kind="primary" onPress={onSave}>
            {strings.watch.save.action}
          </Action>
          <OpenPart recording={recording} atMs={null} durationMs={null} />
          {actions}
        </div>
      </section>
      <ImportLabel recording={recording} imported={imported} />
      <Suspense fallback={null}>
        <ImportedChat imported={imported.value} />
      </Suspense>
      <Seal recording={recording} error={null} />
    </>
  )
}
