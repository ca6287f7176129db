import { createCipheriv, randomBytes } from "node:crypto"
import { encodeAssetHeader } from "../../shared/protocol/asset-header.js"
import { asId } from "../../shared/protocol/ids.js"
import { SEGMENT_BYTES, SEGMENT_PLAINTEXT_BYTES } from "../../shared/protocol/sizes.js"
import { nodePrimitives } from "../../client/crypto/node-primitives.js"
import { createSegmentSealer } from "../../client/crypto/segments.js"
import { sodiumReady } from "../../client/crypto/sodium.js"
import { median } from "./statistics.js"

const SEGMENTS = 2_048
const RUNS = 5

/** Sealing as it is done, segment keys, commitments and leaf hashes included, against the bare cipher on the same bytes and one core. */
export async function benchSealing(): Promise<{
  readonly ratio: number
  readonly sealingMiBs: number
  readonly rawMiBs: number
}> {
  await sodiumReady()
  const key = {
    contentKey: randomBytes(32),
    rawHeader: encodeAssetHeader({ kind: "file", assetId: asId("asset", randomBytes(16)), salt: randomBytes(32) }),
  }
  const plaintext = randomBytes(SEGMENT_PLAINTEXT_BYTES)
  const out = new Uint8Array(SEGMENT_BYTES)
  const sealer = createSegmentSealer(key, nodePrimitives)
  const sealing = (): void => {
    for (let index = 0; index < SEGMENTS; index++) {
      sealer.seal(index, false, plaintext, out)
      nodePrimitives.leafHash(out)
    }
  }
  const nonce = new Uint8Array(12)
  const whole = randomBytes(SEGMENT_BYTES)
  const raw = (): void => {
    for (let index = 0; index < SEGMENTS; index++) {
      const cipher = createCipheriv("chacha20-poly1305", key.contentKey, nonce, { authTagLength: 16 })
      cipher.update(whole)
      cipher.final()
      cipher.getAuthTag()
    }
  }
  sealing()
  raw()
  const times: { readonly sealing: number; readonly raw: number }[] = []
  for (let run = 0; run < RUNS; run++) times.push({ sealing: seconds(sealing), raw: seconds(raw) })
  const mebibytes = (SEGMENTS * SEGMENT_BYTES) / 2 ** 20
  return {
    ratio: median(times.map((time) => time.raw / time.sealing)),
    sealingMiBs: mebibytes / median(times.map((time) => time.sealing)),
    rawMiBs: mebibytes / median(times.map((time) => time.raw)),
  }
}

function seconds(work: () => void): number {
  const started = performance.now()
  work()
  return (performance.now() - started) / 1_000
}
