import { createHash } from "node:crypto"
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { fsyncFolder, systemErrorCode, translateFileError } from "../../shared/server/files.js"
import { BAG_DECLARATION, TAG_FILES } from "./bag-format.js"
import { openCopiers } from "./copiers.js"
import type { HashedBytes, KnownBytes } from "./hashed-file.js"
import type { Verifiers } from "./verifier-files.js"

/** A file of a bag while it is being written. */
export interface BagFile {
  write(bytes: Uint8Array | string): Promise<void>
  close(): Promise<void>
}

interface AbandonableFile extends BagFile {
  abandon(): Promise<void>
}

export interface ManifestToStamp {
  readonly bytes: Uint8Array
  readonly sha512: Uint8Array
}

/** Writes a bag (RFC 8493) under a temporary name: under its own it is whole or not there. One that was left half-way is gone on with. */
export class BagWriter {
  readonly #target: string
  readonly #folder: string
  readonly #lines: string[] = []
  readonly #paths = new Set<string>()
  readonly #open = new Set<AbandonableFile>()
  readonly #copiers = openCopiers()
  #isGoneOnWith = false
  #payloadBytes = 0
  #payloadFiles = 0

  private constructor(target: string) {
    this.#target = target
    this.#folder = `${target}.partial`
  }

  /** @throws {@link ArchiveError} `exists` unless `force`, and where what is to be replaced is no bag. */
  static async begin(target: string, force: boolean): Promise<BagWriter> {
    await assertReplaceable(target, force)
    const writer = new BagWriter(target)
    try {
      const made = await mkdir(join(writer.#folder, "data"), { recursive: true, mode: 0o700 })
      writer.#isGoneOnWith = made === undefined
    } catch (error) {
      throw translateFileError(error, target)
    }
    return writer
  }

  /** A payload file, by its path below `data/`. */
  async payload(path: string): Promise<BagFile> {
    const file = await openHashed(this.#pathOf(path), (digest, sizeBytes) => {
      this.#open.delete(file)
      this.#note(path, digest, sizeBytes)
    })
    this.#open.add(file)
    return file
  }

  /** Takes a file that an earlier try left, where it has these very bytes. @returns whether it did. */
  async reuse(path: string, known: KnownBytes): Promise<boolean> {
    if (!this.#isGoneOnWith) return false
    const hashed = await this.#copiers.hash(this.#pathOf(path), known)
    if (hashed === null) return false
    this.#noteCopy(path, hashed, known)
    return true
  }

  /**
   * Copies a file. That it is as long as it should be is looked at; what it hashes to, by those who verify.
   * @returns whether it is there at all.
   * @throws {@link ArchiveError} `integrity` where it is shorter or longer; `unavailable`, `out-of-space`.
   */
  async copy(path: string, from: string, known: KnownBytes): Promise<boolean> {
    const hashed = await this.#copiers.copy(from, this.#pathOf(path))
    if (hashed === null) return false
    this.#noteCopy(path, hashed, known)
    return true
  }

  /** As {@link copy}, from wherever the bytes come. @throws {@link ArchiveError} `unavailable` where `contents` break off, too. */
  async take(path: string, contents: AsyncIterable<Uint8Array>, known: KnownBytes): Promise<void> {
    const hashed = await this.#copiers.write(this.#pathOf(path), contents).catch((cause: unknown) => {
      if (isArchiveError(cause)) throw cause
      throw new ArchiveError("unavailable", "the object store broke off", { cause, place: `data/${path}` })
    })
    this.#noteCopy(path, hashed, known)
  }

