import { expect } from "chai"
import * as z from "zod"
import { makeClose } from "../../../client/crypto/account-links.js"
import { EMPTY_KEYRING, makeKeyringRecord } from "../../../client/crypto/keyring-record.js"
import { OPERATIONS } from "../../../api/contract.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import {
  AppendLinkRequest,
  KeyringAppendRequest,
  KeyringSnapshotRequest,
  PostMessageRequest,
} from "../../../shared/protocol/http.js"
import { type CaseId, formatId } from "../../../shared/protocol/ids.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { CHUNK_BYTES, SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { readScope, releaseCase } from "../../../shared/server/catalog/cases.js"
import { today } from "../../../shared/server/catalog/assets.js"
import { recordCustody } from "../../../shared/server/catalog/custody.js"
import { noteStep } from "../../../shared/server/catalog/notices.js"
import { armFailpoint } from "../../../shared/server/failpoints.js"
import { cleanUp } from "../../../worker/reconciler.js"
import {
  accountPath,
  accountToken,
  call,
  type CallOptions,
  postAccount,
  postMeeting,
  meetingPath,
  meetingToken,
} from "../../support/api-client.js"
import { ACTOR, hold, openTestCase } from "../../support/cases.js"
import { seededBytes } from "../../support/formats/format.js"
import { makePerson, random } from "../../support/people.js"
import { newMeeting, sealedMessage } from "../../support/posted-meeting.js"
import { cancel, create, makeAsset, sendAll, type Stack, startStack, type TestAsset, uploadWhole } from "./support.js"

const TIMES = { abandonedMs: 7 * 86_400_000, settleMs: 0, purgeGraceDays: 0 }

