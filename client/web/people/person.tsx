import { type ReactElement, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { activeDevices, isClosed, type VerifiedChain } from "../../../shared/protocol/chain.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { type AccountId, formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { ownAccountId } from "../../sdk/account.js"
import { fetchChain } from "../../sdk/chains.js"
import type { Client } from "../../sdk/client.js"
import { addContact, lookAtContact, renameContact } from "../../sdk/contacts.js"
import type { Contact } from "../../sdk/state.js"
import { hrefOf } from "../routes.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { KnownMark } from "../signed-in/known-mark.js"
import { nameOf } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import "../styles/people.css"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { CopyAction } from "../ui/copy-action.js"
import { Sheet } from "../ui/dialog.js"
import { Field } from "../ui/field.js"
import { formatCount } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { type Loaded, useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"
import { AccountHistory } from "./account-history.js"
import { ManagePerson } from "./manage-person.js"
import { OwnCard } from "./own-card.js"
import { SharedMeetings } from "./shared-meetings.js"
import { Verify } from "./verify.js"

const texts = strings.person
const BACK = { href: hrefOf({ screen: "people" }), label: texts.back }

/** Somebody: how surely they are known, and how to be sure. They need not be a contact. */
export function Person({ accountId }: { readonly accountId: AccountId }): ReactElement {
  const client = useClient()
  const { contacts } = useClientState()
  if (equalBytes(accountId, ownAccountId(client)))
    return (
      <Page title={texts.self} lead={texts.selfLead} back={BACK}>
        <section className="card">
          <OwnCard />
        </section>
      </Page>
    )
  const contact = contacts.find(({ genesisHash }) => equalBytes(idOfHash("account", genesisHash), accountId)) ?? null
  return <Other accountId={accountId} contact={contact} />
}

interface Served {
  /** `null` where what is served is not theirs, or not to be believed. */
  readonly chain: VerifiedChain | null
  readonly problem: ArchiveError | null
}

async function look(client: Client, accountId: AccountId, contact: Contact | null): Promise<Served> {
  if (contact === null) return { chain: await fetchChain(client, accountId), problem: null }
  const { problem } = await lookAtContact(client, contact)
  return { chain: problem === null ? await fetchChain(client, accountId) : null, problem }
}

function Other({
  accountId,
  contact,
}: {
  readonly accountId: AccountId
  readonly contact: Contact | null
}): ReactElement {
  const client = useClient()
  const served = useLoaded(async () => await look(client, accountId, contact), [client, accountId.join(), contact?.seq])
  const name = contact === null ? strings.common.unknownPerson : nameOf(contact)
  const genesisHash = contact?.genesisHash ?? served.value?.chain?.genesisHash
  const problem = served.value?.problem ?? null
  const isGone = served.value !== null && served.value.chain !== null && isClosed(served.value.chain)
  return (
    <Page
      title={name}
      lead={
        <>
          <KnownMark state={contact?.state ?? "unknown"} /> {strings.common.knownMeaning[contact?.state ?? "unknown"]}
        </>
      }
      back={BACK}
      actions={<Naming accountId={accountId} contact={contact} />}
    >
      <Standing served={served} isGone={isGone} />
      {genesisHash === undefined || problem !== null || isGone ? null : (
        <Verify genesisHash={genesisHash} name={name} isVerified={contact?.state === "verified"} />
      )}
      <Facts accountId={accountId} contact={contact} chain={served.value?.chain ?? null} />
      {genesisHash === undefined ? null : <SharedMeetings genesisHash={genesisHash} />}
      {served.value?.chain == null ? null : <AccountHistory chain={served.value.chain} contact={contact} />}
      <ManagePerson accountId={accountId} contact={contact} name={name} />
    </Page>
  )
}

/** What stands in the way of trusting what is shown. */
function Standing({
  served,
  isGone,
}: {
  readonly served: Loaded<Served> & { readonly reload: () => void }
  readonly isGone: boolean
}): ReactElement | null {
  if (served.state === "loading") return <Busy label={texts.opening} />
  if (served.state === "failed")
    return (
      <Failure error={served.error}>
        <Action onPress={served.reload}>{strings.common.tryAgain}</Action>
      </Failure>
    )
  const { problem } = served.value
  if (problem !== null)
    return (
      <Notice kind="bad" title={texts.problem}>
        <p>{texts.problemTodo}</p>
        <p className="faint">
          {strings.common.details(problem.message, problem.place)} <code>{problem.code}</code>
        </p>
      </Notice>
    )
  return isGone ? (
    <Notice kind="warning" title={texts.closed}>
      <p>{texts.closedLead}</p>
    </Notice>
  ) : null
}

function Facts({
  accountId,
  contact,
  chain,
}: {
  readonly accountId: AccountId
  readonly contact: Contact | null
  readonly chain: VerifiedChain | null
}): ReactElement {
  const account = formatId("account", accountId)
  return (
    <dl className="facts card">
      <dt>{texts.account}</dt>
      <dd>
        <code>{account}</code>
        <div className="actions">
          <CopyAction text={account} />
        </div>
      </dd>
      {contact?.handle == null ? null : (
        <>
          <dt>{texts.handle}</dt>
          <dd>{strings.people.handleOf(contact.handle)}</dd>
        </>
      )}
      {chain === null ? null : (
        <>
          <dt>{texts.devices}</dt>
          <dd>{formatCount(activeDevices(chain).length)}</dd>
        </>
      )}
    </dl>
  )
}

/** What this account calls them; giving somebody a name makes them a contact. */
function Naming({
  accountId,
  contact,
}: {
  readonly accountId: AccountId
  readonly contact: Contact | null
}): ReactElement {
  const client = useClient()
  const [isOpen, setOpen] = useState(false)
  const [name, setName] = useState("")
  const task = useTask(async () => {
    const called = name.trim()
    await (contact === null
      ? addContact(client, formatId("account", accountId), called)
      : renameContact(client, contact, called))
    setOpen(false)
  })
  const title = contact === null ? texts.nameThem : texts.rename
  const isTooLong = isArchiveError(task.error) && task.error.code === "usage"
  return (
    <>
      <Action
        onPress={() => {
          setName(contact?.name ?? "")
          task.forget()
          setOpen(true)
        }}
      >
        {title}
      </Action>
      <Sheet
        title={title}
        isOpen={isOpen}
        onClose={() => {
          setOpen(false)
        }}
      >
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            task.run()
          }}
        >
          <Field
            label={texts.name}
            hint={texts.nameHint}
            error={isTooLong ? strings.people.adding.tooLong : null}
            value={name}
            onChange={(text) => {
              setName(text)
              task.forget()
            }}
            isRequired
            autoFocus
          />
          {isTooLong ? null : <Failure error={task.error} />}
          <div className="actions">
            <Action kind="primary" type="submit" isPending={task.isBusy}>
              {strings.common.save}
            </Action>
          </div>
        </form>
      </Sheet>
    </>
  )
}
