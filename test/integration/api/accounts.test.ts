import { expect } from "chai"
import * as z from "zod"
import { EMPTY_KEYRING, makeKeyringRecord } from "../../../client/crypto/keyring-record.js"
import { recoveryDeviceOfPhrase } from "../../../client/crypto/account-keys.js"
import { signerOfSeed } from "../../../client/crypto/sodium.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import {
  BoxesResponse,
  ChainResponse,
  CreateAccountResponse,
  HTTP_LIMITS,
  InboxPostResponse,
  InboxResponse,
  KeyringAppendRequest,
  KeyringResponse,
} from "../../../shared/protocol/http.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { verifyChain } from "../../../shared/protocol/chain.js"
import { verifySignature } from "../../../shared/server/signatures.js"
import {
  accountAnswer,
  accountPath,
  accountRequest,
  accountToken,
  call,
  postAccount,
} from "../../support/api-client.js"
import { makePerson, type Person, random } from "../../support/people.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

describe("accounts over HTTP", () => {
  let api: TestApi
  let anna: Person

  before(async function () {
    this.timeout(90_000)
    api = await startTestApi()
    anna = makePerson("anna's laptop")
    await postAccount(api.url, anna)
  })
  after(() => api.stop())

  it("an account is created once, and again is the same", async () => {
    const again = await call(api.url, "POST", "/v1/accounts", { json: accountRequest(anna) })
    expect(again.status).to.equal(200)
    expect(CreateAccountResponse.parse(again.json).account).to.deep.equal(anna.chain.accountId)
  })

  it("anybody reads a chain that verifies", async () => {
    const { status, json } = await call(api.url, "GET", accountPath(anna, "chain"))
    expect(status).to.equal(200)
    const chain = verifyChain(ChainResponse.parse(json).links, verifySignature)
    expect(chain.genesisHash).to.deep.equal(anna.chain.genesisHash)
  })

  it("a device and the recovery device get sessions; with one, boxes can be read", async () => {
    const recovery = signerOfSeed(recoveryDeviceOfPhrase(anna.account.recoveryPhrase).ed25519Seed)
    const byRecovery = await call(api.url, "POST", accountPath(anna, "tokens"), {
      json: await accountAnswer(api.url, anna, {}, recovery),
    })
    expect(byRecovery.status).to.equal(201)
    const { status, json } = await call(api.url, "GET", accountPath(anna, "boxes"), {
      token: await accountToken(api.url, anna),
    })
    expect(status).to.equal(200)
    expect(BoxesResponse.parse(json).boxes.map(toBase64Url)).to.have.members(anna.account.boxes.map(toBase64Url))
  })

  it("an invitation waits in the inbox until it is taken out; posted twice it waits once", async () => {
    const sealed = random(LIMITS.invitationBytes)
    const posted = await call(api.url, "POST", accountPath(anna, "inbox"), { bytes: sealed })
    const again = await call(api.url, "POST", accountPath(anna, "inbox"), { bytes: sealed })
    expect([posted.status, again.status]).to.deep.equal([201, 200])
    const { entry } = InboxPostResponse.parse(posted.json)
    const token = await accountToken(api.url, anna)
    const waiting = InboxResponse.parse(
      (await call(api.url, "GET", accountPath(anna, "inbox"), { token })).json,
    ).entries
    expect(waiting).to.have.length(1)
    expect(new Uint8Array(waiting[0]?.sealed ?? [])).to.deep.equal(sealed)
    for (let time = 0; time < 2; time++) {
      const taken = await call(api.url, "DELETE", accountPath(anna, `inbox/${toBase64Url(entry)}`), { token })
      expect(taken.status).to.equal(204)
    }
    expect(
      InboxResponse.parse((await call(api.url, "GET", accountPath(anna, "inbox"), { token })).json).entries,
    ).to.have.length(0)
  })

  it("no more than 200 entries wait in an inbox (I1)", async function () {
    this.timeout(90_000)
    const bert = makePerson("bert")
    await postAccount(api.url, bert)
    // A database that has too much to do for the moment says so (503), and is asked again.
    const post = async () => {
      const sealed = random(LIMITS.invitationBytes)
      for (;;) {
        const answer = await call(api.url, "POST", accountPath(bert, "inbox"), { bytes: sealed })
        if (answer.status !== 503) return answer
      }
    }
    const posted = await Promise.all(Array.from({ length: HTTP_LIMITS.inboxEntries + 10 }, post))
    const statuses = posted.map(({ status }) => status).toSorted((a, b) => a - b)
    expect(statuses, "also where all come at once").to.deep.equal([
      ...Array.from({ length: HTTP_LIMITS.inboxEntries }, () => 201),
      ...Array.from({ length: 10 }, () => 507),
    ])
    const refused = await post()
    expect(refused.json).to.include({ code: "inbox-full", retryable: false })
  })

  it("the keyring grows by compare-and-swap, and is read page by page", async function () {
    this.timeout(90_000)
    const token = await accountToken(api.url, anna)
    const pin = { type: "pin", genesisHash: random(32), seq: 0, chainHead: random(32), how: "id" } as const
    const sent: string[] = []
    let head = EMPTY_KEYRING
    for (let seq = 0; seq <= HTTP_LIMITS.keyringRecordsPerPage; seq++) {
      const made = makeKeyringRecord(anna.secrets, head, pin, { timeMs: 1, random })
      const rival = makeKeyringRecord(anna.secrets, head, pin, { timeMs: 2, random })
      const post = async (record: Uint8Array): Promise<number> =>
        (
          await call(api.url, "POST", accountPath(anna, "keyring"), {
            json: z.encode(KeyringAppendRequest, { record }),
            token,
          })
        ).status
      const outcomes =
        seq > 1
          ? [await post(made.rawRecord)]
          : [await post(made.rawRecord), await post(made.rawRecord), await post(rival.rawRecord)]
      expect(outcomes).to.deep.equal(seq > 1 ? [201] : [201, 200, 409])
      head = made.head
      sent.push(toBase64Url(made.rawRecord))
    }
    const first = KeyringResponse.parse((await call(api.url, "GET", accountPath(anna, "keyring"), { token })).json)
    expect(first.next).to.equal(HTTP_LIMITS.keyringRecordsPerPage)
    const second = KeyringResponse.parse(
      (await call(api.url, "GET", accountPath(anna, `keyring?from=${first.next}`), { token })).json,
    )
    expect(second.next).to.equal(null)
    expect([...first.records, ...second.records].map(toBase64Url)).to.deep.equal(sent)
  })
})
