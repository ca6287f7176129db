import { homedir } from "node:os"
import { join, resolve } from "node:path"

/** What the environment sets for the command; nothing else of it reads the environment. */
export interface CliConfig {
  readonly home: string
  readonly url: string | null
  readonly passphraseFile: string | null
  /** The instance's code for making meetings. */
  readonly meetingCode: string | null
  readonly ffmpegPath: string | null
  readonly searchPath: string
  readonly failpoint: { readonly name: string; readonly logPath: string | null } | null
}

export const DEFAULT_URL = "http://127.0.0.1:8080"

export function readCliConfig(environment: NodeJS.ProcessEnv = process.env): CliConfig {
  const text = (name: string): string | null => {
    const value = environment[name]
    return value === undefined || value === "" ? null : value
  }
  const failpoint = text("TACITURN_FAILPOINT")
  return {
    home: resolve(text("TACITURN_HOME") ?? join(homedir(), ".taciturn")),
    url: text("TACITURN_URL"),
    passphraseFile: text("TACITURN_PASSPHRASE_FILE"),
    meetingCode: text("TACITURN_MEETING_CODE"),
    ffmpegPath: text("FFMPEG_BIN"),
    searchPath: text("PATH") ?? "",
    failpoint: failpoint === null ? null : { name: failpoint, logPath: text("TACITURN_FAILPOINT_LOG") },
  }
}
