import { type ReactElement, useId, useState } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { formatOffset } from "../../sdk/imports/chat-clock.js"
import type { KnownImport } from "../../sdk/imports/find-imported.js"
import { type Platform, PLATFORMS } from "../../sdk/imports/plan.js"
import type { ReadyImport } from "../../sdk/imports/ready.js"
import { shownName } from "../../sdk/shown-name.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import "../styles/uploads.css"
import { Action } from "../ui/button.js"
import { formatCount } from "../ui/format.js"
import { Busy } from "../ui/busy.js"
import { BytesProgress } from "../ui/bytes-progress.js"
import { CheckBox } from "../ui/check-box.js"
import { Sheet } from "../ui/dialog.js"
import { Failure, Notice } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"
import { useUploadManager } from "../uploads/uploads-context.js"
import type { GivenFolder } from "./given-folder.js"
import { type ImportDraft, isReady, withClock } from "./import-draft.js"
import { ImportRow } from "./import-row.js"
import { importOne } from "./import-one.js"
import { lookInto } from "./look-into.js"

const texts = strings.imports
/** Of a folder with thousands of files nobody reads all. */
const SHOWN_FILES = 200

/** What is there already, and what of the folder that is. */
interface KnownDraft extends KnownImport {
  readonly draft: ImportDraft
}

