import { toHex } from "../../shared/protocol/bytes.js"
import { allFormats } from "../support/formats/all.js"
import type { Format } from "../support/formats/format.js"

/** The frozen form of a format: what its bytes are, what they say, and which bytes are refused with which code. */
export interface Vectors {
  readonly format: string
  readonly section: string
  readonly valid: { readonly material: string; readonly bytes: string; readonly decoded: unknown }
  readonly invalid: readonly { readonly name: string; readonly code: string; readonly bytes: string }[]
}

export function vectorsOf(format: Format): Vectors {
  const raw = format.assemble(format.material)
  return {
    format: format.name,
    section: `SPEC.md §${format.section}`,
    valid: { material: toHex(format.material), bytes: toHex(raw), decoded: readable(format.decode(raw)) },
    invalid: format.refusals.map(({ name, code, raw: refused }) => ({ name, code, bytes: toHex(refused) })),
  }
}

export function allVectors(): readonly Vectors[] {
  return allFormats().map(vectorsOf)
}

/** One file per format, in this folder. */
export function fileOf(vectors: Pick<Vectors, "format">): URL {
  return new URL(`${vectors.format}.json`, import.meta.url)
}

export function textOf(vectors: Vectors): string {
  return `${JSON.stringify(vectors, null, 2)}\n`
}

/** Decoded values as JSON can hold them: bytes in hexadecimal, nothing as `null`. */
function readable(value: unknown): unknown {
  if (value === undefined) return null
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).flatMap(([name, item]) => (typeof item === "function" ? [] : [[name, readable(item)]])))
}
