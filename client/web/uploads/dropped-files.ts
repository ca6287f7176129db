import { MOST_FILES } from "../../sdk/imports/plan.js"

/** A file with its place in the folder that was given, which comes first; a name alone where it came by itself. */
export interface GivenFile {
  readonly path: string
  readonly file: File
}

/** Files that were chosen, alone or with their folder. */
export function givenFiles(files: readonly File[]): readonly GivenFile[] {
  return files.map((file) => ({ path: file.webkitRelativePath === "" ? file.name : file.webkitRelativePath, file }))
}

/** Every file that was dropped, those in folders too, but not many more than are taken at once. What is called here must be called while the drop is handled. */
export async function droppedFiles(transfer: DataTransfer): Promise<readonly GivenFile[]> {
  const dropped = [...transfer.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found: GivenFile[] = []
  for (const { entry, file } of dropped) {
    if (entry?.isDirectory === true)
      found.push(...(await filesIn(entry as FileSystemDirectoryEntry, entry.name, MOST_FILES + 1)))
    else if (file !== null) found.push({ path: file.name, file })
  }
  return found
}

async function filesIn(folder: FileSystemDirectoryEntry, under: string, most: number): Promise<readonly GivenFile[]> {
  const found: GivenFile[] = []
  const reader = folder.createReader()
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    // A reader gives a hundred at a time, and at last none.
    if (entries.length === 0 || found.length >= most) return found
    for (const entry of entries) {
      const path = `${under}/${entry.name}`
      if (entry.isDirectory)
        found.push(...(await filesIn(entry as FileSystemDirectoryEntry, path, most - found.length)))
      else found.push({ path, file: await fileOf(entry as FileSystemFileEntry) })
    }
  }
}

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return await new Promise((resolve, reject) => {
    entry.file(resolve, reject)
  })
}
