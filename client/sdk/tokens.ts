import * as z from "zod"
import { toHex } from "../../shared/protocol/bytes.js"
import { type CapabilityScope, challengeBytes } from "../../shared/protocol/capability.js"
import type { Signer } from "../../shared/protocol/envelope.js"
import { isArchiveError } from "../../shared/protocol/errors.js"
import {
  AccountTokenRequest,
  ChallengeResponse,
  MeetingTokenRequest,
  TokenResponse,
} from "../../shared/protocol/http.js"
import { type AccountId, formatId, type MeetingId } from "../../shared/protocol/ids.js"
import type { Http } from "./http.js"

/** Who asks, and with which key. */
export type Capability =
  { readonly kind: "account"; readonly id: AccountId; readonly signer: Signer } | MeetingCapability

export interface MeetingCapability {
  readonly kind: "meeting"
  readonly id: MeetingId
  readonly scope: "access" | "admin"
  readonly epoch: number
  readonly signer: Signer
}

/** A token is asked for anew this long before it ends. */
const MARGIN_MS = 30_000

/** Who is refused each time is refused: it may have come twice once, on a way that does that. */
const ATTEMPTS = 3

/** Short-lived tokens, by what they are for. */
export class TokenCache {
  readonly #tokens = new Map<string, { readonly token: Uint8Array; readonly endsAtMs: number }>()

  /** Runs `call` with a token; again with a new one if the server no longer knows it, or what answers the challenge got lost or came twice. */
  async with<T>(
    http: Http,
    capability: Capability,
    call: (token: Uint8Array, subject: string) => Promise<T>,
  ): Promise<T> {
    const subject = subjectOf(capability)
    // An admin key is that of many epochs, and a token of one of them.
    const epoch = capability.kind === "meeting" ? capability.epoch : 0
    const key = `${subject} ${toHex(capability.signer.publicKey)} ${epoch}`
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(await this.#tokenFor(http, capability, subject, key), subject)
      } catch (error) {
        if (!isArchiveError(error) || error.code !== "unauthenticated" || attempt === ATTEMPTS) throw error
        this.#tokens.delete(key)
      }
    }
  }

  async #tokenFor(http: Http, capability: Capability, subject: string, key: string): Promise<Uint8Array> {
    const known = this.#tokens.get(key)
    if (known !== undefined && known.endsAtMs > performance.now()) return known.token
    const path = capability.kind === "account" ? `/v1/accounts/${subject}` : `/v1/meetings/${subject}`
    const challenge = await http.json(ChallengeResponse, { method: "POST", path: `${path}/challenges`, subject })
    const [scope, epoch]: [CapabilityScope, number] =
      capability.kind === "account" ? ["device", 0] : [capability.scope, capability.epoch]
    const signature = capability.signer.sign(
      challengeBytes({ origin: http.origin, subject: capability.id, scope, epoch, ...challenge }),
    )
    const answer = { ...challenge, signature, origin: http.origin }
    const json =
      capability.kind === "account"
        ? z.encode(AccountTokenRequest, { ...answer, key: capability.signer.publicKey })
        : z.encode(MeetingTokenRequest, { ...answer, scope: capability.scope, epoch })
    const asked = performance.now()
    const issued = await http.json(TokenResponse, { method: "POST", path: `${path}/tokens`, subject, json })
    // By this device's own clock: the server's may differ, and its life-time is in the protocol.
    this.#tokens.set(key, { token: issued.token, endsAtMs: asked + 600_000 - MARGIN_MS })
    return issued.token
  }
}

function subjectOf(capability: Capability): string {
  return capability.kind === "account" ? formatId("account", capability.id) : formatId("meeting", capability.id)
}
