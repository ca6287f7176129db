import { type ReactElement, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import type { AccountId } from "../../../shared/protocol/ids.js"
import { blockAccount, listBlocked, unblockAccount } from "../../sdk/blocks.js"
import { removeContact } from "../../sdk/contacts.js"
import type { Contact } from "../../sdk/state.js"
import { navigate } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { Failure, Notice } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"

const texts = strings.person

/** Blocks, unblocks, removes somebody. */
export function ManagePerson({
  accountId,
  contact,
  name,
}: {
  readonly accountId: AccountId
  readonly contact: Contact | null
  readonly name: string
}): ReactElement {
  const client = useClient()
  const [asked, setAsked] = useState<"none" | "remove" | "block">("none")
  const blocked = useLoaded(
    async () => (await listBlocked(client)).accounts.some((id) => equalBytes(id, accountId)),
    [client, accountId.join()],
  )
  const unblock = useTask(async () => {
    await unblockAccount(client, accountId)
    blocked.reload()
  })
  const close = (): void => {
    setAsked("none")
  }
  return (
    <section className="stack">
      <h2>{texts.manage}</h2>
      {blocked.value === true ? <Notice kind="warning">{texts.isBlocked}</Notice> : null}
      <Failure error={blocked.error ?? unblock.error} />
      <div className="actions">
        {blocked.value === null ? null : (
          // One button for both, so that whoever pressed it keeps the focus.
          <Action
            kind={blocked.value ? "plain" : "danger"}
            isPending={unblock.isBusy}
            onPress={() => {
              if (blocked.value) unblock.run()
              else setAsked("block")
            }}
          >
            {blocked.value ? texts.unblock : texts.block}
          </Action>
        )}
        {contact === null ? null : (
          <Action
            kind="danger"
            onPress={() => {
              setAsked("remove")
            }}
          >
            {texts.remove}
          </Action>
        )}
      </div>
      <Confirm
        title={texts.blockTitle(name)}
        action={texts.block}
        isOpen={asked === "block"}
        onClose={close}
        onConfirm={async () => {
          await blockAccount(client, accountId)
          blocked.reload()
        }}
      >
        <p>{texts.blockLead}</p>
      </Confirm>
      <Confirm
        title={texts.removeTitle(name)}
        action={strings.common.remove}
        isOpen={asked === "remove"}
        onClose={close}
        onConfirm={async () => {
          if (contact !== null) await removeContact(client, contact)
          navigate({ screen: "people" })
        }}
      >
        <p>{texts.removeLead}</p>
      </Confirm>
    </section>
  )
}
