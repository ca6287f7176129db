import { expect } from "chai"
import { renderJoinPage } from "../../../api/page.js"
import * as z from "zod"
import { sha256 } from "../../../shared/protocol/hash.js"
import { toBase64Url } from "../../../shared/protocol/bytes.js"
import { dayOf } from "../../../shared/protocol/ambient.js"
import {
  CreateInviteLinkRequest,
  EndInviteLinkRequest,
  HTTP_LIMITS,
  OpenInviteLinkRequest,
} from "../../../shared/protocol/http.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { forgetExpired } from "../../../shared/server/catalog/capabilities.js"
import { type Answer, call } from "../../support/api-client.js"
import { random } from "../../support/people.js"
import { startTestApi, type TestApi } from "../../support/test-api.js"

describe("invite links over HTTP", () => {
  let api: TestApi

  before(async function () {
    this.timeout(90_000)
    api = await startTestApi()
  })
  after(() => api.stop())

  interface Made {
    readonly key: Uint8Array
    readonly sealed: Uint8Array
    readonly uses: number
    readonly expiresDay: number
  }
  const made = (changes: Partial<Made> = {}): Made => ({
    key: random(32),
    sealed: random(LIMITS.inviteLinkBytes),
    uses: 1,
    expiresDay: dayOf(Date.now()) + 7,
    ...changes,
  })
  const create = async ({ key, ...link }: Made): Promise<Answer> =>
    await call(api.url, "POST", "/v1/invites", {
      json: z.encode(CreateInviteLinkRequest, { openHash: sha256(key), ...link }),
    })
  const open = async ({ key }: Made, opening = random(16)): Promise<Answer> =>
    await call(api.url, "POST", "/v1/invites/open", { json: z.encode(OpenInviteLinkRequest, { key, opening }) })
  const codeOf = ({ json }: Answer): unknown => (json as { readonly code?: unknown }).code

  it("are kept once, and given to who has the key, as often as they were made for", async () => {
    const link = made({ uses: 2 })
    expect([(await create(link)).status, (await create(link)).status]).to.deep.equal([201, 200])
    const opening = random(16)
    for (const [given, status] of [
      [opening, 200],
      [opening, 200],
      [random(16), 200],
      [random(16), 404],
      [opening, 404],
    ] as const)
      expect((await open(link, given)).status).to.equal(status)
    expect(codeOf(await open(made())), "one that never was reads the same").to.equal("not-found")
    expect((await open(link)).text).to.equal((await open(made())).text)
    expect(api.logged.join("\n"), "what opens it is in no log").to.not.contain(toBase64Url(link.key))
  })

  it("give one use to one of many who open at once", async () => {
    const link = made()
    await create(link)
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await open(link)).status))
    expect(statuses.filter((status) => status === 200)).to.have.length(1)
  })

  it("end with their last day, and when they are ended; nothing of them stays", async () => {
    const [ended, over] = [made(), made()]
    await Promise.all([create(ended), create(over)])
    for (let time = 0; time < 2; time++)
      expect(
        (
          await call(api.url, "POST", "/v1/invites/end", {
            json: z.encode(EndInviteLinkRequest, { key: ended.key }),
          })
        ).status,
      ).to.equal(204)
    await api.catalog.query("UPDATE invite_links SET expires_day = expires_day - 8 WHERE open_hash = $1", [
      sha256(over.key),
    ])
    expect([codeOf(await open(ended)), codeOf(await open(over))]).to.deep.equal(["not-found", "not-found"])
    await forgetExpired(api.catalog)
    const rows = await api.catalog.query("SELECT 1 AS found FROM invite_links WHERE open_hash = ANY($1::bytea[])", [
      [sha256(ended.key), sha256(over.key)],
    ])
    expect(rows).to.have.length(0)
  })

  it("are refused with another content under their key, for too long or for a day that is over, and beyond the cap", async () => {
    const today = dayOf(Date.now())
    const link = made()
    await create(link)
    expect(codeOf(await create({ ...link, sealed: random(LIMITS.inviteLinkBytes) }))).to.equal("conflict")
    for (const expiresDay of [today - 2, today + LIMITS.inviteLinkDays + 3])
      expect(codeOf(await create(made({ expiresDay })))).to.equal("malformed")
    await api.catalog.query(
      `INSERT INTO invite_links (open_hash, sealed, uses_left, expires_day)
       SELECT sha256(n::text::bytea), ''::bytea, 1, $1 FROM generate_series(1, $2::int) AS n`,
      [today + 1, HTTP_LIMITS.inviteLinks],
    )
    const full = await create(made())
    expect([full.status, codeOf(full)]).to.deep.equal([507, "quota-exceeded"])
    expect((await open(link)).status, "those that are kept go on").to.equal(200)
  })

  it("lead to the app, which is told what stands behind the # by the browser alone", async () => {
    const answer = await fetch(`${api.url}/j/`, { redirect: "manual" })
    expect([answer.status, answer.headers.get("location")]).to.deep.equal([302, "/app/"])
    expect(answer.headers.get("referrer-policy")).to.equal("no-referrer")
  })

  it("are shown, where there is no app, by a page that needs no script", () => {
    expect(renderJoinPage("https://server"))
      .to.contain("npx taciturn join 'https://server/j/#…'")
      .and.not.match(/<script|onload=|style="/)
  })
})
