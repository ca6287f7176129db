/** A file that is open for writing. https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle */
interface OpenedFile {
  truncate(sizeBytes: number): void
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number
  flush(): void
  close(): void
}

/**
 * Puts bytes into a file of the browser's own at `startBytes`, in folders that are made where they are not there; they are on the disk when this resolves.
 * In a worker alone: no page may write into the middle of a file, and wait for the disk. One file is open once at a time.
 */
export async function writeToDisk(
  folders: readonly string[],
  name: string,
  startBytes: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  let folder = await navigator.storage.getDirectory()
  for (const inner of folders) folder = await folder.getDirectoryHandle(inner, { create: true })
  const file: unknown = await folder.getFileHandle(name, { create: true })
  // Pages import this, too, and their types know nothing of what workers alone have.
  const handle = await (file as { createSyncAccessHandle(): Promise<OpenedFile> }).createSyncAccessHandle()
  try {
    // Whoever writes at the beginning makes the file.
    if (startBytes === 0) handle.truncate(0)
    for (let written = 0; written < bytes.length;) {
      const more = handle.write(bytes.subarray(written), { at: startBytes + written })
      if (more === 0) throw new DOMException("a disk that takes no more", "QuotaExceededError")
      written += more
    }
    handle.flush()
  } finally {
    handle.close()
  }
}
