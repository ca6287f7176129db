import type { ErrorCode } from "../../../shared/protocol/errors.js"
import type { Prepared } from "./prepared.js"

/** What a page and its preparing worker say to each other. */
export interface PrepareRequest {
  readonly uploadId: string
  readonly original:
    | { readonly kind: "file"; readonly file: File }
    /** What was recorded here, and is kept beside the journal of this id. */
    | { readonly kind: "capture"; readonly mediaType: string }
    /** What was put among the kept files before. */
    | { readonly kind: "kept"; readonly name: string; readonly sizeBytes: number; readonly mediaType: string }
  readonly captions: File | null
  /** In WebVTT. */
  readonly chapters: File | null
}

export type PrepareAnswer =
  | { readonly kind: "progress"; readonly fraction: number }
  | { readonly kind: "done"; readonly prepared: Prepared }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
