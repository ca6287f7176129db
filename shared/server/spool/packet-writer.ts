import type { FileHandle } from "node:fs/promises"

/** Written at once, so that the thread pool is asked once for many packets. */
const BATCH_BYTES = 256 * 1024
/** Waiting and being written, before the sender has to wait. */
const HELD_BYTES = 4 * 1024 * 1024

export interface PacketWriter {
  /** Takes a packet, which must not be changed after. @returns what to wait for before more is given; `null` for nothing. */
  add(packet: Uint8Array): Promise<void> | null
  /** Resolves when all that was added is written. */
  flush(): Promise<void>
  /** Resolves when nothing is being written any more, whether that went well or not. */
  settle(): Promise<void>
}

/** Writes packets in their order as they are: while some are being written, those that come gather for the next write. */
export function createPacketWriter(file: FileHandle): PacketWriter {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let heldBytes = 0
  let writing: Promise<void> | null = null
  let failure: { readonly error: unknown } | null = null

  async function write(): Promise<void> {
    while (waitingBytes >= BATCH_BYTES && failure === null) await writeWaiting()
    writing = null
  }

  async function writeWaiting(): Promise<void> {
    const [batch, batchBytes] = [waiting, waitingBytes]
    waiting = []
    waitingBytes = 0
    try {
      const { bytesWritten } = await file.writev(batch)
      if (bytesWritten < batchBytes) await file.writeFile(Buffer.concat(batch).subarray(bytesWritten))
    } catch (error) {
      failure = { error }
    }
    heldBytes -= batchBytes
  }

  return {
    add(packet) {
      waiting.push(packet)
      waitingBytes += packet.length
      heldBytes += packet.length
      if (waitingBytes >= BATCH_BYTES) writing ??= write()
      return heldBytes < HELD_BYTES ? null : writing
    },
    async flush() {
      await writing
      if (failure === null && waitingBytes > 0) await writeWaiting()
      if (failure !== null) throw failure.error
    },
    async settle() {
      await writing
    },
  }
}
