import { toHex } from "../../shared/protocol/bytes.js"
import type { ProductionResult } from "./produce.js"
import { print } from "./terminal.js"

/** Says what was produced. `of` is what it was asked for by. */
export function printProduced(
  of: Readonly<Record<string, string>>,
  { folder, tagManifestHash, declaration }: ProductionResult,
): void {
  const { scope, rows, objects, objectBytes, omitted, withheld, asked } = declaration
  const count = Object.values(rows).reduce((sum, table) => sum + table, 0)
  print(
    {
      ...of,
      folder,
      tagManifestSha512: toHex(tagManifestHash),
      scope,
      rows,
      objects,
      objectBytes,
      omitted,
      withheld,
      asked,
    },
    [
      `${folder}: ${objects} objects, ${objectBytes} bytes, ${count} rows`,
      ...scope.flatMap(({ item, present, reason }) =>
        present ? [] : [`not held  ${item}: ${reason ?? "it is not stored"}`],
      ),
      ...(declaration.confirmers.length === 0
        ? []
        : [`It waits for a second operator: taciturn-admin case confirm ${of["case"] ?? "case_…"} ${folder} --key …`]),
      `SHA-512 of its tag manifest, to be told with it: ${toHex(tagManifestHash)}`,
    ],
  )
}
