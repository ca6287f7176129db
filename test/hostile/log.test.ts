import { randomBytes } from "node:crypto"
import { expect } from "chai"
import { fromBase64Url, toBase64Url } from "../../shared/protocol/bytes.js"
import { decodeEvent, encodeEvent, eventHash } from "../../shared/protocol/event.js"
import { makeEvent } from "../../client/crypto/log-event.js"
import { createMeeting, readMeeting } from "../../client/sdk/index.js"
import { selfAsAuthor } from "../../client/sdk/client.js"
import type { Lie } from "../support/liar.js"
import { random } from "../support/people.js"
import { admit, expectRefused, json, openScene, type Scene } from "./support.js"

interface Page {
  readonly events: readonly string[]
}

/** Events: genesis, Bob's epoch, Alice's recording, Bob's recording, Alice's recording. Each is known to Alice. */
const HEAD = 4

describe("a meeting's log from a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene

  before(async () => {
    scene = await openScene()
    for (const by of [scene.alice, scene.bob, scene.alice]) await scene.upload(randomBytes(1_000), by)
    expect((await readMeeting(scene.alice.client, scene.meetingId)).head.seq).to.equal(HEAD)
  })
  after(() => scene.close())

  const read = async (): Promise<unknown> => await readMeeting(scene.alice.client, scene.meetingId)
  const serving = (change: (events: readonly string[]) => readonly string[]): Lie => ({
    path: /\/events\?from=0$/,
    tell: json<Page>((page) => ({ ...page, events: change(page.events) })),
  })
  /** The event as bytes, changed. */
  const changed = (event: string | undefined, change: (raw: Uint8Array) => Uint8Array): string =>
    toBase64Url(change(fromBase64Url(event ?? "")))

  for (const [name, change, expected] of [
    ["truncated below what was seen", (events) => events.slice(0, -1), ["rollback", `event ${HEAD}`]],
    ["truncated to its genesis", (events) => events.slice(0, 1), ["rollback", `event ${HEAD}`]],
    ["empty", () => [], ["not-authorised", undefined]],
    ["reordered", (events) => events.toSpliced(2, 2, events[3] ?? "", events[2] ?? ""), ["bad-chain", "event 2"]],
    ["with an event dropped", (events) => events.toSpliced(2, 1), ["bad-chain", "event 2"]],
    ["with an event repeated", (events) => events.toSpliced(3, 0, events[2] ?? ""), ["bad-chain", "event 3"]],
    [
      "with an old event replayed at its end",
      (events) => [...events, events[2] ?? ""],
      ["bad-chain", `event ${HEAD + 1}`],
    ],
  ] as const satisfies readonly (readonly [
    string,
    (events: readonly string[]) => readonly string[],
    readonly [string, string | undefined],
  ])[])
    it(`${name}: is refused`, async () => {
      await expectRefused(scene, serving(change), read, expected)
    })

  it("with any byte of an event changed: is refused at the next, and where it is the newest by what was seen", async () => {
    const flip = (raw: Uint8Array): Uint8Array => raw.with(raw.length - 20, (raw.at(-20) ?? 0) ^ 1)
    for (const seq of [1, 2, 3])
      await expectRefused(
        scene,
        serving((events) => events.with(seq, changed(events[seq], flip))),
        read,
        ["bad-chain", `event ${seq + 1}`],
      )
    await expectRefused(
      scene,
      serving((events) => events.with(HEAD, changed(events[HEAD], flip))),
      read,
      ["fork", `event ${HEAD}`],
    )
    const genesis = await expectRefused(
      scene,
      serving((events) => events.with(0, changed(events[0], flip))),
      read,
      ["bad-chain", undefined],
    )
    expect(genesis.filter(({ method, path }) => method === "POST" && !/challenges|tokens/.test(path))).to.deep.equal([])
  })

  it("forked, by a member who signs another event for the same place: is refused", async () => {
    const { bob, meetingId } = scene
    const log = await readMeeting(bob.client, meetingId)
    const prev = log.eventHashes[HEAD - 1] ?? new Uint8Array(0)
    const { secrets } = bob.client.state.current
    const other = makeEvent(
      { meetingId, meetingHash: log.meetingHash, seq: HEAD, prev },
      log.current.keys,
      selfAsAuthor(bob.client, secrets.genesisHash),
      { type: "note", values: [], assets: [], carried: [], epochPart: null },
      { timeMs: 1, random },
    )
    const fork = serving((events) => events.with(HEAD, toBase64Url(other)))
    await expectRefused(scene, fork, read, ["fork", `event ${HEAD}`])
  })

  it("of another meeting: is refused, and that meeting's log for this one", async () => {
    const { alice } = scene
    const other = await createMeeting(alice.client, "Another")
    const pages: string[] = []
    const seen = scene.liar.lie({
      path: /\/events\?from=0$/,
      tell: ({ body }) => {
        pages.push(body.toString("utf8"))
        return null
      },
    })
    await readMeeting(alice.client, other)
    seen.stop()
    const swapped: Lie = { path: /\/events\?from=0$/, tell: () => Buffer.from(pages[0] ?? "") }
    await expectRefused(scene, swapped, read, ["not-authorised", undefined])
  })

  it("with something appended by the server: shows none of it, and seals as before", async () => {
    const dave = await scene.newClient("Dave's tablet")
    await admit(scene.alice, dave, scene.meetingId)
    const honest = await readMeeting(dave.client, scene.meetingId)
    const injected = (events: readonly string[]): readonly string[] => {
      const last = decodeEvent(fromBase64Url(events.at(-1) ?? ""))
      const raw = encodeEvent({
        ...last,
        epochPart: null,
        epoch: honest.current.keys.epoch,
        seq: last.seq + 1,
        prev: eventHash(fromBase64Url(events.at(-1) ?? "")),
        statementHash: random(32),
        sealedBody: random(last.epochPart === null ? last.sealedBody.length : 1_328),
        assets: [random(32)],
      })
      return [...events, toBase64Url(raw)]
    }
    const told = scene.liar.lie(serving(injected))
    const log = await readMeeting(dave.client, scene.meetingId)
    told.stop()
    expect(told.delivered()).to.be.greaterThan(0)
    expect(log.recordings).to.have.length(honest.recordings.length)
    expect(log.voids.map(({ code }) => code)).to.deep.equal(["cannot-open"])
  })

  it("whose pages never end, or lead nowhere: is refused", async () => {
    for (const next of [0, 1] as const) {
      const lie: Lie = {
        path: /\/events\?from=/,
        tell: json<Page & { next: number | null }>((page) => ({
          ...page,
          events: next === 0 ? page.events : [],
          next,
        })),
      }
      await expectRefused(scene, lie, read, ["bad-chain", undefined])
    }
  })

  it("of an older version: is refused", async () => {
    const older = serving((events) =>
      events.with(
        HEAD,
        changed(events[HEAD], (raw) => raw.with(1, 0)),
      ),
    )
    await expectRefused(scene, older, read, ["unsupported-version", undefined])
  })
})
