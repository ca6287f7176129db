import type { ReactElement } from "react"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { LevelMeter } from "./level-meter.js"
import type { SourceKind } from "./media-trouble.js"
import { deviceOf, type Sources, type SourcesView } from "./sources.js"

const texts = strings.record

/** One of what can be recorded: whether it is, from which device, and what is wrong with it. */
export function SourceRow({
  kind,
  sources,
  view,
  isDisabled,
}: {
  readonly kind: SourceKind
  readonly sources: Sources
  readonly view: SourcesView
  readonly isDisabled: boolean
}): ReactElement {
  const { name, lead, choose, again } = texts.sources[kind]
  const stream = view[kind]
  const trouble = view.troubles[kind]
  const isOn = stream !== null
  const said = !isOn
    ? lead
    : kind !== "screen"
      ? texts.on
      : view.hasScreenSound
        ? texts.screenOnWithSound
        : texts.screenOn
  return (
    <li className="source">
      <div className="source-head">
        <p>
          <strong>{name}</strong>
          <span className="faint">{said}</span>
        </p>
        <div className="actions">
          {isOn && kind !== "screen" ? null : (
            <Action
              kind={isOn ? "quiet" : "plain"}
              aria-label={texts.of(isOn ? again : choose, name)}
              isPending={view.asking === kind}
              isDisabled={isDisabled}
              onPress={() => {
                void sources.open(kind)
              }}
            >
              {isOn ? again : choose}
            </Action>
          )}
          {isOn ? (
            <Action
              kind="quiet"
              aria-label={texts.of(texts.leaveOut, name)}
              isDisabled={isDisabled}
              onPress={() => {
                sources.drop(kind)
              }}
            >
              {texts.leaveOut}
            </Action>
          ) : null}
        </div>
      </div>
      {isOn && kind !== "screen" ? (
        <DeviceChoice kind={kind} sources={sources} view={view} isDisabled={isDisabled} />
      ) : null}
      {isOn && kind === "microphone" ? <LevelMeter sources={sources} /> : null}
      {trouble === undefined ? null : (
        <div className="source-trouble" role="alert">
          <p>{texts.troubles[kind][trouble].what}</p>
          <p>{texts.troubles[kind][trouble].todo}</p>
        </div>
      )}
    </li>
  )
}

/** Where there are several. */
function DeviceChoice({
  kind,
  sources,
  view,
  isDisabled,
}: {
  readonly kind: "camera" | "microphone"
  readonly sources: Sources
  readonly view: SourcesView
  readonly isDisabled: boolean
}): ReactElement | null {
  const devices = kind === "camera" ? view.cameras : view.microphones
  if (devices.length < 2) return null
  return (
    <select
      className="source-device"
      aria-label={texts.device(texts.sources[kind].name)}
      value={deviceOf(view[kind]) ?? ""}
      disabled={isDisabled}
      onChange={(event) => {
        void sources.open(kind, event.target.value)
      }}
    >
      {devices.map(({ id, label }, index) => (
        <option key={id} value={id}>
          {label === "" ? texts.someDevice(index + 1) : label}
        </option>
      ))}
    </select>
  )
}
