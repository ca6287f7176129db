import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import type { CheckedOpening } from "../../shared/protocol/opening-check.js"
import type { CheckedMessages } from "../../shared/protocol/opening-messages.js"
import { segmentsInRanges } from "../../shared/protocol/opening.js"
import { type ExtractedPart, extractPart } from "./extract-part.js"
import { assetOf, type OpeningReader, type ReadOptions, readOpening } from "./read-opening.js"

/** A file that is written and read at any place. */
export interface RandomFile {
  write(position: number, bytes: Uint8Array): Promise<void>
  /** The bytes from `start` to before `end`, all of them. */
  read(start: number, end: number): Promise<Uint8Array>
}

export interface VerifyOptions extends ReadOptions {
  readonly signal?: AbortSignal | undefined
  /** Segments that were opened and verified, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Where what was opened goes to. Nothing of it counts before {@link verifyOpening} has come to its end. */
export interface OpeningPlace {
  /** The file, or the chosen minutes as a file of their own. */
  readonly out: Pick<RandomFile, "write">
  /** For the opened bytes of the recording's file, each at its place in it, while the minutes are cut out. */
  readonly scratch: () => Promise<RandomFile>
}

/** The file itself, or the chosen minutes of it. */
export type Written = { readonly what: "file" } | ({ readonly what: "part" } & ExtractedPart)

export interface VerifiedOpening {
  readonly opening: CheckedOpening | CheckedMessages
  /** `null` where nothing was written: an opening of fields or messages, or no place was given. */
  readonly written: Written | null
}

/**
 * Verifies an opening whole, and writes what it opens. Offline: it asks nobody.
 * @throws {@link ArchiveError} whatever is wrong with it, with the place: then nothing that was written counts. SPEC.md §18.
 */
export async function verifyOpening(
  source: AsyncIterable<Uint8Array>,
  place: OpeningPlace | null,
  options: VerifyOptions,
): Promise<VerifiedOpening> {
  const reader = await readOpening(source, options)
  const { opening } = reader
  const asset = assetOf(opening)
  if (place === null || asset === null) {
    await copyOpened(reader, null, options)
    return { opening, written: null }
  }
  const { part } = asset.content
  if (part === null) {
    await copyOpened(reader, place.out, options)
    return { opening, written: { what: "file" } }
  }
  const scratch = await place.scratch()
  const isThere = await copyOpened(reader, scratch, options)
  const sizeBytes = asset.manifest.trueBytes
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    if (!isThere(start, end))
      throw new ArchiveError("truncated", "the opening lacks bytes that its minutes need", {
        place: `bytes ${start} to ${end - 1}`,
      })
    return await scratch.read(start, end)
  }
  try {
    const extracted = await extractPart({ sizeBytes, read }, part, place.out.write, { signal: options.signal })
    return { opening, written: { what: "part", ...extracted } }
  } catch (error) {
    if (!isArchiveError(error) || error.code !== "usage") throw error
    throw new ArchiveError("malformed", "an opening of minutes that its file has not", { place: "head", cause: error })
  }
}

/** Goes through every segment. @returns whether bytes of the recording's file were opened. */
async function copyOpened(
  reader: OpeningReader,
  into: Pick<RandomFile, "write"> | null,
  { signal, onProgress }: VerifyOptions,
): Promise<(start: number, end: number) => boolean> {
  const opened: { start: number; end: number }[] = []
  const asset = assetOf(reader.opening)
  const total = asset === null ? 0 : segmentsInRanges(asset.content.ranges)
  let done = 0
  for await (const { offset, bytes } of reader.segments()) {
    if (signal?.aborted === true) throw new ArchiveError("interrupted", "interrupted: nothing was written")
    onProgress?.(++done, total)
    // Of a segment that is padding alone nothing is the file's.
    if (bytes.length === 0) continue
    await into?.write(offset, bytes)
    const before = opened.at(-1)
    if (before?.end === offset) before.end = offset + bytes.length
    else opened.push({ start: offset, end: offset + bytes.length })
  }
  return (start, end) => opened.some((range) => range.start <= start && end <= range.end)
}
