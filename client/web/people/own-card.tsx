import { type ReactElement, useRef, useState } from "react"
import { cardLink } from "../../../shared/protocol/card.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import { whoAmI } from "../../sdk/account.js"
import { ownCard, readHandle, setHandle } from "../../sdk/contacts.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { CopyAction } from "../ui/copy-action.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { QrCode } from "../ui/qr-code.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"
import { Words } from "./words.js"

const texts = strings.people.ownCard

/** What one shows to others, so that they know this account and no other. */
export function OwnCard(): ReactElement {
  const client = useClient()
  const link = cardLink(client.http.baseUrl, ownCard(client))
  const { accountId, safetyWords } = whoAmI(client)
  return (
    <div className="stack">
      <p className="faint">{texts.lead}</p>
      <QrCode text={link} label={texts.code} />
      <dl className="facts">
        <dt>{texts.link}</dt>
        <dd>
          <code>{link}</code>
          <div className="actions">
            <CopyAction text={link} />
          </div>
        </dd>
        <dt>{texts.account}</dt>
        <dd>
          <code>{formatId("account", accountId)}</code>
        </dd>
      </dl>
      <OwnHandle />
      <details>
        <summary>{texts.words}</summary>
        <Words words={safetyWords} />
      </details>
    </div>
  )
}

function OwnHandle(): ReactElement {
  const client = useClient()
  const handle = useLoaded(async () => await readHandle(client), [client])
  switch (handle.state) {
    case "loading":
      return <Busy label={strings.common.loading} />
    case "failed":
      return (
        <Failure error={handle.error}>
          <Action onPress={handle.reload}>{strings.common.tryAgain}</Action>
        </Failure>
      )
    case "ready":
      return <HandleForm known={handle.value} />
  }
}

function HandleForm({ known }: { readonly known: string | null }): ReactElement {
  const client = useClient()
  const [handle, setKnown] = useState(known)
  const [text, setText] = useState(known ?? "")
  const [said, setSaid] = useState("")
  const form = useRef<HTMLFormElement>(null)
  const change = async (wanted: string | null): Promise<void> => {
    setSaid("")
    await setHandle(client, wanted)
    setKnown(wanted)
    setText(wanted ?? "")
    setSaid(wanted === null ? texts.dropped : texts.saved(wanted))
  }
  const save = useTask(async () => {
    await change(text.trim().replace(/^@/, ""))
  })
  const drop = useTask(async () => {
    await change(null)
    // The button that was pressed goes with the handle.
    form.current?.querySelector("input")?.focus()
  })
  const wrong = wrongHandle(save.error)
  return (
    <form
      ref={form}
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        save.run()
      }}
    >
      <Field
        label={texts.handle}
        hint={texts.handleHint}
        error={wrong}
        value={text}
        onChange={(typed) => {
          setText(typed)
          save.forget()
        }}
        autoCorrect="off"
        spellCheck="false"
      />
      {wrong === null ? <Failure error={save.error ?? drop.error} /> : null}
      <div className="actions">
        <Action type="submit" isPending={save.isBusy}>
          {texts.saveHandle}
        </Action>
        {handle === null ? null : (
          <Action kind="quiet" isPending={drop.isBusy} onPress={drop.run}>
            {texts.dropHandle}
          </Action>
        )}
        <span role="status" className="faint">
          {said}
        </span>
      </div>
    </form>
  )
}

function wrongHandle(error: unknown): string | null {
  if (!isArchiveError(error)) return null
  return error.code === "exists" ? texts.taken : error.code === "usage" ? texts.wrong : null
}
