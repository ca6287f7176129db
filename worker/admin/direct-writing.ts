import { close, constants, openSync, write } from "node:fs"
import { promisify } from "node:util"

/**
 * Writes past the page cache (`O_DIRECT`): to find pages for gigabytes takes the kernel as long as a disk takes for the bytes, several times as long where memory
 * is full, and turns out what the server keeps there.
 */

const writeSome = promisify(write)
const noMatter = (): void => undefined

/** A file's whole buffers, as far as its file system takes them so. */
export class DirectWriting {
  readonly #path: string
  /** `undefined` until it is needed, `null` where it can't be. */
  #file: number | null | undefined

  constructor(path: string) {
    this.#path = path
  }

  /**
   * @param buffer One of {@link takeBuffer}, full.
   * @param position A multiple of its length.
   * @returns how many of its bytes are written; what is left, and why, ordinary writing shows.
   */
  async write(buffer: Uint8Array, position: number): Promise<number> {
    if (this.#file === undefined) this.#file = openDirect(this.#path)
    if (this.#file === null) return 0
    try {
      const { bytesWritten } = await writeSome(this.#file, buffer, 0, buffer.length, position)
      return bytesWritten
    } catch {
      this.close()
      return 0
    }
  }

  close(): void {
    if (typeof this.#file === "number") close(this.#file, noMatter)
    this.#file = null
  }
}

function openDirect(path: string): number | null {
  // Only Linux has it.
  if (!("O_DIRECT" in constants)) return null
  try {
    return openSync(path, constants.O_WRONLY | constants.O_DIRECT)
  } catch {
    return null
  }
}

const BUFFER_BYTES = 1 << 20
const BUFFERS_PER_MEMORY = 8
const WEBASSEMBLY_PAGE_BYTES = 1 << 16

declare const WebAssembly: {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer
  }
}

const free: Uint8Array<ArrayBuffer>[] = []

/** Begins at a page of memory, as `O_DIRECT` asks: of all that JavaScript can allocate, WebAssembly's memory alone does so for certain. */
export function takeBuffer(): Uint8Array<ArrayBuffer> {
  const taken = free.pop()
  if (taken !== undefined) return taken
  const pages = (BUFFERS_PER_MEMORY * BUFFER_BYTES) / WEBASSEMBLY_PAGE_BYTES
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const made = Array.from(
    { length: BUFFERS_PER_MEMORY },
    (_, index) => new Uint8Array(buffer, index * BUFFER_BYTES, BUFFER_BYTES),
  )
  const [first, ...others] = made
  free.push(...others)
  if (first === undefined) throw new Error("a memory without buffers")
  return first
}

export function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  free.push(buffer)
}
