// `npm start`: sets up what is missing, then runs the whole service in this process.
import { setUp } from "./set-up.mjs"

await setUp()
await import("../dist/programs/serve.js")
