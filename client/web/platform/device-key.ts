import { utf8 } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { DURABLE, withStorage } from "./database.js"
import { freeBuffer } from "./free-buffer.js"

/** AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce for each record: one device writes far fewer than 2^32. */
const ALGORITHM = { name: "AES-GCM", length: 256 } as const
const NONCE_BYTES = 12

let kept: Promise<CryptoKey> | null = null

/** nonce ‖ ciphertext ‖ tag. @param place what stands where: a record opens only in the place that it was sealed for. */
export async function sealRecord(place: string, plaintext: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  // A browser seals what no thread shares; nothing here does.
  const given = plaintext as Uint8Array<ArrayBuffer>
  const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, place), await deviceKey(), given))
  const record = new Uint8Array(NONCE_BYTES + sealed.length)
  record.set(nonce)
  record.set(sealed, NONCE_BYTES)
  freeBuffer(sealed)
  return record
}

/** @throws {@link ArchiveError} `cannot-open`. */
export async function openRecord(place: string, record: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const key = await deviceKey()
  try {
    const nonce = record.subarray(0, NONCE_BYTES)
    return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, place), key, record.subarray(NONCE_BYTES)))
  } catch (cause) {
    throw new ArchiveError("cannot-open", "what this browser keeps cannot be opened", { cause })
  }
}

/** What was sealed opens no more, wherever a copy of it may be left. */
export async function forgetDeviceKey(): Promise<void> {
  await withStorage(async (database) => {
    const change = database.transaction("keys", "readwrite", DURABLE)
    await change.store.clear()
    await change.done
  })
  kept = null
}

async function deviceKey(): Promise<CryptoKey> {
  kept ??= readOrMakeKey()
  try {
    return await kept
  } catch (error) {
    kept = null
    throw error
  }
}

/** WebCrypto's own object, which IndexedDB keeps and no script can read out. */
async function readOrMakeKey(): Promise<CryptoKey> {
  return await withStorage(async (database) => {
    const known = await database.get("keys", "device")
    if (known !== undefined) return known
    const fresh = await crypto.subtle.generateKey(ALGORITHM, false, ["encrypt", "decrypt"])
    const change = database.transaction("keys", "readwrite", DURABLE)
    // Another tab may have been quicker.
    const other = await change.store.get("device")
    if (other === undefined) await change.store.put(fresh, "device")
    await change.done
    return other ?? fresh
  })
}

function parameters(nonce: Uint8Array<ArrayBuffer>, place: string): AesGcmParams {
  return { name: ALGORITHM.name, iv: nonce, additionalData: new Uint8Array(utf8(place)) }
}
