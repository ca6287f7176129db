import { spawn } from "node:child_process"
import { mkdtemp } from "node:fs/promises"
import path from "node:path"
import {
  type CaptureState,
  type JournalStore,
  type MeetingId,
  openJournalFolder,
  type RecordingId,
  startCapture,
} from "../../client/sdk/index.js"
import { exitOf } from "./programs.js"
import type { TestClient } from "./sdk/clients.js"

/** Somebody records: ffmpeg's pictures and sound, in the time that they take, as a MediaRecorder would give them. */
export interface LiveFilm {
  readonly recordingId: RecordingId
  readonly journal: JournalStore
  /** `null` until something was kept. */
  state(): CaptureState | null
  /** All of it that was kept so far. */
  captured(): Buffer
  /** Nothing comes for a while. */
  pause(): void
  resume(): void
  /** Ends it as its recorder does. */
  stop(): Promise<void>
  /** The device is gone, in the middle. */
  die(): Promise<void>
}

export const FILM_TYPES = {
  film: "video/webm;codecs=vp8,opus",
  sound: "audio/webm;codecs=opus",
} as const

const PICTURE = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15"]
const SOUND = ["-re", "-f", "lavfi", "-i", "sine=frequency=330"]
const VP8 = [
  "-c:v",
  "libvpx",
  "-deadline",
  "realtime",
  "-cpu-used",
  "8",
  "-g",
  "30",
  "-b:v",
  "300k",
  "-pix_fmt",
  "yuv420p",
]
const OPUS = ["-c:a", "libopus", "-b:a", "48k"]
const FFMPEG = "ffmpeg"
const FLUSH_MS = 700

export async function startFilm(
  { client, home }: Pick<TestClient, "client" | "home">,
  meetingId: MeetingId,
  title: string,
  kind: keyof typeof FILM_TYPES = "film",
): Promise<LiveFilm> {
  const journal = await openJournalFolder(await mkdtemp(path.join(home, "journal-")))
  const dying = new AbortController()
  let state: CaptureState | null = null
  const capture = await startCapture(
    client,
    meetingId,
    journal,
    { title, mediaType: FILM_TYPES[kind], capturedAtMs: Date.now() },
    {
      signal: dying.signal,
      onState: (now) => {
        state = now
      },
    },
  )
  const inputs = kind === "film" ? [...PICTURE, ...SOUND, ...VP8, ...OPUS] : [...SOUND, ...OPUS]
  const arguments_ = ["-hide_banner", "-loglevel", "error", ...inputs, "-f", "webm", "-live", "1", "pipe:1"]
  const ffmpeg = spawn(FFMPEG, arguments_, { stdio: ["ignore", "pipe", "inherit"] })
  const kill = (): void => {
    ffmpeg.kill("SIGKILL")
  }
  process.once("exit", kill)
  const parts: Buffer[] = []
  ffmpeg.stdout.on("data", (bytes: Buffer) => {
    parts.push(bytes)
    capture.write(bytes)
  })
  let flushing: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    flushing = capture.flush()
  }, FLUSH_MS)
  const end = async (): Promise<void> => {
    clearInterval(timer)
    // One that stands still does not hear that it is to end.
    ffmpeg.kill("SIGCONT")
    kill()
    process.off("exit", kill)
    await exitOf(ffmpeg)
    await flushing
  }
  return {
    recordingId: capture.recordingId,
    journal,
    state: () => state,
    captured: () => Buffer.concat(parts),
    pause: () => {
      ffmpeg.kill("SIGSTOP")
    },
    resume: () => {
      ffmpeg.kill("SIGCONT")
    },
    stop: async () => {
      await end()
      await capture.stop()
    },
    die: async () => {
      dying.abort()
      await end()
    },
  }
}
