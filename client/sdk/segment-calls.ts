import { ArchiveError, type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"
import type { SegmentPrimitives } from "../crypto/primitives.js"
import {
  openWindow,
  type OpenedWindow,
  type PlaintextPiece,
  type SealedPiece,
  type SealedWindow,
  sealPiece,
} from "./segment-work.js"

/** What a thread and the one that it works for say to each other, whatever carries it: a thread of Node's or a web worker. */

export type SegmentRequest = { readonly id: number } & (
  { readonly kind: "seal"; readonly piece: PlaintextPiece } | { readonly kind: "open"; readonly window: SealedWindow }
)

export type SegmentAnswer =
  | { readonly id: number; readonly result: SealedPiece | OpenedWindow }
  | {
      readonly id: number
      readonly failure: { readonly code: ErrorCode; readonly message: string; readonly place: string | undefined }
    }

/** Posts a message and hands over the buffers that it names. */
type Post<Message> = (message: Message, buffers: ArrayBuffer[]) => void

/** The working end: does what is asked, and gives the buffer back with the answer. */
export function answerSegmentRequest(
  request: SegmentRequest,
  primitives: SegmentPrimitives,
  post: Post<SegmentAnswer>,
): void {
  try {
    const result =
      request.kind === "seal" ? sealPiece(request.piece, primitives) : openWindow(request.window, primitives)
    post({ id: request.id, result }, [result.buffer.buffer])
  } catch (error) {
    const failure = isArchiveError(error)
      ? { code: error.code, message: error.message, place: error.place }
      : { code: "internal" as const, message: String(error), place: undefined }
    post({ id: request.id, failure }, [])
  }
}

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: ArchiveError) => void
}

/** The asking end of one thread: what it was asked and has not answered. */
export class SegmentCalls {
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  get count(): number {
    return this.#waiting.size
  }

  async seal(piece: PlaintextPiece, post: Post<SegmentRequest>): Promise<SealedPiece> {
    const id = ++this.#lastId
    return await this.#ask(id, () => {
      post({ id, kind: "seal", piece }, [piece.buffer.buffer])
    })
  }

  async open(window: SealedWindow, post: Post<SegmentRequest>): Promise<OpenedWindow> {
    const id = ++this.#lastId
    return await this.#ask(id, () => {
      post({ id, kind: "open", window }, [window.buffer.buffer])
    })
  }

  settle(answer: SegmentAnswer): void {
    const waiter = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ("result" in answer) {
      waiter?.resolve(answer.result as never)
      return
    }
    const { code, message, place } = answer.failure
    waiter?.reject(new ArchiveError(code, message, place === undefined ? {} : { place }))
  }

  /** The thread ended: whoever waits is told. */
  fail(cause: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(new ArchiveError("internal", "the sealing thread ended", { cause }))
    this.#waiting.clear()
  }

  async #ask<Result>(id: number, send: () => void): Promise<Result> {
    const answered = new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
    send()
    return await answered
  }
}
