import { type MediaTrouble, missingFor, type SourceKind, troubleOf } from "./media-trouble.js"
import { SoundMix } from "./sound-mix.js"

export interface Device {
  readonly id: string
  /** Empty until the person let the page use one. */
  readonly label: string
}

export interface SourcesView {
  readonly screen: MediaStream | null
  readonly camera: MediaStream | null
  readonly microphone: MediaStream | null
  /** Whether what is shown brings sound. */
  readonly hasScreenSound: boolean
  /** What a person is being asked for by the browser. */
  readonly asking: SourceKind | null
  readonly troubles: Readonly<Partial<Record<SourceKind, MediaTrouble>>>
  readonly cameras: readonly Device[]
  readonly microphones: readonly Device[]
}

const NOTHING: SourcesView = {
  screen: null,
  camera: null,
  microphone: null,
  hasScreenSound: false,
  asking: null,
  troubles: {},
  cameras: [],
  microphones: [],
}

/** More than this is seen by few, and costs what sealing and sending need. */
const SCREEN = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { max: 30 } } as const

/** The screen, camera and microphone that somebody chose, as they are before and while they are recorded. */
export class Sources {
  readonly #listeners = new Set<() => void>()
  #view = NOTHING
  #sound: SoundMix | null = null
  #isClosed = false
  /** Told of what ended by itself: unplugged, or stopped in the browser's own bar. */
  onEnded: (kind: SourceKind) => void = () => undefined

  constructor() {
    if (missingFor("microphone") === null) navigator.mediaDevices.addEventListener("devicechange", this.#devicesChanged)
  }

  get view(): SourcesView {
    return this.#view
  }

  /** @returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Asks for it, in the place of what was there. Where that fails, the view says why. @param deviceId of a camera or microphone; else the browser's own choice. */
  async open(kind: SourceKind, deviceId: string | null = null): Promise<void> {
    const missing = missingFor(kind)
    if (missing !== null) {
      this.#failed(kind, missing)
      return
    }
    this.#change({ asking: kind })
    try {
      const stream = await ask(kind, deviceId)
      // Closed while the browser asked the person: the light goes out all the same.
      if (this.#isClosed) stopAll(stream)
      else this.#take(kind, stream)
    } catch (error) {
      this.#failed(kind, troubleOf(error))
    }
    await this.#lookAtDevices()
  }

  drop(kind: SourceKind): void {
    stopAll(this.#view[kind])
    this.#sound?.set(kind, null)
    this.#change({ [kind]: null, troubles: without(this.#view.troubles, kind) })
  }

  /** The tracks to be recorded: at most one of each kind. */
  tracks(): readonly MediaStreamTrack[] {
    const { screen, camera } = this.#view
    const picture = (screen ?? camera)?.getVideoTracks()[0]
    return [picture, this.#sound?.track].filter((track) => track != null)
  }

  /** How loud the microphone is, 0 to 1. */
  level(): number {
    return this.#sound?.level() ?? 0
  }

  /** Lets all devices go. */
  close(): void {
    this.#isClosed = true
    for (const kind of ["screen", "camera", "microphone"] as const) stopAll(this.#view[kind])
    this.#sound?.close()
    if (missingFor("microphone") === null)
      navigator.mediaDevices.removeEventListener("devicechange", this.#devicesChanged)
    this.#change(NOTHING)
  }

  #take(kind: SourceKind, stream: MediaStream): void {
    stopAll(this.#view[kind])
    if (stream.getAudioTracks().length > 0) this.#sound ??= new SoundMix()
    this.#sound?.set(kind, stream)
    this.#change({ [kind]: stream, asking: null, troubles: without(this.#view.troubles, kind) })
    const [main] = kind === "microphone" ? stream.getAudioTracks() : stream.getVideoTracks()
    main?.addEventListener("ended", () => {
      if (this.#view[kind] !== stream) return
      stopAll(stream)
      this.#sound?.set(kind, null)
      this.#failed(kind, "gone")
      this.onEnded(kind)
    })
  }

  #failed(kind: SourceKind, trouble: MediaTrouble): void {
    const isKept = trouble !== "gone" && this.#view[kind] !== null
    // A choice that was called off leaves what was there.
    this.#change({
      asking: null,
      ...(isKept ? {} : { [kind]: null }),
      troubles: { ...this.#view.troubles, [kind]: trouble },
    })
  }

  readonly #devicesChanged = (): void => {
    void this.#lookAtDevices()
  }

  async #lookAtDevices(): Promise<void> {
    if (this.#isClosed || missingFor("microphone") !== null) return
    const found = await navigator.mediaDevices.enumerateDevices().catch(() => [])
    const of = (kind: MediaDeviceKind): readonly Device[] =>
      found
        .filter((device) => device.kind === kind && device.deviceId !== "")
        .map(({ deviceId, label }) => ({ id: deviceId, label }))
    this.#change({ cameras: of("videoinput"), microphones: of("audioinput") })
  }

  #change(changes: Partial<SourcesView>): void {
    this.#view = { ...this.#view, ...changes, hasScreenSound: this.#sound?.has("screen") ?? false }
    for (const listener of this.#listeners) listener()
  }
}

/** The device that a stream comes from. */
export function deviceOf(stream: MediaStream | null): string | null {
  return stream?.getTracks()[0]?.getSettings().deviceId ?? null
}

async function ask(kind: SourceKind, deviceId: string | null): Promise<MediaStream> {
  const chosen = deviceId === null ? {} : { deviceId: { exact: deviceId } }
  switch (kind) {
    case "screen":
      return await navigator.mediaDevices.getDisplayMedia({ video: SCREEN, audio: true })
    case "camera":
      return await navigator.mediaDevices.getUserMedia({
        video: { ...chosen, width: { ideal: 1280 }, height: { ideal: 720 } },
      })
    case "microphone":
      return await navigator.mediaDevices.getUserMedia({ audio: { ...chosen, echoCancellation: true } })
  }
}

function stopAll(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
}

function without<Key extends string, Value>(
  record: Readonly<Partial<Record<Key, Value>>>,
  key: Key,
): Readonly<Partial<Record<Key, Value>>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key)) as Partial<Record<Key, Value>>
}
