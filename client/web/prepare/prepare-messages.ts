import type { ErrorCode } from "../../../shared/protocol/errors.js"
import type { Prepared } from "./prepared.js"

/** What a page and its preparing worker say to each other. */
export interface PrepareRequest {
  readonly uploadId: string
  readonly file: File
  readonly captions: File | null
}

export type PrepareAnswer =
  | { readonly kind: "progress"; readonly fraction: number }
  | { readonly kind: "done"; readonly prepared: Prepared }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
