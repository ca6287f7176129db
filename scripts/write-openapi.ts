import { writeFileSync } from "node:fs"
import { format } from "prettier"
import { openApiDocument } from "../api/openapi.js"
import { programVersion } from "../shared/server/version.js"

/** Writes docs/openapi.json from the schemas that the API itself uses. A test fails where it is out of date. */
const document = JSON.stringify(openApiDocument(programVersion()))
writeFileSync(
  new URL("../docs/openapi.json", import.meta.url),
  await format(document, { parser: "json", printWidth: 120 }),
)
