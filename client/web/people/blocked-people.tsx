import { type ReactElement, useState } from "react"
import { equalBytes, toHex } from "../../../shared/protocol/bytes.js"
import { type AccountId, formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { listBlocked, unblockAccount } from "../../sdk/blocks.js"
import { hrefOf } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { nameOf } from "../signed-in/naming.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"

const texts = strings.people

/** Who is blocked; nothing where nobody is. */
export function BlockedPeople(): ReactElement | null {
  const client = useClient()
  const [unblocked, setUnblocked] = useState("")
  const blocked = useLoaded(async () => (await listBlocked(client)).accounts, [client])
  if (blocked.state === "loading") return null
  if (blocked.state === "failed") return <Failure error={blocked.error} />
  return (
    <>
      {blocked.value.length === 0 ? null : (
        <section className="stack">
          <div>
            <h2>{texts.blocked}</h2>
            <p className="faint">{texts.blockedLead}</p>
          </div>
          <ul className="rows">
            {blocked.value.map((accountId) => (
              <BlockedPerson
                key={toHex(accountId)}
                accountId={accountId}
                onUnblocked={(name) => {
                  setUnblocked(texts.unblocked(name))
                  blocked.reload()
                }}
              />
            ))}
          </ul>
        </section>
      )}
      <p role="status" className="faint">
        {unblocked}
      </p>
    </>
  )
}

function BlockedPerson({
  accountId,
  onUnblocked,
}: {
  readonly accountId: AccountId
  readonly onUnblocked: (name: string) => void
}): ReactElement {
  const client = useClient()
  const contact = client.state.current.contacts.find(({ genesisHash }) =>
    equalBytes(idOfHash("account", genesisHash), accountId),
  )
  const name = contact === undefined ? formatId("account", accountId) : nameOf(contact)
  const task = useTask(async () => {
    await unblockAccount(client, accountId)
    onUnblocked(name)
  })
  return (
    <li>
      <a href={hrefOf({ screen: "person", accountId })}>{name}</a>
      <Action kind="quiet" isPending={task.isBusy} onPress={task.run} aria-label={`${texts.unblock}: ${name}`}>
        {texts.unblock}
      </Action>
      <Failure error={task.error} />
    </li>
  )
}