  /** Writes the manifests; gives the SHA-512 of the tag manifest, which is what gets signed. */
  async seal(
    info: Readonly<Record<string, string>>,
    verifiers: Verifiers,
    stamp: ((manifest: ManifestToStamp) => Promise<Uint8Array>) | null = null,
  ): Promise<Uint8Array> {
    await this.#removeStrays()
    const manifest = Buffer.from(this.#lines.toSorted().join(""))
    const tags: Readonly<Record<string, string | Uint8Array>> = {
      [TAG_FILES.declaration]: BAG_DECLARATION,
      [TAG_FILES.info]: Object.entries({ ...info, "Payload-Oxum": `${this.#payloadBytes}.${this.#payloadFiles}` })
        .map(([name, value]) => `${name}: ${value}\n`)
        .join(""),
      [TAG_FILES.manifest]: manifest,
      [TAG_FILES.verifier]: verifiers.program,
      [TAG_FILES.verifierPage]: verifiers.page,
      ...(stamp === null
        ? {}
        : {
            [TAG_FILES.timestamp]: await stamp({
              bytes: manifest,
              sha512: createHash("sha512").update(manifest).digest(),
            }),
          }),
    }
    const tagLines = await Promise.all(
      Object.entries(tags).map(async ([name, text]) => `${await this.#writeTag(name, text)}  ${name}\n`),
    )
    const tagManifest = tagLines.join("")
    await this.#writeTag(TAG_FILES.tagManifest, Buffer.from(tagManifest))
    return createHash("sha512").update(tagManifest).digest()
  }

  /** Adds the signature, makes everything durable, and gives the bag its name. */
  async publish(signatureName: string, signature: Uint8Array): Promise<void> {
    await this.#writeTag(signatureName, signature)
    try {
      await this.#copiers.close()
      await fsyncFolders(this.#folder)
      await rm(this.#target, { recursive: true, force: true })
      await rename(this.#folder, this.#target)
      await fsyncFolder(dirname(this.#target))
    } catch (error) {
      throw translateFileError(error, this.#target)
    }
  }

  /** Leaves what was written, for another try. */
  async pause(): Promise<void> {
    await this.#copiers.close()
    for (const file of this.#open) await file.abandon()
  }

  async discard(): Promise<void> {
    await this.pause()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #pathOf(path: string): string {
    return join(this.#folder, "data", path)
  }

  #noteCopy(path: string, { sha512, sizeBytes }: HashedBytes, known: KnownBytes): void {
    if (sizeBytes !== known.sizeBytes)
      throw new ArchiveError("integrity", "an object is not as long as the catalog says", { place: `data/${path}` })
    this.#note(path, toHex(sha512), sizeBytes)
  }

  #note(path: string, digest: string, sizeBytes: number): void {
    this.#paths.add(path)
    this.#lines.push(`${digest}  data/${path}\n`)
    this.#payloadBytes += sizeBytes
    this.#payloadFiles += 1
  }

  /** What an earlier try wrote and this one did not. */
  async #removeStrays(): Promise<void> {
    const data = join(this.#folder, "data")
    for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
      const full = join(entry.parentPath, entry.name)
      if (entry.isFile() && !this.#paths.has(relative(data, full))) await rm(full)
    }
  }

  /** @returns its SHA-512. */
  async #writeTag(name: string, contents: Uint8Array | string): Promise<string> {
    let sha512 = ""
    const file = await openHashed(join(this.#folder, name), (digest) => {
      sha512 = digest
    })
    await file.write(contents)
    await file.close()
    return sha512
  }
}

/** What stands under a production's name is given up only if it is a production, or nothing. */
async function assertReplaceable(target: string, force: boolean): Promise<void> {
  const entries = await readdir(target).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return null
    throw new ArchiveError("exists", `${target} exists and is no folder`, { cause: error })
  })
  if (entries === null) return
  if (!force) throw new ArchiveError("exists", `${target} exists: give --force to replace it`)
  if (entries.length > 0 && !entries.includes(TAG_FILES.declaration))
    throw new ArchiveError("exists", `${target} exists and is no production: it is not replaced`)
}

async function openHashed(
  path: string,
  onClosed: (digest: string, sizeBytes: number) => void,
): Promise<AbandonableFile> {
  const hash = createHash("sha512")
  let sizeBytes = 0
  const file = await openNew(path).catch((error: unknown) => {
    throw translateFileError(error, "the production's folder")
  })
  const fail = async (error: unknown): Promise<never> => {
    await file.close().catch(() => undefined)
    throw translateFileError(error, "the production's folder")
  }
  return {
    write: async (bytes) => {
      const buffer = typeof bytes === "string" ? Buffer.from(bytes) : bytes
      hash.update(buffer)
      sizeBytes += buffer.length
      await file.writeFile(buffer).catch(fail)
    },
    close: async () => {
      await file.sync().catch(fail)
      await file.close().catch(fail)
      onClosed(toHex(hash.digest()), sizeBytes)
    },
    abandon: async () => {
      await file.close().catch(() => undefined)
    },
  }
}

async function openNew(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  return await open(path, "w", 0o600)
}

/** Makes every name below a folder durable. */
async function fsyncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await fsyncFolders(join(folder, entry.name))
  await fsyncFolder(folder)
}
