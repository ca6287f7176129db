// `npm run demo`: sets up what is missing, then tells the whole story on a temporary folder.
import { setUp } from "./set-up.mjs"

await setUp({ tests: true })
await import("../dist/test/demo/main.js")
