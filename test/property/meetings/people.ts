import { randomBytes } from "node:crypto"
import { expect } from "chai"
import {
  acceptInvitation,
  addMember,
  adoptKeyring,
  type Client,
  createClient,
  createMeeting,
  createNodeTransport,
  expireMeeting,
  findRecording,
  flushOutbox,
  Http,
  inviteAgain,
  isArchiveError,
  leaveMeeting,
  listDevices,
  listInvitations,
  type MeetingId,
  nodePrimitives,
  type OpenRecording,
  prepareAccount,
  readAsset,
  readKeyring,
  readMeeting,
  refreshKeys,
  type RecordingId,
  recoverAccount,
  registerAccount,
  rekeyMeeting,
  rekeyPending,
  removeMember,
  renewMeeting,
  revokeDevices,
  setPolicy,
  setRole,
  type StateBox,
  type Transport,
  uploadRecording,
  whoAmI,
} from "../../../client/sdk/index.js"
import type { TransportRequest } from "../../../client/sdk/http.js"
import { toHex } from "../../../shared/protocol/bytes.js"
import { type ErrorCode } from "../../../shared/protocol/errors.js"
import { eventHash } from "../../../shared/protocol/event.js"
import { AppendEventRequest } from "../../../shared/protocol/http.js"
import { chanceOf } from "../../support/chance.js"
import { type MemoryJournal, memoryJournal, memoryStateBox } from "../../support/sdk/memory.js"
import { bytesSource, readAll } from "../../support/sdk/sources.js"
import { type FaultyTransport, faultyTransport } from "./faulty-transport.js"
import type { Deed } from "./script.js"

/** Who did what with an event that was sent, whether it was accepted or not. */
export interface SentEvent {
  readonly by: number
  readonly deed: Deed
  /** What was being published, where something was. */
  readonly recording: { readonly recordingId: RecordingId; readonly captureEpoch: number } | null
}

/** What an honest client may meet where others change things at the same time and requests get lost. Everything else is a failure. */
const EXPECTED: readonly ErrorCode[] = ["unavailable", "conflict", "not-authorised", "not-found", "exists", "usage"]
const clock = { nowMs: () => Date.now() }
/** Four bytes are the delay of an invitation: none. */
const random = (count: number): Uint8Array => (count === 4 ? new Uint8Array(4) : new Uint8Array(randomBytes(count)))

interface Upload {
  readonly journal: MemoryJournal
  readonly bytes: Uint8Array
}

/** Somebody with an account, whose device does the deeds of a script. */
export class Actor {
  readonly number: number
  readonly #phrase: string
  readonly #url: string
  readonly #way: FaultyTransport
  readonly #closeWay: () => Promise<void>
  readonly #sent: Map<string, SentEvent>
  readonly #uploads: Upload[] = []
  /** Devices that were in use before, and are to be revoked. */
  readonly former: Client[] = []
  /** What was opened meanwhile, to be tried again at the end. */
  readonly kept: OpenRecording[] = []
  client: Client
  #deed: Deed = { kind: "read" }
  #publishing: MemoryJournal | null = null

