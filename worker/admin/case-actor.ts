import { userInfo } from "node:os"
import type { Actor } from "../../shared/server/catalog/custody.js"
import { programVersion } from "../../shared/server/version.js"
import { readLine } from "./arguments.js"

export interface ActorOptions {
  readonly by?: string
}

/** Who acts, for the custody record. */
export function actorOf({ by }: ActorOptions): Actor {
  return {
    name: readLine("the name of who acts", by ?? userInfo().username),
    tool: `taciturn-admin ${programVersion()}`,
  }
}