/** Before anything of a folder is sent: what was found in it, and what is said of it. */
export function ImportSheet({
  meetingId,
  folder,
  guessed,
  onPlain,
  onClose,
}: {
  readonly meetingId: MeetingId
  readonly folder: GivenFolder
  readonly guessed: Platform
  /** Somebody wants its files as they are. */
  readonly onPlain: () => void
  readonly onClose: () => void
}): ReactElement {
  const client = useClient()
  const manager = useUploadManager()
  const [platform, setPlatform] = useState<Platform>(guessed)
  const [withAudio, setWithAudio] = useState(false)
  const [changes, setChanges] = useState<ReadonlyMap<string, Partial<ImportDraft>>>(new Map())
  const [reading, setReading] = useState<{ readonly draft: ImportDraft; readonly doneBytes: number } | null>(null)
  const [known, setKnown] = useState<readonly KnownDraft[]>([])
  const [stopped] = useState(() => new AbortController())
  const choice = useId()
  const looked = useLoaded(async () => await lookInto(folder, platform, withAudio), [folder, platform, withAudio])
  const drafts = (looked.value?.recordings ?? []).map((ready) => ({
    ...draftOf(ready),
    ...changes.get(ready.main.path),
  }))
  const included = drafts.filter(({ isIncluded }) => isIncluded)
  const leftOut = looked.value?.leftOut ?? []
  const importAll = async (chosen: readonly ImportDraft[], isOwnOnly: boolean): Promise<void> => {
    const before: KnownDraft[] = []
    const search = { known: new Map<string, KnownImport | null>(), isOwnOnly }
    for (const draft of chosen) {
      const found = await importOne({
        client,
        manager,
        meetingId,
        platform,
        file: folder.fileAt(draft.ready.main.path),
        ready: withClock(draft),
        search,
        signal: stopped.signal,
        onProgress: (doneBytes) => {
          setReading({ draft, doneBytes })
        },
      }).catch((error: unknown) => {
        if (isArchiveError(error) && error.code === "interrupted") return null
        throw error
      })
      if (found !== null) before.push({ ...found, draft })
    }
    setReading(null)
    setKnown(before)
    if (before.length === 0) onClose()
  }
  const task = useTask(async () => {
    await importAll(included, false)
  })
  const claimed = known.filter(({ isOwn }) => !isOwn)
  const again = useTask(async () => {
    await importAll(
      claimed.map(({ draft }) => draft),
      true,
    )
  })
  const isBusy = task.isBusy || again.isBusy
  const progress =
    reading === null || !isBusy ? null : (
      <BytesProgress
        label={texts.reading(reading.draft.title)}
        doneBytes={reading.doneBytes}
        sizeBytes={reading.draft.ready.main.sizeBytes}
      />
    )
  const close = (): void => {
    stopped.abort()
    onClose()
  }
  return (
    <Sheet title={texts.title} isOpen onClose={close} mustAnswer={isBusy}>
      {known.length > 0 ? (
        <>
          {known.length > claimed.length ? (
            <Notice>
              {texts.known(
                known
                  .filter(({ isOwn }) => isOwn)
                  .map(({ draft }) => draft.title)
                  .join(", "),
              )}
            </Notice>
          ) : null}
          {claimed.length === 0 ? null : (
            <Notice kind="warning" title={texts.claimed}>
              <ul>
                {claimed.map(({ draft, importedBy }) => (
                  <li key={draft.ready.main.path}>
                    {draft.title}, {texts.claimedBy} <PersonName genesisHash={importedBy} isWithin />
                  </li>
                ))}
              </ul>
              <p>{texts.claimedMeaning}</p>
            </Notice>
          )}
          {progress}
          <Failure error={again.error} />
          <div className="actions">
            {claimed.length === 0 ? null : (
              <Action isPending={again.isBusy} onPress={again.run}>
                {texts.again(claimed.length)}
              </Action>
            )}
            <Action kind="primary" onPress={close}>
              {strings.common.close}
            </Action>
          </div>
        </>
      ) : (
        <>
          <p className="faint">{texts.lead}</p>
          <div className="field">
            <label htmlFor={choice}>{texts.platform}</label>
            <select
              id={choice}
              value={platform}
              autoComplete="off"
              disabled={task.isBusy}
              onChange={({ target }) => {
                setPlatform(PLATFORMS.find((name) => name === target.value) ?? guessed)
                setChanges(new Map())
              }}
            >
              {PLATFORMS.map((name) => (
                <option key={name} value={name}>
                  {texts.platforms[name]}
                </option>
              ))}
            </select>
          </div>
          {looked.state === "loading" ? <Busy label={texts.looking} /> : null}
          <Failure error={looked.error} />
          {looked.state === "ready" && drafts.length === 0 ? <p role="status">{texts.nothing}</p> : null}
          <ul className="chosen">
            {drafts.map((draft) => (
              <ImportRow
                key={draft.ready.main.path}
                draft={draft}
                isAlone={drafts.length === 1}
                onChange={(change) => {
                  const { path } = draft.ready.main
                  setChanges(new Map(changes).set(path, { ...changes.get(path), ...change }))
                }}
              />
            ))}
          </ul>
          {withAudio || leftOut.some(({ reason }) => reason === "spare-sound") ? (
            <CheckBox isSelected={withAudio} onChange={setWithAudio}>
              {texts.withAudio}
            </CheckBox>
          ) : null}
          {leftOut.length === 0 ? null : (
            <details className="left-out">
              <summary>{texts.leftOut(leftOut.length)}</summary>
              <ul>
                {leftOut.slice(0, SHOWN_FILES).map(({ path, reason, of = "" }) => (
                  <li key={path}>
                    <bdi>{shownName(path)}</bdi>: {texts.leftOutReasons[reason](shownName(of))}
                  </li>
                ))}
                {leftOut.length > SHOWN_FILES ? (
                  <li>{texts.leftOutMore(formatCount(leftOut.length - SHOWN_FILES))}</li>
                ) : null}
              </ul>
            </details>
          )}
          {drafts.length === 0 ? null : (
            <Notice>{texts.label(platform === "folder" ? texts.somePlatform : texts.platforms[platform])}</Notice>
          )}
          {progress}
          <Failure error={task.error} />
          <div className="actions">
            {drafts.length === 0 ? null : (
              <Action
                kind="primary"
                isDisabled={included.length === 0 || !included.every(isReady)}
                isPending={task.isBusy}
                onPress={task.run}
              >
                {texts.start(included.length)}
              </Action>
            )}
            <Action isDisabled={task.isBusy} onPress={onPlain}>
              {texts.plain}
            </Action>
            <Action onPress={close}>{strings.common.cancel}</Action>
          </div>
        </>
      )}
    </Sheet>
  )
}

function draftOf(ready: ReadyImport): ImportDraft {
  const { clock } = ready.beside
  return {
    ready,
    isIncluded: true,
    title: ready.title,
    offset: clock === null ? "" : formatOffset(0 - clock.startMs),
  }
}
