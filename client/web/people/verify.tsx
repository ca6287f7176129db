import { type ReactElement, useEffect, useRef, useState } from "react"
import { safetyWords } from "../../crypto/account-keys.js"
import { whoAmI } from "../../sdk/account.js"
import { verifyContact } from "../../sdk/contacts.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Sheet } from "../ui/dialog.js"
import { Failure, Notice } from "../ui/notice.js"
import { useTask } from "../ui/use-task.js"
import { ScanToVerify } from "./scan-to-verify.js"
import { Words } from "./words.js"

const texts = strings.person

/** Whether it is really them: by words read to each other, or by the code on their screen. */
export function Verify({
  genesisHash,
  name,
  isVerified,
}: {
  readonly genesisHash: Uint8Array
  readonly name: string
  readonly isVerified: boolean
}): ReactElement {
  const [standing, setStanding] = useState<"asked" | "mismatch" | "again">("asked")
  const [isScanning, setScanning] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = standing === "mismatch" ? "mismatch" : isVerified && standing !== "again" ? "verified" : "words"
  const before = useRef(shown)
  // What was pressed is gone with what it stood in.
  useEffect(() => {
    if (before.current !== shown) heading.current?.focus()
    before.current = shown
  }, [shown])
  return (
    <section className="card stack" aria-labelledby="verify">
      <h2 id="verify" ref={heading} tabIndex={-1}>
        {texts.verify}
      </h2>
      {shown === "verified" ? (
        <Verified
          onAgain={() => {
            setStanding("again")
          }}
        />
      ) : null}
      {shown === "mismatch" ? (
        <Mismatch
          onAgain={() => {
            setStanding("again")
          }}
        />
      ) : null}
      {shown === "words" ? (
        <Compare
          genesisHash={genesisHash}
          name={name}
          onMatch={() => {
            setStanding("asked")
          }}
          onMismatch={() => {
            setStanding("mismatch")
          }}
        />
      ) : null}
      {shown === "verified" ? null : (
        <div className="actions verify-scan">
          <Action
            kind="quiet"
            onPress={() => {
              setScanning(true)
            }}
          >
            {texts.scan}
          </Action>
        </div>
      )}
      <Sheet
        title={texts.scanTitle}
        isOpen={isScanning}
        onClose={() => {
          setScanning(false)
        }}
      >
        <ScanToVerify
          genesisHash={genesisHash}
          onVerified={() => {
            setStanding("asked")
          }}
          onClose={() => {
            setScanning(false)
          }}
        />
      </Sheet>
    </section>
  )
}

function Verified({ onAgain }: { readonly onAgain: () => void }): ReactElement {
  return (
    <>
      <Notice kind="good" title={texts.verified}>
        <p>{texts.verifiedLead}</p>
      </Notice>
      <div className="actions">
        <Action kind="quiet" onPress={onAgain}>
          {texts.again}
        </Action>
      </div>
    </>
  )
}

function Mismatch({ onAgain }: { readonly onAgain: () => void }): ReactElement {
  return (
    <>
      <Notice kind="bad" title={texts.mismatch}>
        <p>{texts.mismatchMeaning}</p>
        <p>{texts.mismatchTodo}</p>
      </Notice>
      <div className="actions">
        <Action onPress={onAgain}>{texts.compareAgain}</Action>
      </div>
    </>
  )
}

function Compare({
  genesisHash,
  name,
  onMatch,
  onMismatch,
}: {
  readonly genesisHash: Uint8Array
  readonly name: string
  readonly onMatch: () => void
  readonly onMismatch: () => void
}): ReactElement {
  const client = useClient()
  const task = useTask(async () => {
    await verifyContact(client, genesisHash, null)
    onMatch()
  })
  return (
    <>
      <p>{texts.verifyLead}</p>
      <p className="faint">{texts.verifyChat}</p>
      <div className="both-words">
        <section>
          <h3>{texts.yours}</h3>
          <p className="faint">{texts.yoursTodo}</p>
          <Words words={whoAmI(client).safetyWords} />
        </section>
        <section>
          <h3>{texts.theirs(name)}</h3>
          <p className="faint">{texts.theirsTodo}</p>
          <Words words={safetyWords(genesisHash)} />
        </section>
      </div>
      <Failure error={task.error} />
      <div className="verify-answers">
        <Action kind="primary" isPending={task.isBusy} onPress={task.run}>
          {texts.match}
        </Action>
        <Action isDisabled={task.isBusy} onPress={onMismatch}>
          {texts.noMatch}
        </Action>
      </div>
    </>
  )
}
