import { type ReactElement, useState } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { type ContactCard, parseCard } from "../../../shared/protocol/card.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import type { Client } from "../../sdk/client.js"
import { ownCard, verifyContact } from "../../sdk/contacts.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { Failure, Notice } from "../ui/notice.js"
import { QrScanner } from "../ui/qr-scanner.js"
import { useTask } from "../ui/use-task.js"

const texts = strings.person

type Outcome = "right" | "wrong" | "own" | "not-card" | "other-server"

const OUTCOMES: Readonly<
  Record<Outcome, { readonly kind: "good" | "warning" | "bad"; readonly title: string; readonly lead: string }>
> = {
  right: { kind: "good", title: texts.scanned.right, lead: texts.scanned.rightLead },
  wrong: { kind: "bad", title: texts.scanned.wrong, lead: texts.scanned.wrongLead },
  own: { kind: "warning", title: texts.scanned.own, lead: texts.scanned.ownLead },
  "not-card": { kind: "warning", title: texts.scanned.notCard, lead: texts.scanned.notCardLead },
  "other-server": { kind: "bad", title: texts.scanned.otherServer, lead: texts.scanned.otherServerLead },
}

/** Compares the code on somebody's screen with the account that is shown here, by its full hash. */
export function ScanToVerify({
  genesisHash,
  onVerified,
  onClose,
}: {
  readonly genesisHash: Uint8Array
  readonly onVerified: () => void
  readonly onClose: () => void
}): ReactElement {
  const client = useClient()
  const [read, setRead] = useState("")
  const [typed, setTyped] = useState("")
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const task = useTask(async () => {
    await verifyContact(client, genesisHash, null)
    setOutcome("right")
    onVerified()
  })
  const compare = (text: string): void => {
    setRead(text)
    const found = outcomeOf(client, genesisHash, text)
    if (found === "right") {
      setOutcome(null)
      task.run()
    } else setOutcome(found)
  }
  const isOver = outcome === "right" || outcome === "wrong"
  return (
    <>
      {isOver || task.isBusy ? null : (
        <>
          <p>{texts.scanLead}</p>
          <QrScanner onText={compare} />
        </>
      )}
      {outcome === null ? null : (
        <Notice kind={OUTCOMES[outcome].kind} title={OUTCOMES[outcome].title}>
          <p>{OUTCOMES[outcome].lead}</p>
        </Notice>
      )}
      <Failure error={task.error}>
        <Action
          onPress={() => {
            compare(read)
          }}
        >
          {strings.common.tryAgain}
        </Action>
      </Failure>
      {isOver ? null : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            compare(typed)
          }}
        >
          <Field
            label={texts.paste}
            value={typed}
            onChange={setTyped}
            isRequired
            autoCorrect="off"
            spellCheck="false"
          />
          <div className="actions">
            <Action type="submit" isPending={task.isBusy}>
              {texts.check}
            </Action>
            <Action onPress={onClose}>{strings.common.close}</Action>
          </div>
        </form>
      )}
      {isOver ? (
        <div className="actions">
          <Action kind="primary" autoFocus onPress={onClose}>
            {strings.common.close}
          </Action>
        </div>
      ) : null}
    </>
  )
}

function outcomeOf(client: Client, genesisHash: Uint8Array, text: string): Outcome {
  const card = readCard(text)
  if (card === null) return "not-card"
  const own = ownCard(client)
  if (equalBytes(card.genesisHash, own.genesisHash)) return "own"
  if (!equalBytes(card.instanceKey, own.instanceKey)) return "other-server"
  return equalBytes(card.genesisHash, genesisHash) ? "right" : "wrong"
}

function readCard(text: string): ContactCard | null {
  try {
    return parseCard(text)
  } catch (error) {
    if (isArchiveError(error)) return null
    throw error
  }
}
