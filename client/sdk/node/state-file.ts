import type { RandomBytes } from "../../../shared/protocol/ambient.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { createKeystoreLock, type KeystoreLock, openKeystore } from "../../crypto/keystore.js"
import { type ClientState, decodeState, encodeState, type StateBox } from "../state.js"
import { readIfThere, writeDurably } from "./files.js"
import { withLock } from "./lock.js"

/** Makes a keystore where there is none. @throws {@link ArchiveError} `exists`. */
export async function createStateFile(
  path: string,
  state: ClientState,
  passphrase: string | null,
  random: RandomBytes,
): Promise<StateBox> {
  const keystoreLock = createKeystoreLock(passphrase, random)
  await withLock(
    path,
    async () => {
      if ((await readIfThere(path)) !== null)
        throw new ArchiveError("exists", `there is an account in ${path} already: nothing was changed`)
      await writeDurably(path, keystoreLock.seal(encodeState(state)))
    },
    { wait: true },
  )
  return boxOf(path, state, keystoreLock)
}

/** @throws {@link ArchiveError} `not-found` where there is no keystore; `cannot-open` for a wrong passphrase. */
export async function openStateFile(
  path: string,
  passphrase: () => Promise<string | null>,
  random: RandomBytes,
): Promise<StateBox> {
  const raw = await readIfThere(path)
  if (raw === null) throw new ArchiveError("not-found", "there is no account here yet: run `taciturn init`")
  const { content, lock } = openKeystore(raw, await passphrase(), random)
  return boxOf(path, decodeState(content), lock)
}

function boxOf(path: string, first: ClientState, keystoreLock: KeystoreLock): StateBox {
  let current = first
  return {
    get current() {
      return current
    },
    update: async (change) => {
      await withLock(
        path,
        async () => {
          const raw = await readIfThere(path)
          if (raw === null) throw new ArchiveError("not-found", "the account's keystore is gone: nothing was changed")
          const before = decodeState(keystoreLock.reopen(raw))
          const next = change(before)
          if (next !== before) await writeDurably(path, keystoreLock.seal(encodeState(next)))
          current = next
        },
        { wait: true },
      )
    },
  }
}
