/**
 * What a page and the service worker say to each other. The worker holds nothing: it hands each request to the page that plays, which opens the bytes,
 * and hands these back. It may be older or newer than the page, so it knows neither keys nor ranges nor types.
 */

/** Where playback is asked for; behind it stands an id that nobody can guess. */
export const PLAYBACK_PATH = "/app/play/"

/** A page to the worker. */
export interface PageMessage {
  /** `claim`: be this page's worker; `drop`: end every answer that is under way; `stay`: do not stop, an answer is under way. */
  readonly kind: "claim" | "drop" | "stay"
}

/** The worker to a page, with a port for all that follows. */
export interface PlayRequest {
  readonly kind: "play"
  readonly id: string
  /** This run of the worker: what an earlier one took, nobody takes any more. */
  readonly worker: string
  readonly method: string
  readonly range: string | null
}

/** The page's first word on the port: the answer's head, or that this page knows no such playback. */
export type PlayHead =
  | {
      readonly kind: "head"
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly hasBody: boolean
    }
  | { readonly kind: "unknown" }

/** The worker on the port: the next bytes are wanted, or no more are. */
export interface PlayPull {
  readonly kind: "pull" | "cancel"
}

/** The page, once for each `pull`. */
export type PlayBytes =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end" }
  | { readonly kind: "failed" }
