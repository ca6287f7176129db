/** What sealed-files.ts and its worker say to each other. */

export interface SealedFileRequest {
  readonly id: number
  readonly folders: readonly string[]
  readonly name: string
  readonly startBytes: number
  readonly sealed: Uint8Array<ArrayBuffer>
}

/** `failure` is the name of what the browser threw. */
export interface SealedFileAnswer {
  readonly id: number
  readonly failure: string | null
}
