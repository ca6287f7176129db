import { buffer } from "node:stream/consumers"
import { expect } from "chai"
import type { Haystack } from "./needles.js"
import { seizeDatabase, seizeFolder, seizeMemory } from "./seize.js"
import { databaseUrlOf } from "./stack-database.js"
import { openStackObjects } from "./stack-objects.js"
import type { Stack } from "./stack.js"

/** Everything of a running installation: its disk, logs, database, object store, and the memory of its processes, Redis among them. */
export async function seizeServer(haystack: Haystack, stack: Stack): Promise<void> {
  for (const folder of stack.folders) await seizeFolder(haystack, folder)
  haystack.scan("logs", Buffer.from(stack.logs()))
  expect(await seizeDatabase(haystack, await databaseUrlOf(stack))).to.be.greaterThan(10)
  for (const [role, pid] of Object.entries(stack.pids)) await seizeMemory(haystack, `memory of ${role}`, pid)
  // The embedded one's objects are files of its folder.
  if (stack.settings?.s3 == null) return
  const store = await openStackObjects(stack)
  for await (const { key } of store.list("")) haystack.scan(`object ${key}`, await buffer(await store.get(key)))
  await store.close()
}
