import { type ReactElement, useState } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { type ListedContact, listContacts } from "../../sdk/contacts.js"
import type { Contact } from "../../sdk/state.js"
import { useClient, useClientState } from "../signed-in/client-context.js"
import { KnownMark } from "../signed-in/known-mark.js"
import { type KnownState, nameOf } from "../signed-in/naming.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import "../styles/people.css"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"
import { Empty } from "../ui/empty.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { useLoaded } from "../ui/use-loaded.js"
import { AddPerson } from "./add-person.js"
import { BlockedPeople } from "./blocked-people.js"
import { OwnCard } from "./own-card.js"

const texts = strings.people

/** Everybody whom this account knows, its own card, and whom it blocked. @param card of a card link that was opened. */
export function People({ card }: { readonly card?: string }): ReactElement {
  const { contacts } = useClientState()
  const [open, setOpen] = useState<"none" | "add" | "card">(card === undefined ? "none" : "add")
  const close = (): void => {
    setOpen("none")
  }
  const actions = (
    <>
      <Action
        kind="primary"
        onPress={() => {
          setOpen("add")
        }}
      >
        {texts.add}
      </Action>
      <Action
        onPress={() => {
          setOpen("card")
        }}
      >
        {texts.card}
      </Action>
    </>
  )
  return (
    <Page title={texts.title} lead={texts.lead} actions={contacts.length === 0 ? undefined : actions}>
      {contacts.length === 0 ? (
        <Empty title={texts.empty}>
          <p>{texts.emptyLead}</p>
          <div className="actions">{actions}</div>
        </Empty>
      ) : (
        <Contacts contacts={contacts} />
      )}
      <BlockedPeople />
      <Sheet title={texts.adding.title} isOpen={open === "add"} onClose={close}>
        <AddPerson given={card ?? ""} onClose={close} />
      </Sheet>
      <Sheet title={texts.ownCard.title} isOpen={open === "card"} onClose={close}>
        <OwnCard />
        <div className="actions">
          <Action onPress={close}>{strings.common.close}</Action>
        </div>
      </Sheet>
    </Page>
  )
}

const MARKS: readonly KnownState[] = ["verified", "card", "id", "handle", "unknown"]

/** At once as this device knows them; what the server says of each comes behind. */
function Contacts({ contacts }: { readonly contacts: readonly Contact[] }): ReactElement {
  const client = useClient()
  const [search, setSearch] = useState("")
  const key = contacts.map(({ genesisHash, state, seq }) => `${toHex(genesisHash)} ${state} ${seq}`).join()
  const listed = useLoaded(async () => await listContacts(client), [client, key])
  const shown = contacts
    .filter((contact) => isFound(contact, search))
    .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
  const servedAs = new Map((listed.value ?? []).map((contact) => [toHex(contact.genesisHash), contact]))
  return (
    <section className="stack" aria-busy={listed.state === "loading"}>
      <Field label={texts.search} type="search" value={search} onChange={setSearch} />
      {listed.state === "failed" ? (
        <Failure error={listed.error}>
          <Action onPress={listed.reload}>{strings.common.tryAgain}</Action>
        </Failure>
      ) : null}
      {shown.length === 0 ? <p className="faint">{texts.nothingFound}</p> : null}
      {shown.length === 0 ? null : (
        <ul className="rows" aria-label={texts.listLabel}>
          {shown.map((contact) => (
            <ContactRow
              key={toHex(contact.genesisHash)}
              contact={contact}
              served={servedAs.get(toHex(contact.genesisHash))}
            />
          ))}
        </ul>
      )}
      <details className="marks">
        <summary>{texts.marks}</summary>
        <dl>
          {MARKS.map((state) => (
            <div key={state}>
              <dt>
                <KnownMark state={state} />
              </dt>
              <dd>{strings.common.knownMeaning[state]}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  )
}

function ContactRow({
  contact: { genesisHash, name, handle },
  served,
}: {
  readonly contact: Contact
  readonly served: ListedContact | undefined
}): ReactElement {
  const problem = served?.problem ?? null
  return (
    <li>
      <span>
        <PersonName genesisHash={genesisHash} />{" "}
        {handle === null || name === "" ? null : <span className="faint">{texts.handleOf(handle)}</span>}
      </span>
      {problem === null ? null : <span className="known known-changed">{texts.changed}</span>}
      {served?.hasNewLinks === true ? <span className="faint">{texts.newLinks}</span> : null}
    </li>
  )
}

function isFound({ name, handle }: Contact, search: string): boolean {
  const wanted = search.trim().toLowerCase().replace(/^@/, "")
  return name.toLowerCase().includes(wanted) || (handle?.includes(wanted) ?? false)
}
