// Ends at the first word that is said to it.
import { parentPort } from "node:worker_threads"

parentPort.once("message", () => process.exit(1))
