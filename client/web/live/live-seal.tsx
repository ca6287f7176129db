import type { ReactElement } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import type { LiveCapture } from "../../sdk/live-capture/captures.js"
import { strings } from "../strings.js"
import { Fact, SealFrame } from "../watch/seal-parts.js"

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
    <SealFrame authorGenesisHash={live.authorGenesisHash} isBroken={isBroken} texts={texts}>
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
    </SealFrame>
  )
}
