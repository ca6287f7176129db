import type { ReactElement } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { formatId } from "../../../shared/protocol/ids.js"
import type { OpenRecording } from "../../sdk/recordings.js"
import { strings } from "../strings.js"
import { formatBytes, formatCount, formatMoment } from "../ui/format.js"
import { Fact, SealFrame } from "./seal-parts.js"

/** Who stands behind a recording, and what of it was checked: in a line, and in full. */
export function Seal({
  recording,
  error,
}: {
  readonly recording: OpenRecording
  /** What ended playback. */
  readonly error: unknown
}): ReactElement {
  const texts = strings.watch.seal
  const { recording: published, media } = recording
  const isBroken = isArchiveError(error) && (error.code === "integrity" || error.code === "truncated")
  return (
    <SealFrame authorGenesisHash={published.authorGenesisHash} isBroken={isBroken} texts={texts}>
      <Fact name={texts.signature}>{texts.signatureIs}</Fact>
      <Fact name={texts.bytes}>{isBroken ? texts.bytesAreNot : texts.bytesAre}</Fact>
      <Fact name={texts.published}>{formatMoment(published.timeMs)}</Fact>
      <Fact name={texts.size}>
        {texts.sizes(formatBytes(media.trueBytes), formatCount(media.trueBytes), formatBytes(media.storedBytes))}
      </Fact>
      <Fact name={texts.epoch}>{texts.epochIs(published.fields.captureEpoch, published.epoch)}</Fact>
      <Fact name={texts.asset}>
        <code>{formatId("asset", media.header.assetId)}</code>
      </Fact>
      <Fact name={texts.root}>
        <code>{toHex(media.root)}</code>
        <span className="faint">{texts.rootIs}</span>
      </Fact>
    </SealFrame>
  )
}
