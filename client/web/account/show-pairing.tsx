import { type ReactElement, useEffect, useState } from "react"
import { HTTP_LIMITS } from "../../../shared/protocol/http.js"
import type { Client } from "../../sdk/client.js"
import { type BegunPairing, completePairing } from "../../sdk/pairing.js"
import { type ClientParts, clientOf } from "../platform/open-client.js"
import { createStateBox } from "../platform/state-box.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Action } from "../ui/button.js"
import { CopyAction } from "../ui/copy-action.js"
import { formatTime } from "../ui/format.js"
import { Failure, Notice } from "../ui/notice.js"
import { Page } from "../ui/page.js"
import { QrCode } from "../ui/qr-code.js"

const { link: texts } = strings.account

/** The code by which another device lets this one in, for as long as it is good. */
export function ShowPairing({
  parts,
  begun,
  onLinked,
  onCancel,
}: {
  readonly parts: ClientParts
  readonly begun: BegunPairing
  readonly onLinked: (client: Client) => void
  readonly onCancel: () => void
}): ReactElement {
  const [error, setError] = useState<unknown>(null)
  const [untilMs] = useState(() => Date.now() + HTTP_LIMITS.pairingMs)
  useEffect(() => {
    const stopped = new AbortController()
    const wait = async (): Promise<void> => {
      const state = await completePairing(parts.http, begun, { signal: stopped.signal, random: parts.random })
      // What came holds the keys of a device that counts: it is kept, whether or not somebody looks on.
      const client = clientOf(await createStateBox(state))
      if (!stopped.signal.aborted) onLinked(client)
    }
    wait().catch((reason: unknown) => {
      if (!stopped.signal.aborted) setError(reason)
    })
    return () => {
      stopped.abort()
    }
    // Once for a code.
  }, [begun])
  if (error !== null)
    return (
      <Page key="failed" title={texts.title}>
        <Failure error={error}>
          <Action onPress={onCancel}>{texts.newCode}</Action>
        </Failure>
      </Page>
    )
  return (
    <Page key="code" title={texts.codeTitle} lead={texts.codeLead}>
      <div className="pairing">
        <QrCode text={begun.code} label={texts.qr} />
        <div className="stack">
          <section className="card stack" aria-labelledby="pairing-text">
            <h2 id="pairing-text">{texts.text}</h2>
            <code translate="no">{begun.code}</code>
            <div className="actions">
              <CopyAction text={begun.code} />
            </div>
          </section>
          <p className="hint">{texts.until(formatTime(untilMs))}</p>
          <Busy label={texts.waiting} />
        </div>
      </div>
      <Notice kind="warning">{texts.secret}</Notice>
      <div className="actions">
        <Action onPress={onCancel}>{strings.common.cancel}</Action>
      </div>
    </Page>
  )
}
