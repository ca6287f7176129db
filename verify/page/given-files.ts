import { equalBytes, utf8 } from "../../shared/protocol/bytes.js"

/** Files that somebody chose or dropped, by their paths. */
export type GivenFiles = ReadonlyMap<string, File>

/** What somebody gave to be checked. */
export type Given =
  | { readonly what: "opening"; readonly file: File }
  | { readonly what: "production"; readonly name: string; readonly files: GivenFiles }
  | { readonly what: "nothing" }

const MAGIC = utf8("taciturn/opening")
/** Every production is a bag (RFC 8493), which has this in its folder. */
const BAG_FILE = "bagit.txt"

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

/** What these files are: an opening, or a production that is theirs or lies in one of their folders. */
export async function recognise(files: GivenFiles): Promise<Given> {
  const bag = [...files.keys()]
    .filter((path) => path === BAG_FILE || path.endsWith(`/${BAG_FILE}`))
    .toSorted((a, b) => a.length - b.length)
    .at(0)
  if (bag !== undefined) {
    const folder = bag.slice(0, -BAG_FILE.length)
    const within = [...files].flatMap(([path, file]): [string, File][] =>
      path.startsWith(folder) ? [[path.slice(folder.length), file]] : [],
    )
    return { what: "production", name: folder.replace(/\/$/, "") || BAG_FILE, files: new Map(within) }
  }
  const [file] = files.values()
  if (file === undefined || files.size > 1) return { what: "nothing" }
  const beginning = new Uint8Array(await file.slice(0, MAGIC.length).arrayBuffer())
  return equalBytes(beginning, MAGIC) ? { what: "opening", file } : { what: "nothing" }
}
