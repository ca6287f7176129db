import type { Journal, JournalStore } from "../../client/sdk/upload/journal.js"

/**
 * What every journal store does. It runs where the store does, in Node or in a page, so it says what is wrong by throwing.
 * `open` gives the store of one upload, as a new process or page would.
 */
export const JOURNAL_STORE_CONTRACT: Readonly<Record<string, (open: () => Promise<JournalStore>) => Promise<void>>> = {
  "has nothing at first": async (open) => {
    const store = await open()
    same(await store.load(), null)
    same(await store.loadLeaves(assetId), new Uint8Array(0))
  },
  "keeps the newest journal": async (open) => {
    const store = await open()
    await store.save(journal("first"))
    await store.save(journal("second"))
    same(await (await open()).load(), journal("second"))
  },
  "keeps leaves where they belong, also those that are put again": async (open) => {
    const store = await open()
    await store.saveLeaves(assetId, 0, bytes(64, 1))
    await store.saveLeaves(assetId, 2, bytes(96, 2))
    await store.saveLeaves(assetId, 5, bytes(32, 3))
    await store.saveLeaves(assetId, 2, bytes(96, 4))
    same(await (await open()).loadLeaves(assetId), joined(bytes(64, 1), bytes(96, 4), bytes(32, 3)))
    same(await store.loadLeaves(bytes(16, 9)), new Uint8Array(0))
  },
  "begins leaves anew at the first segment": async (open) => {
    const store = await open()
    await store.saveLeaves(assetId, 0, bytes(64, 1))
    await store.saveLeaves(assetId, 2, bytes(64, 2))
    await store.saveLeaves(assetId, 0, bytes(32, 3))
    same(await store.loadLeaves(assetId), bytes(32, 3))
  },
  "gives sealed bytes from any place": async (open) => {
    const store = await open()
    const sealed = joined(bytes(100_000, 1), bytes(100_000, 2))
    // A part of a larger buffer, which stays the caller's.
    await store.saveSealed(assetId, 0, sealed.subarray(0, 100_000))
    await store.saveSealed(assetId, 100_000, sealed.subarray(100_000))
    const into = new Uint8Array(50_000)
    await (await open()).loadSealed(assetId, 70_000, into)
    same(into, sealed.subarray(70_000, 120_000))
    same(sealed.length, 200_000)
  },
  "says that sealed bytes are not there": async (open) => {
    const store = await open()
    const into = new Uint8Array(10)
    same(await codeOf(store.loadSealed(assetId, 0, into)), "changed")
    await store.saveSealed(assetId, 0, bytes(9, 1))
    same(await codeOf(store.loadSealed(assetId, 0, into)), "changed")
  },
  "drops an asset and nothing else": async (open) => {
    const store = await open()
    const other = bytes(16, 7)
    await store.save(journal("kept"))
    for (const id of [assetId, other]) {
      await store.saveLeaves(id, 0, bytes(32, 1))
      await store.saveSealed(id, 0, bytes(10, 1))
    }
    await store.drop(assetId)
    await store.drop(assetId)
    same(await store.load(), journal("kept"))
    same(await store.loadLeaves(assetId), new Uint8Array(0))
    same(await codeOf(store.loadSealed(assetId, 0, new Uint8Array(10))), "changed")
    same(await store.loadLeaves(other), bytes(32, 1))
    await store.loadSealed(other, 0, new Uint8Array(10))
  },
  "removes everything, and can do so again": async (open) => {
    const store = await open()
    await store.save(journal("gone"))
    await store.saveLeaves(assetId, 0, bytes(32, 1))
    await store.saveSealed(assetId, 0, bytes(10, 1))
    await store.remove()
    await store.remove()
    const again = await open()
    same(await again.load(), null)
    same(await again.loadLeaves(assetId), new Uint8Array(0))
    same(await codeOf(again.loadSealed(assetId, 0, new Uint8Array(10))), "changed")
  },
}

const assetId = bytes(16, 5)

function journal(title: string): Journal {
  return {
    version: 1,
    recordingId: bytes(16, 1),
    meetingHash: bytes(32, 2),
    captureEpoch: 3,
    details: { title, fileName: "board.mp4", capturedAtMs: 1, durationMs: null, prepared: "as-is" },
    assets: [
      {
        role: "media",
        mediaType: "video/mp4",
        rawHeader: bytes(64, 4),
        contentKey: bytes(32, 5),
        uploadSecret: bytes(32, 6),
        trueBytes: 7,
        done: null,
      },
    ],
    rawEvent: null,
    live: null,
  }
}

function bytes(count: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 7 + seed) % 251)
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return await attempt.then(
    () => null,
    (error: unknown) => Reflect.get(error as object, "code") as unknown,
  )
}

function same(found: unknown, expected: unknown): void {
  const [one, other] = [text(found), text(expected)]
  if (one !== other) throw new Error(`${one.slice(0, 200)} is not ${other.slice(0, 200)}`)
}

function text(value: unknown): string {
  const plain = value instanceof Uint8Array ? [...value] : value
  return JSON.stringify(plain, (_, inner: unknown) => (inner instanceof Uint8Array ? [...inner] : inner))
}
