import type { ServerConfig } from "../shared/server/config.js"

const DEFAULT_ADDRESS = "http://127.0.0.1:8080"

/** What the terminal shows once the service can serve: where it is, where its data is, what to do next. */
export function welcome(address: string, config: ServerConfig): string {
  const url = address === DEFAULT_ADDRESS ? "" : ` --url ${address}`
  return `
  Taciturn serves at ${address}
  Its data is in     ${config.dataDir}

  Next, in another terminal:

    npx taciturn init${url}
    npx taciturn meeting create "Weekly call"
    npx taciturn --help

  Ctrl-C ends it.

`
}
