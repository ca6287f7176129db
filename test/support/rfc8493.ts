import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { lstat, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"

/** What RFC 8493 wants of a complete and valid bag, written from its text; nothing of the producer is in here. @returns what is wrong, by section. */
export async function judgeBag(folder: string): Promise<readonly string[]> {
  const wrong: string[] = []
  const files = await filesBelow(folder, "")
  const text = async (name: string): Promise<string> =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(join(folder, name)))

  // §2.1.1: two lines, UTF-8, no byte-order mark.
  const declaration = files.includes("bagit.txt") ? await text("bagit.txt") : ""
  if (!/^BagIt-Version: 1\.0\r?\nTag-File-Character-Encoding: UTF-8\r?\n$/.test(declaration))
    wrong.push("2.1.1: bagit.txt")
  // §2.1.2: the payload's directory.
  if (!files.some((file) => file.startsWith("data/"))) wrong.push("2.1.2: no payload")

  // §2.1.3: every payload file in every payload manifest, which lists payload files alone.
  const payload = files.filter((file) => file.startsWith("data/"))
  const manifests = files.filter((file) => /^manifest-[a-z0-9]+\.txt$/.test(file))
  if (manifests.length === 0) wrong.push("2.1.3: no payload manifest")
  for (const manifest of manifests) {
    const listed = await check(manifest, /^manifest-(.+)\.txt$/)
    for (const path of listed) if (!path.startsWith("data/")) wrong.push(`2.1.3: ${manifest} lists ${path}`)
    for (const path of payload) if (!listed.includes(path)) wrong.push(`2.1.3: ${manifest} does not list ${path}`)
  }
  // §2.2.1: tag manifests list tag files, the payload manifests among them, and no tag manifest.
  for (const manifest of files.filter((file) => /^tagmanifest-[a-z0-9]+\.txt$/.test(file))) {
    const listed = await check(manifest, /^tagmanifest-(.+)\.txt$/)
    for (const path of listed)
      if (path.startsWith("data/") || path.startsWith("tagmanifest-")) wrong.push(`2.2.1: ${manifest} lists ${path}`)
    for (const path of manifests) if (!listed.includes(path)) wrong.push(`2.2.1: ${manifest} does not list ${path}`)
  }
  // §2.2.2: labels and values; Payload-Oxum is octets and count, Bagging-Date a day.
  const info = new Map<string, string>()
  for (const line of (await text("bag-info.txt")).split(/\r\n|\n|\r/)) {
    if (line === "") continue
    const [, label, value] = /^([^:\s][^:]*): (.*)$/.exec(line) ?? []
    if (label === undefined || value === undefined) wrong.push(`2.2.2: ${line}`)
    else if (info.has(label)) wrong.push(`2.2.2: ${label} twice`)
    else info.set(label, value)
  }
  let octets = 0
  for (const path of payload) octets += (await lstat(join(folder, path))).size
  if (info.get("Payload-Oxum") !== `${octets}.${payload.length}`) wrong.push("2.2.2: Payload-Oxum")
  if (!/^\d{4}-\d{2}-\d{2}$/.test(info.get("Bagging-Date") ?? "")) wrong.push("2.2.2: Bagging-Date")
  // §2.2.3: nothing is left to be fetched.
  if (files.includes("fetch.txt")) wrong.push("2.2.3: fetch.txt")
  return wrong

  async function check(manifest: string, name: RegExp): Promise<readonly string[]> {
    const algorithm = name.exec(manifest)?.[1] ?? ""
    const listed: string[] = []
    for (const line of (await text(manifest)).split(/\r\n|\n|\r/)) {
      if (line === "") continue
      const [, checksum, path] = /^([0-9a-fA-F]+)[ \t]+\*?(\S.*)$/.exec(line) ?? []
      if (checksum === undefined || path === undefined) {
        wrong.push(`2.1.3: ${manifest}: ${line}`)
        continue
      }
      const decoded = path.replaceAll(/%0A/gi, "\n").replaceAll(/%0D/gi, "\r").replaceAll("%25", "%")
      // §5.1.
      if (decoded.startsWith("/") || decoded.startsWith("~") || decoded.split("/").includes(".."))
        wrong.push(`5.1: ${path}`)
      else if (listed.includes(decoded)) wrong.push(`2.1.3: ${path} twice`)
      else if (!files.includes(decoded)) wrong.push(`3: ${path} is not there`)
      else if ((await checksumOf(algorithm, join(folder, decoded))) !== checksum.toLowerCase())
        wrong.push(`3: ${path} has another checksum`)
      listed.push(decoded)
    }
    return listed
  }
}

/** Of a file of any size. */
async function checksumOf(algorithm: string, path: string): Promise<string> {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(path), hash)
  return hash.digest("hex")
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`
    if (entry.isDirectory()) found.push(...(await filesBelow(folder, `${path}/`)))
    else found.push(path)
  }
  return found
}
