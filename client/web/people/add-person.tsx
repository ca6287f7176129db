import { type ReactElement, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { looksLikeCard, parseCard } from "../../../shared/protocol/card.js"
import { ArchiveError, isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId, idOfHash } from "../../../shared/protocol/ids.js"
import { ownAccountId } from "../../sdk/account.js"
import type { Client } from "../../sdk/client.js"
import { addContact } from "../../sdk/contacts.js"
import { navigate } from "../routes.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { Failure, Notice } from "../ui/notice.js"
import { QrScanner } from "../ui/qr-scanner.js"
import { useTask } from "../ui/use-task.js"

const texts = strings.people.adding

/** Adds somebody by what they handed over, then goes to where they are verified. @param given of a card link that was opened. */
export function AddPerson({ given, onClose }: { readonly given: string; readonly onClose: () => void }): ReactElement {
  const client = useClient()
  const [who, setWho] = useState(given)
  const [name, setName] = useState("")
  const [scan, setScan] = useState<"off" | "on" | "read" | "not-card">("off")
  const task = useTask(async () => {
    const text = who.trim()
    if (isOwn(client, text)) throw new OwnAccount()
    const called = name.trim()
    const { genesisHash } = await (called === "" ? addContact(client, text) : addContact(client, text, called))
    navigate({ screen: "person", accountId: idOfHash("account", genesisHash) })
  })
  const wrong = wrongEntry(task.error)
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        task.run()
      }}
    >
      <Field
        label={texts.who}
        hint={texts.whoHint}
        error={wrong}
        value={who}
        onChange={(text) => {
          setWho(text)
          task.forget()
        }}
        isRequired
        autoFocus
        autoCorrect="off"
        spellCheck="false"
      />
      <div className="actions">
        <Action
          onPress={() => {
            setScan(isScanning(scan) ? "off" : "on")
          }}
        >
          {isScanning(scan) ? texts.stopScan : texts.scan}
        </Action>
      </div>
      {isScanning(scan) ? (
        <QrScanner
          onText={(text) => {
            task.forget()
            if (looksLikeCard(text)) setWho(text)
            setScan(looksLikeCard(text) ? "read" : "not-card")
          }}
        />
      ) : null}
      {scan === "read" ? <Notice kind="good">{texts.scanned}</Notice> : null}
      {scan === "not-card" ? <Notice kind="warning">{texts.notCard}</Notice> : null}
      {who.trim().startsWith("@") ? <Notice kind="warning">{texts.handleWarning}</Notice> : null}
      <Field label={texts.name} hint={texts.nameHint} value={name} onChange={setName} />
      {wrong === null ? <Failure error={task.error} /> : null}
      <div className="actions">
        <Action kind="primary" type="submit" isPending={task.isBusy}>
          {texts.add}
        </Action>
        <Action onPress={onClose}>{strings.common.cancel}</Action>
      </div>
    </form>
  )
}

/** What was shown was no card: the next may be. */
function isScanning(scan: "off" | "on" | "read" | "not-card"): boolean {
  return scan === "on" || scan === "not-card"
}

class OwnAccount extends Error {}

function isOwn(client: Client, text: string): boolean {
  if (text.toLowerCase() === formatId("account", ownAccountId(client))) return true
  if (!looksLikeCard(text)) return false
  try {
    return equalBytes(parseCard(text).genesisHash, client.state.current.secrets.genesisHash)
  } catch (error) {
    if (error instanceof ArchiveError) return false
    throw error
  }
}

/** What is wrong with what was entered; `null` for every other failure. */
function wrongEntry(error: unknown): string | null {
  if (error instanceof OwnAccount) return texts.own
  if (!isArchiveError(error)) return null
  switch (error.code) {
    case "usage":
      return texts.unreadable
    case "instance-changed":
      return texts.otherServer
    case "changed":
      return texts.otherAccount
    case "not-found":
      return texts.nobody
    default:
      return null
  }
}
