import { equalBytes } from "../../shared/protocol/bytes.js"
import { activeDevices, type VerifiedChain } from "../../shared/protocol/chain.js"
import { ArchiveError, isArchiveError } from "../../shared/protocol/errors.js"
import { sha256 } from "../../shared/protocol/hash.js"
import { type DeviceId, formatId, idOfHash, type MeetingId } from "../../shared/protocol/ids.js"
import { memberOf } from "../../shared/protocol/roster.js"
import { deviceSigner, newestUserSeed, openDeviceName, publicKeysOf, type UserSeed } from "../crypto/account-keys.js"
import { makeRenameDevice, makeRevokeDevices } from "../crypto/account-links.js"
import type { Client } from "./client.js"
import { owesAdminKey, rekeyMeeting } from "./epochs.js"
import { appendToKeyring } from "./keyring.js"
import { appendOwnLink, refreshKeys } from "./links.js"
import { readMeeting } from "./meetings.js"

/** The devices of one's own account. */

export interface ListedDevice {
  readonly deviceId: DeviceId
  readonly ed25519: Uint8Array
  /** `null` where the name does not open. */
  readonly name: string | null
  readonly isThis: boolean
  /** By the clock of the device that added it, in days since 1970. */
  readonly addedDay: number
}

/** Active devices, in the order in which they were added. */
export async function listDevices(client: Client): Promise<readonly ListedDevice[]> {
  const chain = await refreshKeys(client)
  const { secrets } = client.state.current
  return devicesOf(chain, secrets.userSeeds, publicKeysOf(secrets.device).ed25519)
}

export function devicesOf(
  chain: VerifiedChain,
  userSeeds: readonly UserSeed[],
  ownKey: Uint8Array | null,
): readonly ListedDevice[] {
  return activeDevices(chain).map(({ ed25519, sealedName, nameGeneration, addedSeq }) => {
    const seed = userSeeds.find(({ generation }) => generation === nameGeneration)?.seed
    return {
      deviceId: deviceIdOf(ed25519),
      ed25519,
      name: seed === undefined ? null : nameOrNull(seed, ed25519, sealedName),
      isThis: ownKey !== null && equalBytes(ed25519, ownKey),
      addedDay: chain.links[addedSeq]?.day ?? 0,
    }
  })
}

/** @throws {@link ArchiveError} `not-found`, `usage` for a name that is too long. */
export async function renameDevice(client: Client, deviceId: DeviceId, name: string): Promise<void> {
  await appendOwnLink(client, (chain, userSeed) =>
    makeRenameDevice(
      chain,
      deviceSigner(client.state.current.secrets),
      userSeed,
      requireDevice(chain, deviceId),
      name,
      ambientOf(client),
    ),
  )
}

/** What became of the meetings whose secrets a revoked device held. */
export interface RekeyReport {
  readonly rekeyed: readonly MeetingId[]
  /** To be tried again by later calls. */
  readonly failed: readonly { readonly meetingId: MeetingId; readonly error: ArchiveError }[]
}

/**
 * Revokes devices of this account: it gets a user key that they don't, and every meeting that it is in a secret that they don't.
 * @throws {@link ArchiveError} `not-found`, `usage` for this device itself.
 */
export async function revokeDevices(client: Client, deviceIds: readonly DeviceId[]): Promise<RekeyReport> {
  const { secrets } = client.state.current
  const own = publicKeysOf(secrets.device).ed25519
  // Known before the link is sent: where this process ends, a later call rekeys.
  await client.state.update((state) => ({
    ...state,
    pendingRekeys: state.meetings.map(({ meetingHash }) => meetingHash),
  }))
  client.failpoint("device.rekeys-kept")
  await appendOwnLink(client, (chain, userSeed) => {
    const revoked = deviceIds.map((deviceId) => requireDevice(chain, deviceId))
    if (revoked.some((key) => equalBytes(key, own)))
      throw new ArchiveError("usage", "this is the device that you are using: revoke it from another one")
    return makeRevokeDevices(chain, deviceSigner(client.state.current.secrets), userSeed, revoked, ambientOf(client))
  })
  client.failpoint("device.revoked")
  await closeKeyring(client)
  return await rekeyPending(client)
}

/** A first record under the new user key: from now on none under an older one counts, and so none of a revoked device. */
export async function closeKeyring(client: Client): Promise<void> {
  const chain = await refreshKeys(client)
  const { genesisHash, headHash, linkHashes } = chain
  await appendToKeyring(client, {
    type: "pin",
    genesisHash,
    seq: linkHashes.length - 1,
    chainHead: headHash,
    how: "self",
  })
}

/** Rekeys the meetings that still have a secret which a revoked device holds. What fails stays for a later call. */
export async function rekeyPending(client: Client): Promise<RekeyReport> {
  const rekeyed: MeetingId[] = []
  const failed: { readonly meetingId: MeetingId; readonly error: ArchiveError }[] = []
  for (const meetingHash of client.state.current.pendingRekeys) {
    const meetingId = idOfHash("meeting", meetingHash)
    try {
      if (await isOutdated(client, meetingId)) {
        await rekeyMeeting(client, meetingId)
        rekeyed.push(meetingId)
      }
    } catch (error) {
      if (!isArchiveError(error) || error.code === "interrupted") throw error
      // This account was taken out of the meeting, and so was the device; or the meeting was deleted.
      if (error.code !== "not-authorised" && error.code !== "gone") {
        failed.push({ meetingId, error })
        continue
      }
    }
    await client.state.update((state) => ({
      ...state,
      pendingRekeys: state.pendingRekeys.filter((other) => !equalBytes(other, meetingHash)),
    }))
  }
  return { rekeyed, failed }
}

async function isOutdated(client: Client, meetingId: MeetingId): Promise<boolean> {
  const log = await readMeeting(client, meetingId)
  const { secrets } = client.state.current
  const self = memberOf(log.current.roster, secrets.genesisHash)
  if (self === undefined) return false
  // Others may have rekeyed: from its secrets the device is out then, but still has the admins' key.
  return self.generation < newestUserSeed(secrets).generation || owesAdminKey(client, log)
}

function requireDevice(chain: VerifiedChain, deviceId: DeviceId): Uint8Array {
  const device = activeDevices(chain).find(({ ed25519 }) => equalBytes(deviceIdOf(ed25519), deviceId))
  if (device === undefined)
    throw new ArchiveError("not-found", `${formatId("device", deviceId)} is no active device of this account`)
  return device.ed25519
}

export function deviceIdOf(ed25519: Uint8Array): DeviceId {
  return idOfHash("device", sha256(ed25519))
}

function nameOrNull(seed: Uint8Array, ed25519: Uint8Array, sealedName: Uint8Array): string | null {
  try {
    return openDeviceName(seed, ed25519, sealedName)
  } catch (error) {
    if (!isArchiveError(error)) throw error
    return null
  }
}

function ambientOf({ clock, random }: Client): { readonly nowMs: number; readonly random: Client["random"] } {
  return { nowMs: clock.nowMs(), random }
}
