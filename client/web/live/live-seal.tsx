import type { ReactElement } from "react"
import { Button, Disclosure, DisclosurePanel, Heading } from "react-aria-components"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import type { LiveCapture } from "../../sdk/live-capture/captures.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Fact, Known } from "../watch/seal-parts.js"

/** Who records, and what of it is checked, and how: in a line, and in full. */
export function LiveSeal({
  live,
  error,
}: {
  readonly live: LiveCapture
  /** What ended the following. */
  readonly error: unknown
}): ReactElement {
  const texts = strings.live.seal
  const isBroken = isArchiveError(error) && ["integrity", "truncated", "bad-signature"].includes(error.code)
  return (
    <Disclosure className={isBroken ? "seal seal-broken" : "seal"}>
      <div className="seal-line">
        <p>
          <span className="seal-mark" aria-hidden="true">
            {isBroken ? "!" : "✓"}
          </span>
          {strings.watch.seal.by} <PersonName genesisHash={live.authorGenesisHash} /> · {texts.signed} ·{" "}
          {isBroken ? <strong>{texts.broken}</strong> : texts.parts}
        </p>
        <Heading level={2} className="seal-heading">
          <Button slot="trigger" className="action action-quiet">
            {strings.watch.seal.more}
          </Button>
        </Heading>
      </div>
      <DisclosurePanel>
        <dl className="seal-facts">
          <Fact name={texts.author}>
            <PersonName genesisHash={live.authorGenesisHash} />
            <Known genesisHash={live.authorGenesisHash} />
          </Fact>
          <Fact name={texts.heads}>{texts.headsAre}</Fact>
          <Fact name={texts.device}>
            <code>{toHex(live.deviceKey)}</code>
            <span className="faint">{texts.deviceIs}</span>
          </Fact>
          <Fact name={strings.watch.seal.bytes}>{isBroken ? texts.bytesAreNot : texts.bytesAre}</Fact>
          <Fact name={texts.newest}>{texts.newestIs}</Fact>
          <Fact name={strings.watch.seal.asset}>
            <code>{formatId("asset", live.header.assetId)}</code>
          </Fact>
        </dl>
      </DisclosurePanel>
    </Disclosure>
  )
}
