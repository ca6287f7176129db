import { config } from "zod"

// zod tries whether it may make functions of text. The policy says that nobody may, and each try would be reported.
config({ jitless: true })
