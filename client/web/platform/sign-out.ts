import { tellServiceWorker } from "../playback/register.js"
import { forgetJournals } from "./journal-store.js"
import { forgetStateBox } from "./state-box.js"

/** Takes everything of the account from this browser; every tab of the app is loaded anew. Uploads that are not finished can't be finished here. */
export async function forgetDevice(): Promise<void> {
  await tellServiceWorker("drop")
  await forgetJournals()
  await forgetStateBox()
}
