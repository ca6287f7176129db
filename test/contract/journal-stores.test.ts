import { join } from "node:path"
import { openJournalFolder } from "../../client/sdk/index.js"
import { temporaryFolder } from "../support/programs.js"
import { JOURNAL_STORE_CONTRACT } from "./journal-store.js"

describe("journal stores: a folder", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let count = 0

  before(async () => {
    folder = await temporaryFolder()
  })
  after(async () => {
    await folder.remove()
  })

  for (const [name, run] of Object.entries(JOURNAL_STORE_CONTRACT))
    it(name, async () => {
      const path = join(folder.path, String(count++))
      await run(async () => await openJournalFolder(path))
    })
})
