import { type ReactElement, type ReactNode, Suspense, useCallback, useEffect, useState } from "react"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import type { LiveCapture } from "../../sdk/live-capture/captures.js"
import { WatchedPlaceProvider } from "../chat/place.js"
import { lazily } from "../lazily.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { knownAs } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { formatMoment } from "../ui/format.js"
import { Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { Player } from "../watch/player.js"
import type { Extras } from "../watch/use-extras.js"
import { usePlaying } from "../watch/use-playing.js"
import { LiveBroken } from "./live-broken.js"
import { LiveMark } from "./live-mark.js"
import { LiveSeal } from "./live-seal.js"
import { LEFT_MS, SaveCapture } from "./save-capture.js"
import { LiveStanding } from "./live-standing.js"
import { type FollowedCapture, useLive } from "./use-live.js"

const Chat = lazily(async () => (await import("../chat/chat.js")).Chat)

const MS_PER_S = 1_000
const LOOK_MS = 5_000
/** A capture has nothing that goes along with it. */
const NO_EXTRAS: Extras = { posterUrl: null, peaks: null, captions: [], failures: [] }

/** A capture of this meeting, played while it goes on. */
export function LiveWatch({
  log,
  live,
  back,
  halt,
}: {
  readonly log: MeetingLog
  readonly live: LiveCapture
  readonly back: { readonly href: string; readonly label: string }
  /** What ended the following of the meeting. */
  readonly halt: unknown
}): ReactElement {
  const client = useClient()
  useClientState()
  const followed = useLive(live, halt)
  const { playback, feed, end, retry } = followed
  const error = halt ?? followed.error
  const [video, setVideo] = useState<HTMLVideoElement | null>(null)
  const playing = usePlaying(video)
  const url = playback?.url ?? null
  useEffect(() => {
    // A browser may ask for a press first: then the player waits for it.
    if (url !== null) video?.play().catch(() => undefined)
  }, [url, video])
  const author = knownAs(client, live.authorGenesisHash).name
  const isUndecodable = error === null && playing.errorCode !== null
  const cover: ReactNode =
    error === null && !isUndecodable ? null : (
      <LiveBroken error={error} author={author} timeOf={(segment) => feed?.timeOf(segment) ?? null} onRetry={retry} />
    )
  const isLeft = useIsLeft(followed)
  const [isSaving, setSaving] = useState(false)
  const placeNow = useCallback(
    () =>
      video === null || video.readyState < video.HAVE_METADATA
        ? null
        : { recordingId: live.recordingId, offsetMs: Math.round(video.currentTime * MS_PER_S) },
    [video, live],
  )
  const isThere = playback !== null || error !== null || end === null
  return (
    <Page
      isWide
      title={live.title}
      back={back}
      lead={
        <>
          <PersonName genesisHash={live.authorGenesisHash} /> · {strings.live.began(formatMoment(live.capturedAtMs))}
        </>
      }
    >
      <div className="watch-columns">
        <div className="stack">
          {isThere ? (
            <Player
              title={live.title}
              url={url}
              extras={NO_EXTRAS}
              chapters={[]}
              startMs={playback === null ? null : playback.startS * MS_PER_S}
              video={video}
              playing={playing}
              onVideo={setVideo}
              cover={cover}
              mark={
                feed === null || cover !== null ? null : (
                  <LiveMark
                    feed={feed}
                    video={video}
                    isOver={end !== null}
                    isStill={followed.state === "interrupted" || followed.trouble !== null}
                  />
                )
              }
            />
          ) : null}
          <LiveStanding log={log} live={live} followed={followed} author={author} />
          {playback === null || cover !== null ? null : (
            <div className="actions">
              <Action
                onPress={() => {
                  if (video === null || feed === null) return
                  video.currentTime = feed.startPoint().timeS
                  video.play().catch(() => undefined)
                }}
              >
                {strings.live.fromStart}
              </Action>
              {isLeft ? (
                <SaveCapture
                  meetingId={log.meetingId}
                  live={live}
                  author={author}
                  onSaving={() => {
                    setSaving(true)
                  }}
                />
              ) : null}
            </div>
          )}
          {isSaving ? (
            <Notice>
              <p>
                {strings.live.save.saving} <a href={back.href}>{strings.live.save.toMeeting}</a>
              </p>
            </Notice>
          ) : null}
          <LiveSeal live={live} error={error} />
        </div>
        <WatchedPlaceProvider value={placeNow}>
          <Suspense fallback={null}>
            <Chat log={log} />
          </Suspense>
        </WatchedPlaceProvider>
      </div>
    </Page>
  )
}

/** Whether its recorder was not heard for so long that it may be gone. */
function useIsLeft({ state, end, newestMs }: FollowedCapture): boolean {
  const client = useClient()
  const [isLeft, setLeft] = useState(false)
  const isInterrupted = state === "interrupted" && end === null && newestMs > 0
  useEffect(() => {
    setLeft(false)
    if (!isInterrupted) return
    const look = (): void => {
      setLeft(client.clock.nowMs() - newestMs > LEFT_MS)
    }
    look()
    const timer = setInterval(look, LOOK_MS)
    return () => {
      clearInterval(timer)
    }
  }, [client, isInterrupted, newestMs])
  return isLeft
}
