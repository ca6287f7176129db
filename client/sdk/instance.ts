import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import { InstanceResponse } from "../../shared/protocol/http.js"
import { instanceIdOf, openServerKey } from "../../shared/protocol/receipt.js"
import { verifySignature } from "../crypto/sodium.js"
import type { Http } from "./http.js"

export interface InstanceInfo {
  readonly instanceKey: Uint8Array
  readonly serverKeys: readonly Uint8Array[]
  readonly version: string
  /** Whether meetings are made by anybody, or with a code of the operator's. */
  readonly meetingCreation: "open" | "code"
}

/**
 * Who the server says it is, against the key that was pinned.
 * @throws {@link ArchiveError} `instance-changed`, `bad-signature`.
 */
export async function fetchInstance(http: Http, pinnedKey: Uint8Array | null): Promise<InstanceInfo> {
  const answer = await http.json(InstanceResponse, { path: "/v1/instance", subject: "instance" })
  if (!equalBytes(instanceIdOf(answer.instanceKey), answer.instance))
    throw new ArchiveError("bad-signature", "an instance whose id is not its key's")
  if (pinnedKey !== null && !equalBytes(pinnedKey, answer.instanceKey)) {
    throw new ArchiveError(
      "instance-changed",
      "the server at this address is another than the one that this device knows: nothing was sent to it",
    )
  }
  for (const rawKey of answer.serverKeys) {
    if (!equalBytes(openServerKey(rawKey, verifySignature).instanceKey, answer.instanceKey))
      throw new ArchiveError("bad-signature", "a server key of another instance")
  }
  const { instanceKey, serverKeys, version, meetingCreation } = answer
  return { instanceKey, serverKeys, version, meetingCreation }
}
