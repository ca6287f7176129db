import { writeFile } from "node:fs/promises"
import { sodiumReady } from "../../client/crypto/sodium.js"
import { allVectors, fileOf, textOf } from "./vectors.js"

/** Writes the frozen vectors: `npx tsx test/vectors/generate-protocol.ts`. Only together with a change of SPEC.md. */
await sodiumReady()
await Promise.all(allVectors().map((vectors) => writeFile(fileOf(vectors), textOf(vectors))))
