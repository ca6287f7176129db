import * as z from "zod"
import { fromBase64Url, toBase64Url, utf8 } from "../../../shared/protocol/bytes.js"
import { asId, type MeetingId, type RecordingId } from "../../../shared/protocol/ids.js"
import { DURABLE, withStorage } from "./database.js"
import { openRecord, sealRecord } from "./device-key.js"

/** What this browser is to finish, one record each, sealed under the device's key. */
export interface SealedRecords<Value> {
  /** Durable when it resolves. @param durability `relaxed` for what is only shown. */
  save(id: string, record: Value, durability?: IDBTransactionDurability): Promise<void>
  /** The ids of all. */
  list(): Promise<readonly string[]>
  /** `null` where it is gone, as another tab finished it. @throws {@link ArchiveError} `cannot-open`. */
  load(id: string): Promise<Value | null>
}

/** @param kind named in each seal, so that none is taken for one of another kind. */
export function sealedRecords<Schema extends z.ZodType>(
  store: "uploads" | "captures",
  kind: string,
  schema: Schema,
): SealedRecords<z.output<Schema>> {
  const placeOf = (id: string): string => `${kind} ${id}`
  return {
    save: async (id, record, durability = "strict") => {
      const sealed = await sealRecord(placeOf(id), utf8(JSON.stringify(z.encode(schema, record))))
      await withStorage(async (database) => {
        const change = database.transaction(store, "readwrite", { ...DURABLE, durability })
        await change.store.put(sealed, id)
        await change.done
      })
    },
    list: async () => await withStorage(async (database) => await database.getAllKeys(store)),
    load: async (id) => {
      const sealed = await withStorage(async (database) => await database.get(store, id))
      if (sealed === undefined) return null
      const text = new TextDecoder().decode(await openRecord(placeOf(id), sealed))
      return z.decode(schema, JSON.parse(text) as z.input<Schema>)
    },
  }
}

/** Ids as a record's JSON holds them. */
export const meetingIdText = z.codec(
  z.string(),
  z.custom<MeetingId>((value) => value instanceof Uint8Array),
  { decode: (text) => asId("meeting", fromBase64Url(text)), encode: toBase64Url },
)
export const recordingIdText = z.codec(
  z.string(),
  z.custom<RecordingId>((value) => value instanceof Uint8Array),
  { decode: (text) => asId("recording", fromBase64Url(text)), encode: toBase64Url },
)
