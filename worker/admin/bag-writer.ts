import { createHash, type Hash } from "node:crypto"
import { createWriteStream } from "node:fs"
import { mkdir, open, rename, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { once } from "node:events"
import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { fsyncFolder } from "../../shared/server/files.js"

/** A file of a bag while it is being written. */
export interface BagFile {
  write(bytes: Uint8Array | string): Promise<void>
  close(): Promise<void>
}

export const TAG_FILES = {
  declaration: "bagit.txt",
  info: "bag-info.txt",
  manifest: "manifest-sha512.txt",
  tagManifest: "tagmanifest-sha512.txt",
} as const
export const BAG_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

/** Writes a bag (RFC 8493) under a temporary name: under its own it is whole or not there. */
export class BagWriter {
  readonly #target: string
  readonly #folder: string
  readonly #lines: string[] = []
  #payloadBytes = 0
  #payloadFiles = 0

  private constructor(target: string) {
    this.#target = target
    this.#folder = `${target}.partial`
  }

  /** @throws {@link ArchiveError} `exists` unless `force`. */
  static async begin(target: string, force: boolean): Promise<BagWriter> {
    if (!force && (await stat(target).catch(() => null)) !== null)
      throw new ArchiveError("exists", `${target} exists: give --force to replace it`)
    const writer = new BagWriter(target)
    await rm(writer.#folder, { recursive: true, force: true })
    await mkdir(join(writer.#folder, "data"), { recursive: true, mode: 0o700 })
    return writer
  }

  /** A payload file, by its path below `data/`. */
  async payload(path: string): Promise<BagFile> {
    const full = join(this.#folder, "data", path)
    await mkdir(dirname(full), { recursive: true, mode: 0o700 })
    return openHashed(full, (digest, sizeBytes) => {
      this.#lines.push(`${digest}  data/${path}\n`)
      this.#payloadBytes += sizeBytes
      this.#payloadFiles += 1
    })
  }

  /** Writes the manifests; gives the SHA-512 of the tag manifest, which is what gets signed. */
  async seal(info: Readonly<Record<string, string>>): Promise<Uint8Array> {
    const tagLines: string[] = []
    const tags: Readonly<Record<string, string>> = {
      [TAG_FILES.declaration]: BAG_DECLARATION,
      [TAG_FILES.info]: Object.entries({ ...info, "Payload-Oxum": `${this.#payloadBytes}.${this.#payloadFiles}` })
        .map(([name, value]) => `${name}: ${value}\n`)
        .join(""),
      [TAG_FILES.manifest]: this.#lines.toSorted().join(""),
    }
    for (const [name, text] of Object.entries(tags)) {
      const file = openHashed(join(this.#folder, name), (digest) => tagLines.push(`${digest}  ${name}\n`))
      await file.write(text)
      await file.close()
    }
    const tagManifest = tagLines.join("")
    await this.#writeTag(TAG_FILES.tagManifest, Buffer.from(tagManifest))
    return createHash("sha512").update(tagManifest).digest()
  }

  /** Adds the signature, makes everything durable, and gives the bag its name. */
  async publish(signatureName: string, signature: Uint8Array): Promise<void> {
    await this.#writeTag(signatureName, signature)
    await fsyncFolder(this.#folder)
    await rm(this.#target, { recursive: true, force: true })
    await rename(this.#folder, this.#target)
    await fsyncFolder(dirname(this.#target))
  }

  async discard(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #writeTag(name: string, bytes: Uint8Array): Promise<void> {
    const file = await open(join(this.#folder, name), "wx", 0o600)
    await file.writeFile(bytes)
    await file.sync()
    await file.close()
  }
}

function openHashed(path: string, onClosed: (digest: string, sizeBytes: number) => void): BagFile {
  const stream = createWriteStream(path, { flags: "wx", mode: 0o600, flush: true })
  const hash: Hash = createHash("sha512")
  let sizeBytes = 0
  let failure: Error | null = null
  stream.on("error", (error) => (failure = error))
  return {
    write: async (bytes) => {
      if (failure !== null) throw failure
      const buffer = typeof bytes === "string" ? Buffer.from(bytes) : bytes
      hash.update(buffer)
      sizeBytes += buffer.length
      if (!stream.write(buffer)) await once(stream, "drain")
    },
    close: async () => {
      await new Promise<void>((resolve, reject) => {
        stream.once("error", reject)
        stream.end(resolve)
      })
      onClosed(toHex(hash.digest()), sizeBytes)
    },
  }
}
