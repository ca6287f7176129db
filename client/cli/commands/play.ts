import type { Command } from "commander"
import { findRecording, readAsset } from "../../sdk/recordings.js"
import { readId } from "../arguments.js"
import type { Action } from "../main.js"
import { secureRandom } from "../context.js"
import { servePlayback } from "../play-server.js"
import { EXIT, EXIT_CODES } from "../exit-codes.js"

export function addPlayCommand(program: Command, run: (action: Action) => Promise<void>): void {
  program
    .command("play <recording>")
    .description("serve the opened recording to a player on this machine, until Ctrl-C")
    .addHelpText(
      "after",
      "\nExample:\n  taciturn play rec_…\n  mpv http://127.0.0.1:…   (the address that it printed, in another terminal)",
    )
    .action(async (recording: string) => {
      await run(async (context) => {
        const client = await context.openClient()
        const found = await findRecording(client, readId("recording", recording))
        const reader = readAsset(client, found, found.media, { readsOn: true })
        const server = await servePlayback(reader, secureRandom, (error) => {
          context.output.note(
            `playback stopped: ${error.message}${error.place === undefined ? "" : ` (${error.place})`}`,
          )
        })
        context.output.result({ url: server.url, title: found.details.title, sizeBytes: found.media.trueBytes }, [
          server.url,
        ])
        context.output.note("Ctrl-C ends it.")
        await new Promise<void>((resolve) => {
          if (context.signal.aborted) resolve()
          context.signal.addEventListener("abort", () => {
            resolve()
          })
        })
        await server.close()
        return server.failure === null ? EXIT.done : EXIT_CODES[server.failure.code]
      })
    })
}
