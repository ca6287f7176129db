import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { formatId } from "../../shared/protocol/ids.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { compactKeyring } from "../../client/sdk/keyring.js"
import { makeKeyringRecord } from "../../client/crypto/keyring-record.js"
import {
  acceptInvitation,
  addMember,
  createMeeting,
  fetchInstance,
  listInvitations,
  readKeyring,
  whoAmI,
} from "../../client/sdk/index.js"
import type { AskedRequest, Lie } from "../support/liar.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { expectRefused, json, openScene, refusal, type Scene } from "./support.js"

interface Chain {
  readonly links: readonly string[]
}
interface Keyring {
  readonly records: readonly string[]
}
interface Inbox {
  readonly entries: readonly { readonly entry: string; readonly sealed: string; readonly day: number }[]
}

/** Anything that would give the server something sealed: an event, an invitation, an upload. */
const seals = ({ method, path }: AskedRequest): boolean =>
  ["POST", "PATCH"].includes(method) && /\/(events|inbox|uploads|meetings)$/.test(path)

describe("keys from a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene
  let carol: TestClient
  let mallory: TestClient

  before(async () => {
    scene = await openScene()
    carol = await scene.newClient("Carol's desktop")
    mallory = await scene.newClient("Mallory's server")
  })
  after(() => scene.close())

  const accountOf = (person: TestClient): string => formatId("account", whoAmI(person.client).accountId)
  const chainOf = (person: TestClient): RegExp => new RegExp(`/${accountOf(person)}/chain$`)
  const genesisOf = (person: TestClient): Uint8Array => person.client.state.current.genesisLink
  const servingChain = (person: TestClient, change: (links: readonly string[]) => readonly string[]): Lie => ({
    path: chainOf(person),
    tell: json<Chain>((body) => ({ ...body, links: change(body.links) })),
  })
  /** Adds somebody to a meeting of its own, so that it can be done any number of times. */
  const addTo = async (person: TestClient): Promise<void> => {
    const meetingId = await createMeeting(scene.alice.client, `With ${randomBytes(8).toString("hex")}`)
    scene.liar.asked()
    await addMember(scene.alice.client, meetingId, whoAmI(person.client).accountId)
  }

  describe("of a person, at first contact and later, are refused and nothing is sealed to them:", () => {
    for (const contact of ["first", "later"] as const) {
      it(`another account's, at ${contact} contact`, async () => {
        const victim = contact === "first" ? await scene.newClient("Somebody") : carol
        if (contact === "later") await addTo(carol)
        const told = scene.liar.lie(servingChain(victim, () => [toBase64Url(genesisOf(mallory))]))
        const [code] = await refusal(() => addTo(victim))
        told.stop()
        expect(code).to.equal(contact === "first" ? "bad-chain" : "fork")
        expect(told.delivered()).to.be.greaterThan(0)
        expect(scene.liar.asked().filter(seals)).to.deep.equal([])
        await addTo(victim)
      })
    }

    it("with a device or a key exchanged within its genesis", async () => {
      for (let at = 40; at < 1_400; at += 160) {
        const forged = Buffer.from(genesisOf(carol))
        forged[at] = (forged[at] ?? 0) ^ 1
        const told = scene.liar.lie(servingChain(carol, () => [toBase64Url(forged)]))
        const [code] = await refusal(() => addTo(carol))
        told.stop()
        expect(["bad-signature", "malformed", "fork", "bad-chain"], `byte ${at}`).to.include(code)
        expect(told.delivered()).to.be.greaterThan(0)
        expect(scene.liar.asked().filter(seals)).to.deep.equal([])
      }
      await addTo(carol)
    })

    it("with a ghost device behind its genesis", async () => {
      const ghost = servingChain(carol, (links) => [...links, toBase64Url(genesisOf(mallory))])
      const asked = await expectRefused(scene, ghost, () => addTo(carol), ["bad-chain", undefined])
      expect(asked.filter(seals)).to.deep.equal([])
    })

    it("without any link", async () => {
      const asked = await expectRefused(
        scene,
        servingChain(carol, () => []),
        () => addTo(carol),
        ["bad-chain", undefined],
      )
      expect(asked.filter(seals)).to.deep.equal([])
    })

    it("of a member who is there already: its chain exchanged stops the next epoch (L13)", async () => {
      const other = await scene.newClient("Another")
      const told = scene.liar.lie(servingChain(scene.bob, () => [toBase64Url(genesisOf(mallory))]))
      scene.liar.asked()
      const [code] = await refusal(() => addMember(scene.alice.client, scene.meetingId, whoAmI(other.client).accountId))
      told.stop()
      expect([code, told.delivered() > 0]).to.deep.equal(["fork", true])
      expect(scene.liar.asked().filter(seals)).to.deep.equal([])
      await addMember(scene.alice.client, scene.meetingId, whoAmI(other.client).accountId)
    })
  })

  describe("in an invitation", () => {
    const inboxOf = (person: TestClient, change: (entries: Inbox["entries"]) => Inbox["entries"]): Lie => ({
      method: "GET",
      path: new RegExp(`/${accountOf(person)}/inbox$`),
      tell: json<Inbox>((body) => ({ ...body, entries: change(body.entries) })),
    })
    /** What the server holds in a person's inbox. */
    const held = async (person: TestClient): Promise<Inbox["entries"]> => {
      let entries: Inbox["entries"] = []
      const seen = scene.liar.lie(
        inboxOf(person, (found) => {
          entries = found
          return found
        }),
      )
      await listInvitations(person.client)
      seen.stop()
      return entries
    }

    it("for somebody else do not open (V1, V2)", async () => {
      const dave = await scene.newClient("Dave's tablet")
      await addTo(dave)
      const forDave = await held(dave)
      const moved = scene.liar.lie(inboxOf(mallory, () => forDave))
      const [waiting] = await listInvitations(mallory.client)
      moved.stop()
      expect(moved.delivered()).to.be.greaterThan(0)
      expect([waiting?.invitation, waiting?.problem?.code]).to.deep.equal([null, "cannot-open"])
      const [own] = await listInvitations(dave.client)
      if (own === undefined) throw new Error("no invitation")
      await acceptInvitation(dave.client, own)
    })

    it("with any byte changed do not open (V1)", async () => {
      const erin = await scene.newClient("Erin's laptop")
      await addTo(erin)
      const [entry] = await held(erin)
      if (entry === undefined) throw new Error("no invitation")
      const problems = new Set<string>()
      for (let at = 0; at < 4_096; at += 371) {
        const sealed = Buffer.from(entry.sealed, "base64url")
        sealed[at] = (sealed[at] ?? 0) ^ 1
        const told = scene.liar.lie(inboxOf(erin, () => [{ ...entry, sealed: sealed.toString("base64url") }]))
        const [waiting] = await listInvitations(erin.client)
        told.stop()
        expect(waiting?.invitation).to.equal(null)
        problems.add(`${waiting?.problem?.code} ${waiting?.problem?.message}`)
      }
      expect([...problems], "all failures to open read the same").to.have.length(1)
      const [waiting] = await listInvitations(erin.client)
      expect(waiting?.invitation).to.not.equal(null)
    })

    it("that was dealt with is not shown again, under whatever entry it comes back (V5)", async () => {
      const frank = await scene.newClient("Frank's phone")
      await addTo(frank)
      const entries = await held(frank)
      const [waiting] = await listInvitations(frank.client)
      if (waiting === undefined) throw new Error("no invitation")
      await acceptInvitation(frank.client, waiting)
      const entry = toBase64Url(random(16))
      const replayed = scene.liar.lie(inboxOf(frank, () => entries.map((old) => ({ ...old, entry }))))
      expect(await listInvitations(frank.client)).to.deep.equal([])
      replayed.stop()
      expect(replayed.delivered()).to.be.greaterThan(0)
    })

    it("by another than the chain that is served for its inviter are refused (V3)", async () => {
      const grace = await scene.newClient("Grace's laptop")
      await addTo(grace)
      const [waiting] = await listInvitations(grace.client)
      if (waiting === undefined) throw new Error("no invitation")
      const told = scene.liar.lie(servingChain(scene.alice, () => [toBase64Url(genesisOf(mallory))]))
      expect((await refusal(() => acceptInvitation(grace.client, waiting)))[0]).to.be.oneOf(["bad-chain", "fork"])
      told.stop()
      expect(told.delivered()).to.be.greaterThan(0)
      expect(grace.client.state.current.meetings).to.deep.equal([])
      await acceptInvitation(grace.client, waiting)
      expect(grace.client.state.current.meetings).to.have.length(1)
    })
  })

  describe("in a keyring", () => {
    const read = async (): Promise<unknown> => await readKeyring(scene.alice.client)
    const serving = (change: (records: readonly string[]) => readonly string[]): Lie => ({
      path: new RegExp(`/${accountOf(scene.alice)}/keyring\\?from=0$`),
      tell: json<Keyring>((body) => ({ ...body, records: change(body.records) })),
    })

    for (const [name, change, code] of [
      ["rolled back", (records) => records.slice(0, -1), "rollback"],
      ["emptied", () => [], "rollback"],
      ["reordered", ([first, second, ...rest]) => [second ?? "", first ?? "", ...rest], "bad-chain"],
      ["with a record dropped", ([first, , ...rest]) => [first ?? "", ...rest], "bad-chain"],
      ["with a record repeated", ([first, ...rest]) => [first ?? "", first ?? "", ...rest], "bad-chain"],
      ["with a record of noise", ([, ...rest]) => [randomBytes(400).toString("base64url"), ...rest], "malformed"],
    ] as const satisfies readonly (readonly [string, (records: readonly string[]) => readonly string[], string])[])
      it(`${name}: refused`, async () => {
        await createMeeting(scene.alice.client, `Another ${name}`)
        await expectRefused(scene, serving(change), read, [code, undefined])
      })

    it("of another account: refused", async () => {
      const { rawRecord } = makeKeyringRecord(
        mallory.client.state.current.secrets,
        { seq: -1, hash: new Uint8Array(32) },
        {
          type: "meeting",
          meetingHash: random(32),
          epoch: 0,
          eventHash: random(32),
          epochSecret: random(32),
          adminSeed: null,
          title: null,
        },
        { timeMs: 1, random },
      )
      await expectRefused(
        scene,
        serving(([, ...rest]) => [toBase64Url(rawRecord), ...rest]),
        read,
        ["cannot-open", undefined],
      )
    })
  })

  describe("in a keyring with a snapshot (K1, K2)", () => {
    interface Page {
      readonly snapshot: string | null
      readonly records: readonly string[]
    }
    const read = async (): Promise<unknown> => await readKeyring(scene.alice.client)
    const path = (): RegExp => new RegExp(`/${accountOf(scene.alice)}/keyring\\?from=0$`)
    const served = async (): Promise<Page> => {
      let page: Page | null = null
      const told = scene.liar.lie({
        path: path(),
        tell: (answer) => {
          page = JSON.parse(answer.body.toString()) as Page
          return null
        },
      })
      await read()
      told.stop()
      return page!
    }

    for (const [name, change, code] of [
      ["withheld", (page) => ({ ...page, snapshot: null }), "bad-chain"],
      ["from before", (_page, before) => before, "rollback"],
      ["from before, with the newer records", (page, before) => ({ ...page, snapshot: before.snapshot }), "bad-chain"],
      ["flipped", (page) => ({ ...page, snapshot: flipped(page.snapshot!) }), "cannot-open"],
      ["without a record behind it", (page) => ({ ...page, records: [] }), "bad-chain"],
    ] as const satisfies readonly (readonly [string, (page: Page, before: Page) => Page, string])[])
      it(`${name}: refused`, async () => {
        await createMeeting(scene.alice.client, `Before the snapshot ${name}`)
        await compactKeyring(scene.alice.client)
        const before = await served()
        await createMeeting(scene.alice.client, `After the snapshot ${name}`)
        await compactKeyring(scene.alice.client)
        await expectRefused(scene, { path: path(), tell: json<Page>((page) => change(page, before)) }, read, [
          code,
          undefined,
        ])
      })

    function flipped(snapshot: string): string {
      const raw = Buffer.from(snapshot, "base64url")
      raw.writeUInt8(raw.readUInt8(raw.length - 1) ^ 1, raw.length - 1)
      return raw.toString("base64url")
    }
  })

  describe("of the instance (Q1)", () => {
    interface Instance {
      readonly instance: string
      readonly instanceKey: string
      readonly serverKeys: readonly string[]
    }
    const serving = (change: (instance: Instance) => Instance): Lie => ({ path: /\/instance$/, tell: json(change) })
    const fetchIt = async (): Promise<unknown> =>
      await fetchInstance(scene.alice.client.http, scene.alice.client.state.current.instanceKey)

    it("exchanged: refused", async () => {
      const other = randomBytes(32).toString("base64url")
      await expectRefused(
        scene,
        serving((instance) => ({ ...instance, instanceKey: other })),
        fetchIt,
        ["bad-signature", undefined],
      )
    })

    it("with a server key that it did not sign: refused", async () => {
      const flip = (key: string): string => {
        const raw = Buffer.from(key, "base64url")
        raw[raw.length - 5] = (raw.at(-5) ?? 0) ^ 1
        return raw.toString("base64url")
      }
      await expectRefused(
        scene,
        serving((instance) => ({ ...instance, serverKeys: instance.serverKeys.map(flip) })),
        fetchIt,
        ["bad-signature", undefined],
      )
    })
  })
})
