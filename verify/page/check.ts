import { sodiumPrimitives } from "../../client/crypto/primitives.js"
import { sodiumReady } from "../../client/crypto/sodium.js"
import { findInProduction, sealedOfProduction } from "../../client/verifier/production.js"
import { assetOf } from "../../client/verifier/read-opening.js"
import { verifyOpening } from "../../client/verifier/verify-opening.js"
import { type OpeningReport, reportOpening } from "../../client/verifier/words.js"
import { createBlobFile } from "./blob-file.js"
import type { GivenFiles } from "./given-files.js"
import { portionsOf, productionOf } from "./production-files.js"
import { texts } from "./texts.js"

/** What came out of an opening. */
export interface CheckedFile {
  readonly report: OpeningReport
  /** `null` where it opens fields or messages, which stand in the report. */
  readonly opened: { readonly blob: Blob; readonly name: string; readonly plays: "video" | "audio" | null } | null
}

/** How often somebody is told how far it is. */
const SAID_EVERY = 64
/** The endings of what is commonly recorded. */
const ENDINGS: Readonly<Record<string, string>> = {
  "video/mp4": "mp4",
  "video/webm": "webm",
  "audio/mp4": "m4a",
  "audio/webm": "webm",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "application/pdf": "pdf",
  "text/plain": "txt",
  "text/vtt": "vtt",
}

/**
 * Verifies an opening whole, in this page alone.
 * @throws {@link ArchiveError} whatever is wrong with it: then nothing of it counts.
 */
export async function checkOpeningFile(
  file: File,
  production: GivenFiles | null,
  say: (text: string) => void,
): Promise<CheckedFile> {
  await sodiumReady()
  const out = createBlobFile()
  const files = production === null ? null : productionOf(production)
  const verified = await verifyOpening(
    portionsOf(file.stream()),
    { out, scratch: () => Promise.resolve(createBlobFile()) },
    {
      primitives: sodiumPrimitives,
      sealed: files === null ? undefined : sealedOfProduction(files),
      onProgress: (done, total) => {
        if (done === total) say(texts.cutting)
        else if (done % SAID_EVERY === 1) say(texts.verifying(done, total))
      },
    },
  )
  const found = files === null ? null : await findInProduction(files, verified.opening)
  const report = reportOpening(verified, found)
  const { opening, written } = verified
  const asset = assetOf(opening)
  if (asset === null || written === null) return { report, opened: null }
  const mediaType = asset.manifest.mediaType.replace(/;.*$/, "")
  const ending = written.what === "part" ? written.container : (ENDINGS[mediaType] ?? "bin")
  const plays = mediaType.startsWith("video/") ? "video" : mediaType.startsWith("audio/") ? "audio" : null
  // Of a type that no browser shows as a page.
  const type = plays === null ? "application/octet-stream" : `${plays}/${ending === "webm" ? "webm" : "mp4"}`
  return { report, opened: { blob: out.blob(type), name: texts.savedName(ending), plays } }
}
