/** What a bag (RFC 8493) has beside its payload. SPEC.md §12. */

export const TAG_FILES = {
  declaration: "bagit.txt",
  info: "bag-info.txt",
  manifest: "manifest-sha512.txt",
  tagManifest: "tagmanifest-sha512.txt",
  /** The program that verifies the bag. */
  verifier: "verify.mjs",
  /** The same as a page, for people without Node. */
  verifierPage: "verify.html",
  /** An authority's time-stamp of the payload's manifest, where one was asked for. */
  timestamp: "timestamp.tsr",
} as const

export const BAG_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
