import { type ReactElement, useRef, useState } from "react"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { readPairing, type RequestedDevice } from "../../sdk/pairing.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Field } from "../ui/field.js"
import { Failure } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { QrScanner } from "../ui/qr-scanner.js"
import { useTask } from "../ui/use-task.js"

const texts = strings.devices.approve

/** Takes the code of a new device, and finds out what asks. */
export function EnterCode({
  onRequested,
  onBack,
}: {
  readonly onRequested: (requested: RequestedDevice) => void
  readonly onBack: () => void
}): ReactElement {
  const client = useClient()
  const [code, setCode] = useState("")
  const [isScanning, setScanning] = useState(false)
  const asked = useRef("")
  const task = useTask(async () => {
    // A code that was wrapped on its way is one all the same.
    onRequested(await readPairing(client, asked.current.replace(/\s/g, "")))
  })
  const find = (text: string): void => {
    asked.current = text
    task.run()
  }
  const wrong = wrongCode(task.error)
  return (
    <Page title={texts.title} lead={texts.lead}>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          find(code)
        }}
      >
        <Field
          label={texts.code}
          hint={texts.codeHint}
          error={wrong}
          value={code}
          onChange={(value) => {
            setCode(value)
            task.forget()
          }}
          isLong
          autoCorrect="off"
          spellCheck="false"
        />
        {isScanning ? (
          <QrScanner
            onText={(text) => {
              setCode(text)
              setScanning(false)
              find(text)
            }}
          />
        ) : null}
        {wrong === null ? <Failure error={task.error} /> : null}
        <div className="actions">
          <Action kind="primary" type="submit" isPending={task.isBusy}>
            {texts.find}
          </Action>
          <Action
            isDisabled={task.isBusy}
            onPress={() => {
              setScanning(!isScanning)
            }}
          >
            {isScanning ? texts.stopScan : texts.scan}
          </Action>
          <Action isDisabled={task.isBusy} onPress={onBack}>
            {strings.account.back}
          </Action>
        </div>
      </form>
    </Page>
  )
}

/** What to say of the code itself. */
function wrongCode(error: unknown): string | null {
  if (!isArchiveError(error)) return null
  return error.code === "malformed" ? texts.malformed : error.code === "not-found" ? texts.gone : null
}
