import { join } from "node:path"
import { buffer } from "node:stream/consumers"
import { nodeSha256 } from "../../shared/server/ambient.js"
import { openFolderStore } from "../../shared/server/objects/folder.js"
import { openS3Store } from "../../shared/server/objects/s3.js"
import type { ObjectStore } from "../../shared/server/ports.js"
import type { Stack } from "./stack.js"

/** What a running installation has stored, reached past the service, as whoever has its disks reaches it. */
export async function openStackObjects({ settings, folders }: Stack): Promise<ObjectStore> {
  return settings?.s3 == null
    ? await openFolderStore(join(folders[0] ?? "", "objects"))
    : openS3Store({ ...settings.s3, region: "us-east-1" })
}

export async function listKeys(store: ObjectStore): Promise<ReadonlySet<string>> {
  const keys = new Set<string>()
  for await (const { key } of store.list("")) keys.add(key)
  return keys
}

/** Changes one byte of the largest object that came since `before`. */
export async function flipNewest(store: ObjectStore, before: ReadonlySet<string>, at: number): Promise<void> {
  let newest = { key: "", sizeBytes: 0 }
  for await (const object of store.list(""))
    if (!before.has(object.key) && object.sizeBytes > newest.sizeBytes) newest = object
  const bytes = await buffer(await store.get(newest.key))
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await store.put(newest.key, { kind: "bytes", bytes, sha256: nodeSha256(bytes) })
}
