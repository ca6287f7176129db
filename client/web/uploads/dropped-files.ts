/** Every file that was dropped, those in folders too. What is called here must be called while the drop is handled. */
export async function droppedFiles(transfer: DataTransfer): Promise<readonly File[]> {
  const dropped = [...transfer.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found: File[] = []
  for (const { entry, file } of dropped) {
    if (entry?.isDirectory === true) found.push(...(await filesIn(entry as FileSystemDirectoryEntry)))
    else if (file !== null) found.push(file)
  }
  return found
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<readonly File[]> {
  const found: File[] = []
  const reader = folder.createReader()
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    // A reader gives a hundred at a time, and at last none.
    if (entries.length === 0) return found
    for (const entry of entries) {
      if (entry.isDirectory) found.push(...(await filesIn(entry as FileSystemDirectoryEntry)))
      else found.push(await fileOf(entry as FileSystemFileEntry))
    }
  }
}

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return await new Promise((resolve, reject) => {
    entry.file(resolve, reject)
  })
}
