import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { formatId } from "../../shared/protocol/ids.js"
import { instanceIdOf } from "../../shared/protocol/receipt.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { refused } from "./bag-reader.js"
import {
  type Certificate,
  CERTIFICATE_FILES,
  certificateSchema,
  hashOfCertificate,
  openErasureSignature,
  textOfCertificate,
} from "./erasure-format.js"
import { renderCertificate } from "./erasure-page.js"
import { parseJson } from "./record-reader.js"

/** Whether a folder is a certificate's, and no production's. */
export async function isCertificate(folder: string): Promise<boolean> {
  const entries = await readdir(folder).catch((): string[] => [])
  return entries.includes(CERTIFICATE_FILES.signature)
}

/**
 * Checks a certificate, offline: that page and signature are its own, and that an operator key of its instance signed it.
 * @throws {@link ArchiveError} `integrity`, `bad-signature`, `malformed`, `instance-changed`.
 */
export async function verifyCertificate(
  folder: string,
  instanceKey: Uint8Array | null,
): Promise<{ readonly certificate: Certificate; readonly instanceKey: string }> {
  const read = async (name: string): Promise<Buffer> =>
    await readFile(join(folder, name)).catch((cause: unknown) => {
      throw new ArchiveError("integrity", "a part of the certificate is missing", { place: name, cause })
    })
  const raw = await read(CERTIFICATE_FILES.certificate)
  const signed = openSignature(await read(CERTIFICATE_FILES.signature))
  if (!equalBytes(signed.certificateHash, hashOfCertificate(raw)))
    throw new ArchiveError("bad-signature", "a signature of another certificate", {
      place: CERTIFICATE_FILES.signature,
    })
  if (instanceKey !== null && !equalBytes(instanceKey, signed.instanceKey))
    throw new ArchiveError("instance-changed", "signed for another instance than the one that was named", {
      place: CERTIFICATE_FILES.signature,
    })
  const text = raw.toString("utf8")
  const parsed = certificateSchema.safeParse(parseJson(text, CERTIFICATE_FILES.certificate))
  if (
    !parsed.success ||
    textOfCertificate(parsed.data) !== text ||
    parsed.data.day !== signed.day ||
    parsed.data.instance !== formatId("instance", instanceIdOf(signed.instanceKey))
  )
    throw refused("a certificate of another form", CERTIFICATE_FILES.certificate)
  if ((await read(CERTIFICATE_FILES.page)).toString("utf8") !== renderCertificate(parsed.data))
    throw refused("a page that says something else than the certificate", CERTIFICATE_FILES.page)
  return { certificate: parsed.data, instanceKey: toHex(signed.instanceKey) }
}

function openSignature(raw: Uint8Array): ReturnType<typeof openErasureSignature> {
  try {
    return openErasureSignature(raw, verifySignature)
  } catch (cause) {
    if (!isArchiveError(cause)) throw cause
    throw new ArchiveError(cause.code, cause.message, { place: CERTIFICATE_FILES.signature, cause })
  }
}
