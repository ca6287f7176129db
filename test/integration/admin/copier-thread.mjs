// A thread does not inherit the loader that runs tests from source.
import { register } from "tsx/esm/api"

register()
await import("../../../worker/admin/copier-worker.ts")
