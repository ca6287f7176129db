/** What large-sends.ts and its worker say to each other. */

export type SendingRequest =
  | {
      readonly kind: "send"
      readonly id: number
      readonly url: string
      readonly method: string
      readonly headers: Readonly<Record<string, string>>
      /** What is sent, from its beginning; it comes back with the answer. */
      readonly buffer: Uint8Array<ArrayBuffer>
      readonly sizeBytes: number
    }
  /** Nobody waits for its answer any more. */
  | { readonly kind: "stop"; readonly id: number }

export interface SendingAnswer {
  readonly id: number
  readonly buffer: Uint8Array<ArrayBuffer>
  /** `null` where none came. */
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: Uint8Array
  } | null
}
