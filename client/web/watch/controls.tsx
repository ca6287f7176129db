import type { ReactElement, ReactNode } from "react"
import { Button, Slider, SliderThumb, SliderTrack } from "react-aria-components"
import { strings } from "../strings.js"
import { formatDuration } from "../ui/format.js"
import type { CaptionFile } from "../../sdk/captions.js"
import { Icon, type IconName } from "./icons.js"
import { type KeyCommands } from "./player-keys.js"
import { RATES } from "./player-commands.js"
import type { Playing } from "./use-playing.js"

const MS_PER_S = 1000
const SKIP_S = 10

/** The buttons of a player. */
export function Controls({
  playing,
  commands,
  captions,
  shownCaptions,
  onShowCaptions,
  isFull,
  mark,
}: {
  readonly playing: Playing
  /** `null` while there is nothing to play. */
  readonly commands: KeyCommands | null
  readonly captions: readonly CaptionFile[]
  readonly shownCaptions: CaptionFile | null
  readonly onShowCaptions: (file: CaptionFile | null) => void
  readonly isFull: boolean
  readonly mark: ReactNode
}): ReactElement {
  const texts = strings.watch.controls
  const isOff = commands === null
  const clock = (timeS: number): string => formatDuration(timeS * MS_PER_S)
  return (
    <div className="controls" role="group" aria-label={texts.group}>
      <Control
        icon={playing.isPaused ? "play" : "pause"}
        label={playing.isPaused ? texts.play : texts.pause}
        keyName="K"
        isOff={isOff}
        onPress={() => commands?.togglePlay()}
      />
      <Control icon="back" label={texts.back} keyName="J" isOff={isOff} onPress={() => commands?.seekBy(-SKIP_S)} />
      <Control
        icon="forward"
        label={texts.forward}
        keyName="L"
        isOff={isOff}
        onPress={() => commands?.seekBy(SKIP_S)}
      />
      <div className="controls-volume">
        <Control
          icon={playing.isMuted ? "muted" : "sound"}
          label={playing.isMuted ? texts.unmute : texts.mute}
          keyName="M"
          isOff={isOff}
          onPress={() => commands?.toggleMute()}
        />
        <div data-own-arrows className="controls-volume-slider">
          <Slider
            className="volume"
            aria-label={texts.volume}
            value={playing.isMuted ? 0 : playing.volume}
            minValue={0}
            maxValue={1}
            step={0.05}
            formatOptions={{ style: "percent" }}
            isDisabled={isOff}
            onChange={(volume) => commands?.setVolume(volume)}
          >
            <SliderTrack className="volume-track">
              <span className="volume-line">
                <span style={{ width: `${(playing.isMuted ? 0 : playing.volume) * 100}%` }} />
              </span>
              <SliderThumb className="volume-thumb" />
            </SliderTrack>
          </Slider>
        </div>
      </div>
      <span className="controls-time" aria-hidden="true">
        {clock(playing.atS)} <span className="controls-length">/ {clock(playing.lengthS)}</span>
      </span>
      {mark}
      <span className="controls-space" />
      <CaptionChoice captions={captions} shown={shownCaptions} onShow={onShowCaptions} isOff={isOff} />
      <Tip tip={texts.tip(texts.speed, "< >")}>
        <select
          className="control control-select"
          aria-label={texts.speed}
          value={playing.rate}
          disabled={isOff}
          onChange={({ target }) => commands?.setRate(Number(target.value))}
        >
          {RATES.map((rate) => (
            <option key={rate} value={rate}>
              {texts.rate(rate)}
            </option>
          ))}
        </select>
      </Tip>
      {document.pictureInPictureEnabled && playing.hasPicture !== false ? (
        <Control
          icon="picture"
          label={playing.isInPicture ? texts.leavePicture : texts.picture}
          keyName="I"
          isOff={isOff}
          onPress={() => commands?.togglePictureInPicture()}
        />
      ) : null}
      <Control icon="keys" label={texts.keys} keyName="?" isOff={isOff} onPress={() => commands?.showKeys()} />
      {document.fullscreenEnabled ? (
        <Control
          icon={isFull ? "smaller" : "full"}
          label={isFull ? texts.leaveFull : texts.full}
          keyName="F"
          isOff={isOff}
          onPress={() => commands?.toggleFullScreen()}
        />
      ) : null}
    </div>
  )
}

/** One file of captions is on or off; of more, one is chosen. */
function CaptionChoice({
  captions,
  shown,
  onShow,
  isOff,
}: {
  readonly captions: readonly CaptionFile[]
  readonly shown: CaptionFile | null
  readonly onShow: (file: CaptionFile | null) => void
  readonly isOff: boolean
}): ReactElement | null {
  const texts = strings.watch.controls
  const [only] = captions
  if (only === undefined) return null
  if (captions.length === 1)
    return (
      <Control
        icon="captions"
        label={shown === null ? texts.captions : texts.noCaptions}
        keyName="C"
        isOn={shown !== null}
        isOff={isOff}
        onPress={() => {
          onShow(shown === null ? only : null)
        }}
      />
    )
  return (
    <Tip tip={texts.tip(texts.captionsIn, "C")}>
      <select
        className="control control-select"
        aria-label={texts.captionsIn}
        value={shown === null ? -1 : captions.indexOf(shown)}
        disabled={isOff}
        onChange={({ target }) => {
          onShow(captions[Number(target.value)] ?? null)
        }}
      >
        <option value={-1}>{texts.captionsOff}</option>
        {captions.map(({ language }, index) => (
          <option key={index} value={index}>
            {texts.captionsOf(language, index + 1)}
          </option>
        ))}
      </select>
    </Tip>
  )
}

function Control({
  icon,
  label,
  keyName,
  isOn = false,
  isOff,
  onPress,
}: {
  readonly icon: IconName
  readonly label: string
  readonly keyName: string
  readonly isOn?: boolean
  readonly isOff: boolean
  readonly onPress: () => void
}): ReactElement {
  return (
    <Tip tip={strings.watch.controls.tip(label, keyName)}>
      <Button
        className={isOn ? "control control-on" : "control"}
        aria-label={label}
        isDisabled={isOff}
        onPress={onPress}
      >
        <Icon name={icon} />
      </Button>
    </Tip>
  )
}

/** What a control is, shown to who points at it or has it focused. It stands inside the player, which may fill the screen. */
function Tip({ tip, children }: { readonly tip: string; readonly children: ReactNode }): ReactElement {
  return (
    <span className="tip">
      {children}
      <span className="tip-text" aria-hidden="true">
        {tip}
      </span>
    </span>
  )
}