/** SPEC.md §17. Two instances with the same keys, to which the same people do the same: one holds, the other does not. */
describe("a hold", function () {
  this.timeout(300_000)

  const anna = makeLazily(() => makePerson("anna's laptop"))
  const meeting = makeLazily(() => newMeeting(anna()))
  const said = makeLazily(() => ["Said first", "Said last"].map((text) => sealedMessage(meeting(), text)))
  const deleted = makeAsset(CHUNK_BYTES + SEGMENT_BYTES)
  const outlived = makeAsset(SEGMENT_BYTES)
  const kept = makeAsset(SEGMENT_BYTES)
  const begun = makeAsset(3 * SEGMENT_BYTES)
  const live = makeAsset(2 * SEGMENT_BYTES, "live")
  const invitations = [random(LIMITS.invitationBytes), random(LIMITS.invitationBytes)] as const
  const all = [deleted, outlived, kept, begun, live]

  interface Side {
    readonly stack: Stack
    readonly meetingToken: Uint8Array
    readonly adminToken: Uint8Array
    accountToken: Uint8Array
  }
  let held: Side
  let free: Side
  let caseId: CaseId

  before(async () => {
    held = await side()
    free = await side()
    caseId = await openTestCase(
      held.stack.catalog,
      [
        { kind: "account", id: anna().chain.accountId },
        { kind: "meeting", id: meeting().meetingId },
      ],
      { notice: { day: (await today(held.stack.catalog)) + 90, reason: "order of the court, no. 4" } },
    )
  })
  after(async () => {
    await held.stack.stop()
    await free.stack.stop()
  })

  async function side(): Promise<Side> {
    const stack = await startStack({ random: seededBytes("the same instance") })
    await postAccount(stack.url, anna())
    await postMeeting(stack.url, meeting())
    const token = await meetingToken(stack.url, meeting())
    const adminToken = await meetingToken(stack.url, meeting(), "admin")
    Object.assign(stack, { meetingId: meeting().meetingId, meetingToken: toBase64Url(token) })
    for (const asset of [deleted, outlived, kept]) await uploadWhole(stack, asset, CHUNK_BYTES / 2)
    for (const asset of [begun, live]) {
      await create(stack, asset)
      await sendAll(stack, { ...asset, bytes: asset.bytes.subarray(0, 2 * SEGMENT_BYTES) }, SEGMENT_BYTES)
    }
    for (const message of said()) {
      const json = z.encode(PostMessageRequest, { message })
      await call(stack.url, "POST", meetingPath(meeting(), "messages"), { json, token })
    }
    const account = await accountToken(stack.url, anna())
    for (const bytes of invitations) await call(stack.url, "POST", accountPath(anna(), "inbox"), { bytes })
    await call(stack.url, "POST", accountPath(anna(), "handle"), { token: account, json: { handle: "anna" } })
    return { stack, meetingToken: token, adminToken, accountToken: account }
  }

  /** Every request that reads, or is made again by who holds nothing new: by operation. */
  function requests(at: Side): Readonly<Record<string, readonly [string, string, CallOptions?][]>> {
    const account = accountPath(anna(), "")
    const ofMeeting = `/v1/meetings/${formatId("meeting", meeting().meetingId)}`
    const { accountToken: asAnna, meetingToken: asMember } = at
    const ofAssets = (rest: string): [string, string, CallOptions][] =>
      all.map((asset) => ["GET", `${ofMeeting}/assets/${formatId("asset", asset.assetId)}${rest}`, { token: asMember }])
    const ofUploads = (method: string, rest: string, options: CallOptions = {}): [string, string, CallOptions][] =>
      all.map((asset) => [
        method,
        `${asset.path}${rest}`,
        { token: asset.secret, headers: { "tus-resumable": "1.0.0" }, ...options },
      ])
    return {
      getHealth: [["GET", "/healthz"]],
      getReadiness: [["GET", "/readyz"]],
      getInstance: [["GET", "/v1/instance"]],
      getChain: [["GET", `${account}chain`]],
      getBoxes: [["GET", `${account}boxes`, { token: asAnna }]],
      getHandle: [["GET", `${account}handle`, { token: asAnna }]],
      findHandle: [
        ["GET", "/v1/handles/anna"],
        ["GET", "/v1/handles/anna2"],
      ],
      getInbox: [["GET", `${account}inbox`, { token: asAnna }]],
      getAccountNotices: [["GET", `${account}notices`, { token: asAnna }]],
      getMeetingNotices: [["GET", `${ofMeeting}/notices`, { token: asMember }]],
      getKeyring: [["GET", `${account}keyring`, { token: asAnna }]],
      findAccountToRecover: [
        ["POST", "/v1/recovery", { json: { recoveryKey: toBase64Url(anna().chain.recovery.ed25519) } }],
      ],
      getEvents: [["GET", `${ofMeeting}/events`, { token: asMember }]],
      getMessages: [["GET", `${ofMeeting}/messages`, { token: asMember }]],
      postMessage: [["POST", `${ofMeeting}/messages`, { token: asMember, json: { message: "" } }]],
      getMeeting: [["GET", ofMeeting, { token: asMember }]],
      getAssets: [["GET", `${ofMeeting}/assets`, { token: asMember }]],
      getAsset: ofAssets(""),
      getStream: ofAssets("/stream"),
      getChunkHashes: ofAssets("/chunks/0/hashes"),
      getLiveAsset: ofAssets("/live"),
      getLiveSegments: ofAssets("/live/segments/0"),
      getUploadOffset: ofUploads("HEAD", ""),
      getUploadStatus: ofUploads("GET", "/status"),
      createUpload: all.map((asset) => ["POST", "/v1/uploads", createOf(asset, at)]),
      appendPiece: ofUploads("PATCH", "", {
        bytes: new Uint8Array(SEGMENT_BYTES),
        headers: { "tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream", "upload-offset": "9" },
      }),
      finishUpload: ofUploads("POST", "/finish", { json: { sizeBytes: 1, root: toBase64Url(new Uint8Array(32)) } }),
      putLiveHead: ofUploads("PUT", "/live-head", { json: { segments: 9, head: toBase64Url(new Uint8Array(592)) } }),
      appendEvent: [["POST", `${ofMeeting}/events`, { token: asMember, json: {} }]],
      createMeetingChallenge: [["POST", `${ofMeeting}/challenges`, { json: {} }]],
      createAccountChallenge: [["POST", `${account}challenges`, { json: {} }]],
      postToInbox: [["POST", `${account}inbox`, { bytes: invitations[1] }]],
    }
  }
  /** The rest changes something, and is one of the steps below; or makes something of which nothing can be held yet. */
  const STEPS = [
    "appendLink",
    "setHandle",
    "deleteInboxEntry",
    "appendToKeyring",
    "snapshotKeyring",
    "setRetention",
    "deleteMeeting",
    "deleteAsset",
    "cancelUpload",
  ]
  const NEW = [
    "createAccount",
    "createAccountToken",
    "createMeeting",
    "createMeetingToken",
    "leavePairingMessage",
    "getPairingMessage",
    "createInviteLink",
    "openInviteLink",
    "endInviteLink",
  ]

  const createOf = (asset: TestAsset, at: Side): CallOptions => ({
    token: at.meetingToken,
    headers: {
      "tus-resumable": "1.0.0",
      "upload-length": String(asset.bytes.length),
      "upload-metadata": `header ${Buffer.from(asset.header).toString("base64")},secretHash ${Buffer.from(asset.header.subarray(0, 32)).toString("base64")}`,
    },
  })

  async function answersOf(at: Side): Promise<ReadonlyMap<string, string>> {
    const answers = new Map<string, string>()
    for (const [id, list] of Object.entries(requests(at)))
      for (const [method, path, options] of list) {
        const { status, headers, text } = await call(at.stack.url, method, path, options)
        const own = [...headers].filter(([name]) => name !== "date" && name !== "request-id")
        // What the server draws by chance, and until when.
        const body = text.replaceAll(/"(?:nonce|expiresAtMs)":[^,}]*/g, "")
        answers.set(`${id} ${method} ${path}`, JSON.stringify([status, own, body]))
      }
    return answers
  }

  async function expectSame(after: string): Promise<void> {
    const [one, other] = [await answersOf(held), await answersOf(free)]
    for (const [request, answer] of one) expect(answer, `${request}, ${after}`).to.equal(other.get(request))
  }

  /** The same done on both sides, answered the same. */
  async function both(step: string, work: (at: Side) => Promise<readonly [number, string]>): Promise<void> {
    const [one, other] = [await work(held), await work(free)]
    expect(one, step).to.deep.equal(other)
    expect(one[0], `${step}: ${one[1]}`).to.be.lessThan(300)
    await expectSame(step)
  }
  const send = async (
    at: Side,
    method: string,
    path: string,
    options: CallOptions,
  ): Promise<readonly [number, string]> => {
    const { status, text } = await call(at.stack.url, method, path, options)
    return [status, text]
  }
  const clean = async (): Promise<void> => {
    for (const at of [held, free]) await cleanUp(at.stack.worker, TIMES)
    await expectSame("cleaned")
  }
  const keptTables = async (at: Side): Promise<Readonly<Record<string, number>>> => {
    const rows = await at.stack.catalog.query<{ table_name: string; count: number }>(
      "SELECT table_name, count(*) AS count FROM held_rows GROUP BY table_name ORDER BY table_name",
      [],
    )
    return Object.fromEntries(rows.map((row) => [row.table_name, row.count]))
  }

  it("is looked for with every operation that there is", () => {
    const known = OPERATIONS.map((operation) => operation.id)
    expect([...Object.keys(requests(held)), ...STEPS, ...NEW].sort()).to.deep.equal(known.sort())
  })

  it("changes no answer, to the byte, whatever is deleted under it, by whom and why, while the notice is delayed (HO2, NO2)", async () => {
    await expectSame("before")
    expect((await hold(held.stack.catalog, caseId)).alreadyBeingRemoved).to.deep.equal([])
    await expectSame("held")
    const { seq } = await held.stack.catalog.transaction((transaction) =>
      recordCustody(transaction, caseId, ACTOR, "produced", {}),
    )
    await noteStep(held.stack.catalog, caseId, {
      seq,
      action: "produce",
      items: await readScope(held.stack.catalog, caseId),
      fromDay: null,
      toDay: null,
      tagManifestHash: random(64),
    })
    await expectSame("produced")
    const ofMeeting = `/v1/meetings/${formatId("meeting", meeting().meetingId)}`
    await both("deleteAsset", (at) =>
      send(at, "DELETE", `${ofMeeting}/assets/${formatId("asset", deleted.assetId)}`, { token: deleted.secret }),
    )
    await both("cancelUpload", async (at) => {
      const { status, text } = await cancel(at.stack, begun)
      return [status, text]
    })
    await clean()
    await both("setRetention", async (at) => {
      await at.stack.catalog.query("UPDATE assets SET stored_day = stored_day - 40 WHERE asset_id = $1", [
        outlived.assetId,
      ])
      await at.stack.catalog.query("UPDATE messages SET day = day - 40 WHERE seq = 0", [])
      return await send(at, "PUT", `${ofMeeting}/retention`, { token: at.adminToken, json: { days: 30 } })
    })
    await clean()
    const inbox = (await call(held.stack.url, "GET", accountPath(anna(), "inbox"), { token: held.accountToken }))
      .json as {
      entries: { entry: string }[]
    }
    await both("deleteInboxEntry", (at) =>
      send(at, "DELETE", accountPath(anna(), `inbox/${inbox.entries[0]?.entry ?? ""}`), { token: at.accountToken }),
    )
    await both("setHandle", (at) =>
      send(at, "POST", accountPath(anna(), "handle"), { token: at.accountToken, json: { handle: "anna2" } }),
    )
    const records = keyringRecords()
    await both("appendToKeyring", (at) =>
      send(at, "POST", accountPath(anna(), "keyring"), {
        token: at.accountToken,
        json: z.encode(KeyringAppendRequest, { record: records[0] ?? random(1) }),
      }),
    )
    for (const [n, snapshot] of [random(4_096), random(8_192)].entries())
      await both("snapshotKeyring", (at) =>
        send(at, "POST", accountPath(anna(), "keyring/snapshots"), {
          token: at.accountToken,
          json: z.encode(KeyringSnapshotRequest, { record: records[n + 1] ?? random(1), snapshot }),
        }),
      )
    await both("deleteMeeting", (at) => send(at, "DELETE", ofMeeting, { token: at.adminToken }))
    await clean()
    await clean()
    const close = makeClose(anna().chain, anna().author.signer, { nowMs: 1_790_000_100_000, random })
    await both("appendLink", (at) =>
      send(at, "POST", accountPath(anna(), "links"), {
        token: at.accountToken,
        json: z.encode(AppendLinkRequest, { link: close.link, boxes: [...close.boxes] }),
      }),
    )
    const bob = makePerson("bob's laptop")
    await both("another takes the handle", async (at) => {
      await postAccount(at.stack.url, bob)
      return await send(at, "POST", accountPath(bob, "handle"), {
        token: await accountToken(at.stack.url, bob),
        json: { handle: "anna" },
      })
    })
    for (const table of ["tombstones", "meetings", "assets", "chunks", "pieces", "inbox_entries", "keyring_records"]) {
      const rows = async (at: Side) =>
        (await at.stack.catalog.query(`SELECT * FROM ${table}`, [])).map((row) => JSON.stringify(row)).length
      expect(await rows(held), table).to.equal(await rows(free))
    }
  })

  it("keeps every row and byte of what was deleted, apart from what the service goes on with (HO1)", async () => {
    expect(await keptTables(held)).to.deep.equal({
      account_boxes: anna().account.boxes.length,
      assets: 5,
      chunks: 5,
      handles: 2,
      inbox_entries: 2,
      keyring_records: 3,
      keyring_snapshots: 2,
      meeting_epochs: 1,
      meeting_events: 1,
      meetings: 1,
      messages: 2,
      pieces: 4,
    })
    expect(await keptTables(free)).to.deep.equal({})
    for (const asset of [deleted, outlived, kept])
      expect(await held.stack.objectKeys(asset.assetId)).to.have.length(asset === deleted ? 3 : 2)
    expect(await held.stack.spooledFiles()).to.have.length(4)
    for (const asset of all) expect(await free.stack.objectKeys(asset.assetId)).to.deep.equal([])
    expect(await free.stack.spooledFiles()).to.deep.equal([])
  })

  for (const failpoint of ["worker.held.after-begin", "worker.held.after-objects", null])
    it(`ends, and what it kept is removed${failpoint === null ? "" : `, also after a crash at ${failpoint}`} (HO4)`, async () => {
      const { stack } = held
      if (failpoint === "worker.held.after-begin") {
        await cleanUp(stack.worker, TIMES)
        await releaseCase(stack.catalog, caseId, ACTOR)
      }
      const before = await keptTables(held)
      if (failpoint !== null) {
        expect(await crashAt(failpoint, () => cleanUp(stack.worker, TIMES))).to.equal(true)
        expect((await keptTables(held))["assets"], "a row stands as long as its bytes do").to.equal(before["assets"])
        return
      }
      await cleanUp(stack.worker, TIMES)
      expect(await keptTables(held)).to.deep.equal({})
      for (const asset of all) expect(await stack.objectKeys(asset.assetId)).to.deep.equal([])
      expect(await stack.spooledFiles()).to.deep.equal([])
      await expectSame("released")
    })

  function keyringRecords(): readonly Uint8Array[] {
    let head = EMPTY_KEYRING
    return [0, 1, 2].map(() => {
      const made = makeKeyringRecord(
        anna().secrets,
        head,
        { type: "pin", genesisHash: random(32), seq: 0, chainHead: random(32), how: "card" },
        { timeMs: 1, random },
      )
      head = made.head
      return made.rawRecord
    })
  }
})

function makeLazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** Ends `work` at the failpoint, as the end of the process would. @returns whether it came there. */
async function crashAt(name: string, work: () => Promise<void>): Promise<boolean> {
  const kill = process.kill.bind(process)
  const crash = new Error("killed")
  process.kill = () => {
    throw crash
  }
  armFailpoint({ name, logPath: null })
  try {
    await work()
    return false
  } catch (error) {
    if (error !== crash) throw error
    return true
  } finally {
    armFailpoint(null)
    process.kill = kill
  }
}
