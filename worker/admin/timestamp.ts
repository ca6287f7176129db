import * as asn1js from "asn1js"
import * as pkijs from "pkijs"
import { equalBytes } from "../../shared/protocol/bytes.js"
import type { RandomBytes } from "../../shared/protocol/ambient.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"

/** Time-stamps (RFC 3161) over SHA-512: somebody else's word that a manifest was there at a time. SPEC.md §12, G13. */

const SHA512_OID = "2.16.840.1.101.3.4.2.3"
const TIMESTAMP_OID = "1.2.840.113549.1.9.16.1.4"
const COMMON_NAME_OID = "2.5.4.3"
/** As asked for, or with changes. */
const GRANTED: ReadonlySet<pkijs.PKIStatus> = new Set([pkijs.PKIStatus.granted, pkijs.PKIStatus.grantedWithMods])
const NONCE_BYTES = 16
const ANSWER_LIMIT_BYTES = 64 * 1024
const TIMEOUT_MS = 30_000

export interface Timestamp {
  readonly time: Date
  /** As its certificate calls it. Whether that certificate can be trusted, `openssl ts -verify` says. */
  readonly authority: string
}

/**
 * Asks an authority for a time-stamp.
 * @returns its answer, as it goes into the production.
 * @throws {@link ArchiveError} `unavailable` where it does not answer, or not with a time-stamp of this.
 */
export async function requestTimestamp(
  url: string,
  stamped: { readonly bytes: Uint8Array; readonly sha512: Uint8Array },
  random: RandomBytes,
): Promise<Uint8Array> {
  const nonce = random(NONCE_BYTES)
  // A positive integer of this very length.
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
  const query = new pkijs.TimeStampReq({
    version: 1,
    messageImprint: new pkijs.MessageImprint({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: SHA512_OID, algorithmParams: new asn1js.Null() }),
      hashedMessage: new asn1js.OctetString({ valueHex: bufferOf(stamped.sha512) }),
    }),
    nonce: new asn1js.Integer({ valueHex: bufferOf(nonce) }),
    certReq: true,
  })
  const raw = await post(url, new Uint8Array(query.toSchema().toBER()))
  try {
    const { info } = parse(raw)
    if (info.nonce === undefined || !equalBytes(info.nonce.valueBlock.valueHexView, nonce))
      throw new ArchiveError("unavailable", "an answer to another question")
    await openTimestamp(raw, stamped)
  } catch (cause) {
    if (!isArchiveError(cause)) throw cause
    throw new ArchiveError("unavailable", `${url} gave no time-stamp of this: ${cause.message}`, { cause })
  }
  return raw
}

/**
 * What a time-stamp says, once its signature by the certificate that it brings is verified.
 * @throws {@link ArchiveError} `integrity` for one of other bytes, or with a signature that fails.
 */
export async function openTimestamp(
  raw: Uint8Array,
  stamped: { readonly bytes: Uint8Array; readonly sha512: Uint8Array },
): Promise<Timestamp> {
  const { signed, info } = parse(raw)
  const { hashAlgorithm, hashedMessage } = info.messageImprint
  if (hashAlgorithm.algorithmId !== SHA512_OID || !equalBytes(hashedMessage.valueBlock.valueHexView, stamped.sha512))
    throw new ArchiveError("integrity", "a time-stamp of something else")
  const verified = await signed
    .verify({ signer: 0, data: bufferOf(stamped.bytes), extendedMode: true })
    .catch((cause: unknown) => {
      throw new ArchiveError("integrity", "a time-stamp whose signature fails", { cause })
    })
  if (verified.signatureVerified !== true) throw new ArchiveError("integrity", "a time-stamp whose signature fails")
  const names = verified.signerCertificate?.subject.typesAndValues ?? []
  const name = names.find(({ type }) => type === COMMON_NAME_OID)?.value.valueBlock.value as unknown
  return { time: info.genTime, authority: typeof name === "string" ? name : "an authority without a name" }
}

function parse(raw: Uint8Array): { readonly signed: pkijs.SignedData; readonly info: pkijs.TSTInfo } {
  try {
    const answer = pkijs.TimeStampResp.fromBER(bufferOf(raw))
    if (!GRANTED.has(answer.status.status) || answer.timeStampToken === undefined)
      throw new ArchiveError("integrity", "a time-stamp that was not granted")
    const signed = new pkijs.SignedData({ schema: answer.timeStampToken.content })
    const contents = signed.encapContentInfo.eContent
    if (signed.encapContentInfo.eContentType !== TIMESTAMP_OID || contents === undefined)
      throw new ArchiveError("integrity", "no time-stamp")
    return { signed, info: pkijs.TSTInfo.fromBER(contents.getValue()) }
  } catch (cause) {
    if (isArchiveError(cause)) throw cause
    throw new ArchiveError("integrity", "a time-stamp that can't be read", { cause })
  }
}

async function post(url: string, query: Uint8Array): Promise<Uint8Array> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/timestamp-query", accept: "application/timestamp-reply" },
      body: bufferOf(query),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (!response.ok || bytes.length > ANSWER_LIMIT_BYTES) throw new Error(`it answered ${response.status}`)
    return bytes
  } catch (cause) {
    throw new ArchiveError("unavailable", `the authority for time-stamps at ${url} does not answer`, { cause })
  }
}

/** Its own: that of a `Buffer` may be a pool's. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
