import { type ReactElement, useState } from "react"
import { Form } from "react-aria-components"
import { offerByLink } from "../../sdk/join.js"
import { hrefOf } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { Failure, Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useTask } from "../ui/use-task.js"
import { pendingInvite } from "./pending-invite.js"

const texts = strings.joining

/** Asks to be let in by the invite link that opened this page. */
export function Join(): ReactElement {
  const secret = pendingInvite()
  const back = <a href={hrefOf({ screen: "meetings" })}>{strings.app.toMeetings}</a>
  if (secret === null)
    return (
      <Page title={texts.nothing} lead={texts.nothingLead}>
        {back}
      </Page>
    )
  return (
    <Page title={texts.title} lead={texts.lead}>
      <JoinForm secret={secret} />
      {back}
    </Page>
  )
}

function JoinForm({ secret }: { readonly secret: Uint8Array }): ReactElement {
  const client = useClient()
  const [name, setName] = useState("")
  const [inviter, setInviter] = useState<{ readonly genesisHash: Uint8Array; readonly title: string | null } | null>(
    null,
  )
  const asking = useTask(async () => {
    const { inviterGenesisHash, title } = await offerByLink(client, secret, name.trim())
    setInviter({ genesisHash: inviterGenesisHash, title })
  })
  if (inviter !== null)
    return (
      <Notice kind="good" title={texts.asked}>
        <p>
          {inviter.title === null ? null : <strong>{inviter.title} · </strong>}
          <PersonName genesisHash={inviter.genesisHash} />
        </p>
        <p>{texts.askedLead}</p>
      </Notice>
    )
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        asking.run()
      }}
    >
      <Field label={texts.name} hint={texts.nameHint} value={name} onChange={setName} autoComplete="name" />
      <Failure error={asking.error} />
      <div className="actions">
        <Action kind="primary" type="submit" isPending={asking.isBusy}>
          {texts.ask}
        </Action>
      </div>
    </Form>
  )
}
