import { equalBytes, utf8 } from "../../shared/protocol/bytes.js"
import { CERTIFICATE_FILES } from "../../worker/admin/erasure-format.js"

/** Files that somebody chose or dropped, by their paths. */
export type GivenFiles = ReadonlyMap<string, File>

/** What somebody gave to be checked. */
export type Given =
  | { readonly what: "opening"; readonly file: File }
  | { readonly what: "production" | "certificate"; readonly name: string; readonly files: GivenFiles }
  | { readonly what: "nothing" }

const MAGIC = utf8("taciturn/opening")
/** What tells what a folder is. Every production is a bag (RFC 8493). */
const FOLDERS = [
  { what: "production", file: "bagit.txt" },
  { what: "certificate", file: CERTIFICATE_FILES.signature },
] as const

/** From `<input type="file">`, with folders or without. */
export function filesOfInput(list: FileList | null): GivenFiles {
  return new Map(Array.from(list ?? []).map((file) => [file.webkitRelativePath || file.name, file]))
}

/** Whatever was dropped, folders with all that is in them. */
export async function filesOfDrop(transfer: DataTransfer): Promise<GivenFiles> {
  const files = new Map<string, File>()
  // They are forgotten after the first pause.
  const entries = Array.from(transfer.items).flatMap((item) => item.webkitGetAsEntry() ?? [])
  for (const entry of entries) await collect(entry, files)
  return files
}

async function collect(entry: FileSystemEntry, files: Map<string, File>): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      ;(entry as FileSystemFileEntry).file(resolve, reject)
    })
    files.set(entry.fullPath.replace(/^\//, ""), file)
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    const children = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    if (children.length === 0) return
    for (const child of children) await collect(child, files)
  }
}

/** What these files are: an opening, or a production or certificate that is theirs or lies in one of their folders. */
export async function recognise(files: GivenFiles): Promise<Given> {
  for (const { what, file: telling } of FOLDERS) {
    const found = [...files.keys()]
      .filter((path) => path === telling || path.endsWith(`/${telling}`))
      .toSorted((a, b) => a.length - b.length)
      .at(0)
    if (found === undefined) continue
    const folder = found.slice(0, -telling.length)
    const within = [...files].flatMap(([path, file]): [string, File][] =>
      path.startsWith(folder) ? [[path.slice(folder.length), file]] : [],
    )
    return { what, name: folder.replace(/\/$/, "") || telling, files: new Map(within) }
  }
  const [file] = files.values()
  if (file === undefined || files.size > 1) return { what: "nothing" }
  const beginning = new Uint8Array(await file.slice(0, MAGIC.length).arrayBuffer())
  return equalBytes(beginning, MAGIC) ? { what: "opening", file } : { what: "nothing" }
}
