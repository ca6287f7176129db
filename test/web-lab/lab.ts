import "../../client/web/platform/without-eval.js"
import { fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import { parseId } from "../../shared/protocol/ids.js"
import { sodiumReady } from "../../client/crypto/sodium.js"
import type { Client } from "../../client/sdk/client.js"
import { findRecording } from "../../client/sdk/recordings.js"
import { PIECE_PLAINTEXT_OFFSET } from "../../client/sdk/segment-work.js"
import { decodeState } from "../../client/sdk/state.js"
import { withStorage } from "../../client/web/platform/database.js"
import { fetchTransport } from "../../client/web/platform/fetch-transport.js"
import { fileSource } from "../../client/web/platform/file-source.js"
import { listJournals, openJournal } from "../../client/web/platform/journal-store.js"
import { openClient } from "../../client/web/platform/open-client.js"
import { createSegmentWorkers } from "../../client/web/platform/segment-workers.js"
import { forgetDevice } from "../../client/web/platform/sign-out.js"
import { createStateBox, openStateBox } from "../../client/web/platform/state-box.js"
import { openPlayback, type Playback } from "../../client/web/playback/open-playback.js"
import { JOURNAL_STORE_CONTRACT } from "../contract/journal-store.js"

/** What tests ask a page to do with the browser's platform. */

const playbacks: Playback[] = []
let client: Client | null = null

const lab = {
  createState: async (encoded: string): Promise<string | null> =>
    await codeOf(createStateBox(decodeState(fromBase64Url(encoded)))),
  readState: async (): Promise<string | null> => (await openStateBox())?.current.deviceName ?? null,
  /** Adds `count` letters to the device's name, one at a time. */
  addLetters: async (letter: string, count: number): Promise<void> => {
    const box = await openStateBox()
    for (let left = count; left > 0; left--)
      await box?.update((state) => ({ ...state, deviceName: state.deviceName + letter }))
  },
  /** The name once another tab's change is seen by a box that does nothing. */
  followName: async (length: number): Promise<string> => {
    const box = await openStateBox()
    while (box !== null && box.current.deviceName.length < length) await new Promise((done) => setTimeout(done, 10))
    return box?.current.deviceName ?? ""
  },
  forget: async (): Promise<void> => {
    await forgetDevice()
  },

  journalContract: async (name: string): Promise<void> => {
    const id = `contract-${crypto.randomUUID()}`
    await JOURNAL_STORE_CONTRACT[name]?.(() => Promise.resolve(openJournal(id)))
    await openJournal(id).remove()
  },
  keepJournal: async (id: string, title: string): Promise<readonly string[]> => {
    const store = openJournal(id)
    await JOURNAL_STORE_CONTRACT["drops an asset and nothing else"]?.(() => Promise.resolve(store))
    const journal = await store.load()
    if (journal !== null) await store.save({ ...journal, details: { ...journal.details, title } })
    return await listJournals()
  },
  /** Puts a journal's record where another's would stand. @returns what reading it there throws. */
  moveJournal: async (from: string, to: string): Promise<string | null> => {
    await withStorage(async (database) => {
      const record = await database.get("journals", from)
      if (record !== undefined) await database.put("journals", record, to)
    })
    const code = await codeOf(openJournal(to).load())
    await openJournal(to).remove()
    return code
  },
  removeJournal: async (id: string): Promise<void> => {
    await openJournal(id).remove()
  },
  titleOf: async (id: string): Promise<string | null> => (await openJournal(id).load())?.details.title ?? null,
  /** Milliseconds that one piece's leaves take, of `count`. */
  timeLeaves: async (count: number): Promise<number> => {
    const store = openJournal("timing")
    const leaves = crypto.getRandomValues(new Uint8Array(128 * 32))
    const begun = performance.now()
    for (let piece = 0; piece < count; piece++) await store.saveLeaves(new Uint8Array(16), piece * 128, leaves)
    const took = (performance.now() - begun) / count
    await store.remove()
    return took
  },
  /** Seals as many bytes by web workers. @returns the sealed bytes and their leaves. */
  seal: async (contentKey: string, rawHeader: string, plaintextBytes: number): Promise<readonly [string, string]> => {
    await sodiumReady()
    const work = createSegmentWorkers()
    const asset = { contentKey: fromBase64Url(contentKey), rawHeader: fromBase64Url(rawHeader) }
    const buffer = new Uint8Array(PIECE_PLAINTEXT_OFFSET + plaintextBytes)
    for (let at = 0; at < plaintextBytes; at++) buffer[PIECE_PLAINTEXT_OFFSET + at] = at % 251
    const given = { asset, firstSegment: 0, isLast: true, plaintextBytes, buffer }
    const sealed = await work.seal(given)
    const wasHandedOver = buffer.byteLength === 0
    if (!wasHandedOver) throw new Error("the buffer was copied")
    const bytes = toBase64Url(sealed.buffer.slice(0, sealed.sealedBytes))
    sealed.buffer[70_000] = 1 ^ (sealed.buffer[70_000] ?? 0)
    const opening = { ...given, sealedBytes: sealed.sealedBytes, leaves: sealed.leaves, buffer: sealed.buffer }
    const code = await codeOf(work.open(opening))
    work.close()
    if (code !== "integrity segment 1") throw new Error(`a flipped byte is ${String(code)}`)
    return [bytes, toBase64Url(sealed.leaves)]
  },
  /** Reads a file of 10 MiB + 5 through a source. @returns whether what came is what is in it. */
  readFile: async (): Promise<boolean> => {
    const bytes = Uint8Array.from({ length: 10 * 1024 * 1024 + 5 }, (_, index) => index % 251)
    const opened = await fileSource(new File([bytes], "name")).open()
    const into = new Uint8Array(bytes.length + 10)
    const first = await opened.read(into.subarray(0, 9 * 1024 * 1024))
    const rest = await opened.read(into.subarray(first))
    return first + rest === bytes.length && bytes.every((byte, index) => into[index] === byte)
  },
  showPicker: (): void => {
    const input = document.createElement("input")
    input.type = "file"
    document.body.replaceChildren(input)
  },
  readPicked: async (): Promise<string | null> => {
    const file = document.querySelector("input")?.files?.[0]
    if (file === undefined) throw new Error("nothing was picked")
    return await codeOf((await fileSource(file).open()).read(new Uint8Array(file.size)))
  },
  transportCode: async (path: string, limitBytes: number, isAborted: boolean): Promise<string | null> => {
    const ending = new AbortController()
    if (isAborted) ending.abort()
    const url = `${location.origin}${path}`
    const request = { method: "GET", url, headers: {}, subject: "test", signal: ending.signal } as const
    return await codeOf(fetchTransport(request).then(async (response) => await response.bytes(limitBytes)))
  },
  /** Sends a piece as uploads do. @returns the status of the answer, or what is thrown. */
  sendLarge: async (path: string, isAborted: boolean): Promise<string | number | null> => {
    const ending = new AbortController()
    const body = new Uint8Array(3 * 1024 * 1024).fill(7)
    const url = `${location.origin}${path}`
    const request = { method: "PATCH", url, headers: {}, subject: "test", body, signal: ending.signal } as const
    let status: number | null = null
    const sending = codeOf(
      fetchTransport(request).then(async (response) => {
        await response.bytes(64 * 1024)
        status = response.status
      }),
    )
    if (isAborted) ending.abort()
    const code = await sending
    if (body.at(-1) !== 7) throw new Error("what was sent is the caller's no more")
    return code ?? status
  },

  play: async (recordingId: string, download?: string): Promise<string> => {
    client ??= await openClient()
    if (client === null) throw new Error("no account")
    const recording = await findRecording(client, parseId("recording", recordingId))
    const playback = await openPlayback(client, recording, recording.media, download === undefined ? {} : { download })
    playbacks.push(playback)
    return playback.url
  },
  playCode: async (recordingId: string): Promise<string | null> => await codeOf(lab.play(recordingId)),
  failure: async (url: string): Promise<string> =>
    await new Promise((resolve) => {
      playbacks
        .find((playback) => playback.url === url)
        ?.onFailure(({ code, place }) => {
          resolve(`${code} ${place ?? ""}`)
        })
    }),
  close: (url: string): void => {
    playbacks.find((playback) => playback.url === url)?.close()
  },
  /** @returns status, headers that matter, and the SHA-256 of the body. */
  ask: async (url: string, range: string | null, method = "GET"): Promise<readonly unknown[]> => {
    const response = await fetch(url, { method, headers: range === null ? {} : { range } })
    const body = new Uint8Array(await response.arrayBuffer())
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body))
    const header = (name: string): string | null => response.headers.get(name)
    return [response.status, header("content-range"), header("content-length"), body.length, toBase64Url(hash)]
  },
  /** Reads the first bytes of an answer, then leaves. */
  leaveEarly: async (url: string): Promise<number> => {
    const reader = (await fetch(url)).body?.getReader()
    const first = await reader?.read()
    await reader?.cancel()
    return first?.value?.length ?? 0
  },
  /** Plays in a `<video>`, from a place. @returns what it shows there. */
  watch: async (url: string, atS: number): Promise<readonly number[]> => {
    const video = document.createElement("video")
    video.muted = true
    document.body.replaceChildren(video)
    video.src = url
    await new Promise((resolve, reject) => {
      video.onloadeddata = resolve
      video.onerror = () => {
        reject(new Error(video.error?.message))
      }
    })
    await new Promise((resolve) => {
      video.onseeked = resolve
      video.currentTime = atS
    })
    await video.play()
    await new Promise((resolve) => setTimeout(resolve, 200))
    video.pause()
    return [video.videoWidth, video.duration, video.currentTime]
  },
}

export type Lab = typeof lab

Object.assign(globalThis, { lab })

async function codeOf(attempt: Promise<unknown>): Promise<string | null> {
  return await attempt.then(
    () => null,
    (error: unknown) => (isArchiveError(error) ? `${error.code} ${error.place ?? ""}`.trim() : String(error)),
  )
}
