import { type ReactElement, type ReactNode, useState } from "react"
import { formatId } from "../../../shared/protocol/ids.js"
import { whoAmI } from "../../sdk/account.js"
import { listDevices, type RekeyReport } from "../../sdk/devices.js"
import { RekeyNotice } from "../account/rekey-notice.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { CopyAction } from "../ui/copy-action.js"
import { Failure, Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useLoaded } from "../ui/use-loaded.js"
import { ApproveDevice } from "./approve-device.js"
import { CloseAccount } from "./close-account.js"
import { DeviceList } from "./device-list.js"
import { ForgetDevice } from "./forget-device.js"
import { PendingRekeys } from "./pending-rekeys.js"
import { ReplaceWords } from "./replace-words.js"
import { TryWords } from "./try-words.js"
import "../styles/account.css"
import "../styles/devices.css"

type Task = "approve" | "try-words" | "replace-words" | "close"

/** What a task came to, said once it is done. */
interface Outcome {
  readonly text: string
  readonly report: RekeyReport | null
}

const texts = strings.devices

/** The account's devices, its words on paper, and the ways out of it. */
export function Devices(): ReactElement {
  const [task, setTask] = useState<Task | null>(null)
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const onBack = (): void => {
    setTask(null)
  }
  const onDone = (text: string, report: RekeyReport | null = null): void => {
    setOutcome({ text, report })
    setTask(null)
  }
  switch (task) {
    case null:
      return (
        <Overview
          outcome={outcome}
          onDone={onDone}
          onTask={(chosen) => {
            setOutcome(null)
            setTask(chosen)
          }}
        />
      )
    case "approve":
      return <ApproveDevice onDone={onDone} onBack={onBack} />
    case "try-words":
      return <TryWords onDone={onDone} onBack={onBack} />
    case "replace-words":
      return <ReplaceWords onDone={onDone} onBack={onBack} />
    case "close":
      return <CloseAccount onBack={onBack} />
  }
}

function Overview({
  outcome,
  onTask,
  onDone,
}: {
  readonly outcome: Outcome | null
  readonly onTask: (task: Task) => void
  readonly onDone: (text: string, report: RekeyReport | null) => void
}): ReactElement {
  const client = useClient()
  const { phraseConfirmed } = useClientState()
  const devices = useLoaded(async () => await listDevices(client), [client])
  const accountId = formatId("account", whoAmI(client).accountId)
  const begin = (task: Task, label: string): ReactElement => (
    <Action
      onPress={() => {
        onTask(task)
      }}
    >
      {label}
    </Action>
  )
  return (
    <Page title={texts.title} lead={texts.lead} actions={begin("approve", texts.link)}>
      {outcome === null ? null : (
        <>
          <Notice kind="good">{outcome.text}</Notice>
          {outcome.report === null ? null : <RekeyNotice client={client} report={outcome.report} />}
        </>
      )}
      <PendingRekeys />
      {devices.state === "loading" ? <Busy label={texts.loading} /> : null}
      <Failure error={devices.error}>
        <Action onPress={devices.reload}>{strings.common.tryAgain}</Action>
      </Failure>
      {devices.value === null ? null : (
        <DeviceList
          devices={devices.value}
          onChanged={devices.reload}
          onRemoved={(name, report) => {
            onDone(texts.removed(name), report)
            devices.reload()
          }}
        />
      )}
      {devices.value?.length === 1 ? (
        <Notice kind="warning" title={texts.only}>
          <p>{texts.onlyTodo}</p>
        </Notice>
      ) : null}
      <Part title={texts.words.title} lead={texts.words.lead}>
        <p>{phraseConfirmed ? texts.words.confirmed : <strong>{texts.words.unconfirmed}</strong>}</p>
        <div className="actions">
          {begin("try-words", texts.words.drill)}
          {begin("replace-words", texts.words.replace)}
        </div>
      </Part>
      <Part title={texts.account.title} lead={texts.account.idHint}>
        <div className="actions">
          <code translate="no">{accountId}</code>
          <CopyAction text={accountId} />
        </div>
      </Part>
      <Part title={texts.leave.title}>
        <ul className="rows">
          <li>
            <span className="faint">{texts.leave.forgetLead}</span>
            <ForgetDevice label={texts.leave.forget} />
          </li>
          <li>
            <span className="faint">{texts.leave.closeLead}</span>
            {begin("close", texts.leave.close)}
          </li>
        </ul>
      </Part>
    </Page>
  )
}

function Part({
  title,
  lead,
  children,
}: {
  readonly title: string
  readonly lead?: string
  readonly children: ReactNode
}): ReactElement {
  return (
    <section className="part">
      <h2>{title}</h2>
      {lead === undefined ? null : <p className="faint">{lead}</p>}
      {children}
    </section>
  )
}