  private constructor(number: number, parts: ActorParts) {
    this.number = number
    this.#url = parts.url
    this.#sent = parts.sent
    this.#phrase = parts.phrase
    this.#closeWay = parts.close
    this.#way = faultyTransport(parts.transport, chanceOf(parts.seed, `way of ${number}`), (request) => {
      this.#note(request)
    })
    this.client = this.#clientOf(memoryStateBox(parts.state.current))
  }

  /** Makes the account; nothing goes wrong with that. */
  static async start(number: number, url: string, seed: number, sent: Map<string, SentEvent>): Promise<Actor> {
    const { transport, close } = createNodeTransport()
    const http = new Http(url, transport)
    const { state, recoveryPhrase } = await prepareAccount(http, { deviceName: "device", clock, random })
    const box = memoryStateBox(state)
    await registerAccount(
      createClient({ http, state: box, clock, random, primitives: nodePrimitives, failpoint: () => undefined }),
    )
    return new Actor(number, { url, seed, sent, transport, close, state: box, phrase: recoveryPhrase })
  }

  get name(): string {
    return toHex(this.client.state.current.secrets.genesisHash)
  }

  get faults(): number {
    return this.#way.faults()
  }

  async heal(): Promise<void> {
    await this.#way.heal()
  }

  async close(): Promise<void> {
    await this.#closeWay()
  }

  /** Does a deed, or is refused as an honest client may be. */
  async attempt(deed: Deed, others: readonly Actor[], meetingId: MeetingId): Promise<void> {
    await this.#try(deed, async () => {
      // As at every start of a program.
      await refreshKeys(this.client)
      await this.#do(deed, others, meetingId)
    })
  }

  async #do(deed: Deed, others: readonly Actor[], meetingId: MeetingId): Promise<unknown> {
    const { client } = this
    const accountOf = (number: number) => whoAmI((others[number] ?? this).client).accountId
    switch (deed.kind) {
      case "create":
        throw new TypeError("a meeting is created once")
      case "add":
        return await addMember(client, meetingId, accountOf(deed.whom), deed.role)
      case "remove":
        return await removeMember(client, meetingId, accountOf(deed.whom))
      case "set-role":
        return await setRole(client, meetingId, accountOf(deed.whom), deed.role)
      case "set-policy":
        return await setPolicy(client, meetingId, deed.policy)
      case "rekey":
        return await rekeyMeeting(client, meetingId)
      case "leave": {
        await leaveMeeting(client, meetingId)
        return
      }
      case "renew": {
        await renewMeeting(client, meetingId)
        return
      }
      case "expire": {
        await expireMeeting(client, meetingId)
        return
      }
      case "invite-again": {
        await inviteAgain(client, meetingId, accountOf(deed.whom))
        return
      }
      case "join": {
        await this.#join()
        return
      }
      case "publish":
        this.#uploads.push({ journal: memoryJournal(), bytes: randomBytes(20) })
        {
          await this.#publishPending(meetingId)
          return
        }
      case "read": {
        await this.#read(meetingId)
        return
      }
      case "replace-device": {
        await this.#replaceDevice()
        return
      }
    }
  }

  /** Called again where an answer was lost, as a person would. */
  async create(title: string): Promise<MeetingId> {
    this.#deed = { kind: "create" }
    for (;;) {
      try {
        return await createMeeting(this.client, title)
      } catch (error) {
        if (!isArchiveError(error) || error.code !== "unavailable") throw error
      }
    }
  }

  /** Takes up again everything that was begun and not done, as the next start of the program does. */
  async goOn(meetingId: MeetingId): Promise<void> {
    await this.#try({ kind: "replace-device" }, async () => {
      if (this.former.length > 0) await this.#revokeFormer()
    })
    await this.#try({ kind: "invite-again", whom: this.number }, async () => {
      await flushOutbox(this.client)
    })
    await this.#try({ kind: "publish" }, async () => {
      await this.#publishPending(meetingId)
    })
  }

  async #join(): Promise<void> {
    const refusals: unknown[] = []
    for (const waiting of await listInvitations(this.client)) {
      if (waiting.invitation === null) throw new Error("an invitation that does not open", { cause: waiting.problem })
      try {
        await acceptInvitation(this.client, waiting)
      } catch (error) {
        // Its own epoch may be over, without a way to the next.
        if (!isArchiveError(error) || error.code !== "not-authorised") throw error
        refusals.push(error)
      }
    }
    if (refusals.length > 0) throw refusals[0]
  }

  async #publishPending(meetingId: MeetingId): Promise<void> {
    for (const upload of [...this.#uploads]) {
      this.#publishing = upload.journal
      const details = { title: "R", fileName: null, capturedAtMs: null, durationMs: null, prepared: "as-is" as const }
      const assets = [{ role: "media" as const, mediaType: "video/mp4", source: bytesSource(upload.bytes) }]
      await uploadRecording(this.client, meetingId, upload.journal, { details, assets }, { patienceMs: 0 })
      this.#uploads.splice(this.#uploads.indexOf(upload), 1)
    }
  }

  async #read(meetingId: MeetingId): Promise<void> {
    const { recordings } = await readMeeting(this.client, meetingId)
    const newest = recordings.findLast(({ opened }) => opened !== null)
    if (newest === undefined) return
    const found = await findRecording(this.client, newest.fields.recordingId)
    await readAll(readAsset(this.client, found, found.media))
    this.kept.push(found)
  }

  /** The person goes on with another device, by the recovery phrase, and revokes the one before. What that had not sent is lost with it. */
  async #replaceDevice(): Promise<void> {
    const http = new Http(this.#url, this.#way.transport, { patienceMs: 0 })
    const { state } = await recoverAccount(http, this.#phrase, { deviceName: "another", clock, random })
    this.former.push(this.client)
    this.client = this.#clientOf(memoryStateBox(state))
    this.#uploads.length = 0
    await this.#revokeFormer()
  }

  async #revokeFormer(): Promise<void> {
    await adoptKeyring(this.client)
    const others = (await listDevices(this.client)).filter(({ isThis }) => !isThis)
    if (others.length > 0)
      await revokeDevices(
        this.client,
        others.map(({ deviceId }) => deviceId),
      )
    const { failed } = await rekeyPending(this.client)
    if (failed[0] !== undefined) throw failed[0].error
  }

  /** Hashes of the epoch events at which this person made the meeting, or joined it. */
  async joinedAt(): Promise<readonly string[]> {
    const { entries } = await readKeyring(this.client)
    return entries.flatMap((entry) => (entry.type === "meeting" ? [toHex(entry.eventHash)] : []))
  }

  /** Whether a recording opens, down to its bytes; else why not. */
  async opens(recordingId: RecordingId): Promise<true | ErrorCode> {
    try {
      const found = await findRecording(this.client, recordingId)
      expect(await readAll(readAsset(this.client, found, found.media))).to.have.length(20)
      return true
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return error.code
    }
  }

  #clientOf(state: StateBox): Client {
    const http = new Http(this.#url, this.#way.transport, { patienceMs: 0 })
    return createClient({ http, state, clock, random, primitives: nodePrimitives, failpoint: () => undefined })
  }

  async #try(deed: Deed, work: () => Promise<void>): Promise<void> {
    this.#deed = deed
    try {
      await work()
    } catch (error) {
      if (isArchiveError(error) && EXPECTED.includes(error.code)) return
      throw new Error(`${this.number} ${Object.values(deed).join(" ")}`, { cause: error })
    }
  }

  #note({ method, url, body }: TransportRequest): void {
    if (method !== "POST" || body === undefined || !/\/v1\/meetings(\/[^/]+\/events)?$/.test(url)) return
    const { event } = AppendEventRequest.parse(JSON.parse(new TextDecoder().decode(body)))
    const recording = this.#publishing?.recording() ?? null
    this.#sent.set(toHex(eventHash(event)), { by: this.number, deed: this.#deed, recording })
  }
}

interface ActorParts {
  readonly url: string
  readonly seed: number
  readonly sent: Map<string, SentEvent>
  readonly transport: Transport
  readonly close: () => Promise<void>
  readonly state: StateBox
  readonly phrase: string
}
