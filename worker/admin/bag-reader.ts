import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { BAG_DECLARATION, TAG_FILES } from "./bag-format.js"

/** A bag (RFC 8493) whose files are those that its manifests name, each with its SHA-512. */
export interface VerifiedBag {
  readonly folder: string
  /** Paths below the bag, of the payload, with their sizes. */
  readonly payload: ReadonlyMap<string, number>
  readonly tagManifestHash: Uint8Array
  /** `manifest-sha512.txt`, and the time-stamp of it where there is one. */
  readonly manifest: Uint8Array
  readonly rawTimestamp: Uint8Array | null
}

const MANIFEST_LIMIT_BYTES = 1 << 30

/**
 * Checks a bag's structure and every checksum; `others` names files that may stand beside the manifests.
 * @throws {@link ArchiveError} `integrity`, with the file's path as place.
 */
export async function verifyBag(
  folder: string,
  others: readonly string[],
  onFile: (path: string) => void,
): Promise<VerifiedBag> {
  const found = new Set<string>()
  for await (const path of listFiles(folder, "")) found.add(path)
  const tagManifest = await readFile(join(folder, TAG_FILES.tagManifest)).catch((cause: unknown) => {
    throw new ArchiveError("integrity", "this folder is no production: it has no tag manifest", {
      place: TAG_FILES.tagManifest,
      cause,
    })
  })
  const tags = parseManifest(tagManifest, TAG_FILES.tagManifest)
  const expected = [
    TAG_FILES.declaration,
    TAG_FILES.info,
    TAG_FILES.manifest,
    TAG_FILES.verifier,
    TAG_FILES.verifierPage,
  ]
  for (const name of expected)
    if (!tags.has(name)) throw refused("a tag file that the tag manifest does not name", name)
  const isStamped = tags.has(TAG_FILES.timestamp)
  if (tags.size !== expected.length + (isStamped ? 1 : 0))
    throw refused("a tag manifest that names more than it should", TAG_FILES.tagManifest)
  for (const [path, digest] of tags) await checkFile(folder, path, digest)
  if ((await readFile(join(folder, TAG_FILES.declaration), "utf8")) !== BAG_DECLARATION)
    throw refused("not a bag of version 1.0", TAG_FILES.declaration)
  const manifest = await readFile(join(folder, TAG_FILES.manifest))
  const payload = parseManifest(manifest, TAG_FILES.manifest)
  const sizes = new Map<string, number>()
  for (const [path, digest] of payload) {
    if (!path.startsWith("data/")) throw refused("a payload manifest that names a file outside data/", path)
    sizes.set(path, await checkFile(folder, path, digest))
    onFile(path)
  }
  await assertOxum(folder, sizes)
  const named = new Set([...tags.keys(), ...payload.keys(), TAG_FILES.tagManifest, ...others])
  for (const path of found) if (!named.has(path)) throw refused("a file that no manifest names", path)
  return {
    folder,
    payload: sizes,
    tagManifestHash: createHash("sha512").update(tagManifest).digest(),
    manifest,
    rawTimestamp: isStamped ? await readFile(join(folder, TAG_FILES.timestamp)) : null,
  }
}

function parseManifest(raw: Uint8Array, name: string): ReadonlyMap<string, string> {
  if (raw.length > MANIFEST_LIMIT_BYTES) throw refused("a manifest larger than allowed", name)
  const entries = new Map<string, string>()
  for (const line of new TextDecoder("utf-8").decode(raw).split(/\r?\n/)) {
    if (line === "") continue
    const [, digest, path] = /^([0-9a-f]{128})[ \t]+(\S.*)$/.exec(line) ?? []
    if (digest === undefined || path === undefined) throw refused("a manifest with a line of another form", name)
    const steps = path.split("/")
    if (steps.some((step) => step === "" || step === "." || step === "..") || path.includes("\\"))
      throw refused("a manifest that names a path outside the bag", name)
    if (entries.has(path)) throw refused("a manifest that names a file twice", path)
    entries.set(path, digest)
  }
  return entries
}

/** RFC 8493 §2.2.2: bytes and files of the payload. */
async function assertOxum(folder: string, sizes: ReadonlyMap<string, number>): Promise<void> {
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const info = await readFile(join(folder, TAG_FILES.info), "utf8")
  if (!info.split(/\r?\n/).includes(`Payload-Oxum: ${bytes}.${sizes.size}`))
    throw refused("a payload of another size than the bag says", TAG_FILES.info)
}

/** @returns the file's size. */
async function checkFile(folder: string, path: string, digest: string): Promise<number> {
  const hash = createHash("sha512")
  let sizeBytes = 0
  try {
    for await (const bytes of createReadStream(join(folder, path), {
      highWaterMark: 1 << 20,
    }) as AsyncIterable<Uint8Array>) {
      hash.update(bytes)
      sizeBytes += bytes.length
    }
  } catch (cause) {
    throw new ArchiveError("integrity", "a file that the manifest names is missing", { place: path, cause })
  }
  const actual = hash.digest()
  if (!equalBytes(actual, Buffer.from(digest, "hex")))
    throw refused(`a file whose SHA-512 is ${toHex(actual).slice(0, 16)}…, not what the manifest says`, path)
  return sizeBytes
}

async function* listFiles(folder: string, prefix: string): AsyncGenerator<string> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch((cause: unknown) => {
    throw new ArchiveError("not-found", `${folder} can't be read`, { cause })
  })
  for (const entry of entries) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) yield* listFiles(folder, path)
    else if (entry.isFile()) yield path
    else throw refused("something that is no plain file", path)
  }
}

export function refused(message: string, place: string): ArchiveError {
  return new ArchiveError("integrity", message, { place })
}
