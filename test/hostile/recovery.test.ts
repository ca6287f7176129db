import { expect } from "chai"
import { createMeeting, Http, listDevices, recoverAccount, replacePhrase, whoAmI } from "../../client/sdk/index.js"
import { formatId } from "../../shared/protocol/ids.js"
import { toBase64Url } from "../../shared/protocol/bytes.js"
import { random } from "../support/people.js"
import type { TestClient } from "../support/sdk/clients.js"
import { expectRefused, json, openScene, type Scene } from "./support.js"

/** A recovering device has no pin yet: all that it can hold a server to is what the 24 words prove. */
describe("recovery by a server that lies", function () {
  this.timeout(60_000)
  let scene: Scene
  let mallory: TestClient

  before(async () => {
    scene = await openScene()
    mallory = await scene.newClient("Mallory")
  })
  after(() => scene.close())

  const recover = async (): Promise<unknown> =>
    await recoverAccount(new Http(scene.liar.url, scene.alice.transport), scene.alice.recoveryPhrase, {
      deviceName: "Alice's new laptop",
      clock: { nowMs: () => Date.now() },
      random,
    })

  const asked = (requests: readonly { readonly path: string; readonly method: string }[]): readonly string[] =>
    requests.filter(({ method }) => method === "POST").map(({ path }) => path)

  it("that names another account for the words: refused, and no key is given to it", async () => {
    const account = formatId("account", whoAmI(mallory.client).accountId)
    const requests = await expectRefused(
      scene,
      { path: /\/v1\/recovery$/, tell: json<{ account: string }>(() => ({ account })) },
      recover,
      ["bad-chain", undefined],
    )
    expect(asked(requests)).to.deep.equal(["/v1/recovery"])
  })

  it("that serves another account's chain under the right id: refused", async () => {
    const own = formatId("account", whoAmI(scene.alice.client).accountId)
    const other = formatId("account", whoAmI(mallory.client).accountId)
    const chain = await (await fetch(`${scene.service.url}/v1/accounts/${other}/chain`)).arrayBuffer()
    const requests = await expectRefused(
      scene,
      { path: new RegExp(`${own}/chain$`), tell: () => Buffer.from(chain) },
      recover,
      ["bad-chain", undefined],
    )
    expect(asked(requests)).to.deep.equal(["/v1/recovery"])
  })

  it("that gives boxes of noise, or none: refused, and no device is added", async () => {
    const before = await listDevices(scene.alice.client)
    for (const boxes of [[], [toBase64Url(random(1_168))]]) {
      const requests = await expectRefused(scene, { path: /\/boxes$/, tell: json(() => ({ boxes })) }, recover, [
        "cannot-open",
        undefined,
      ])
      expect(asked(requests).some((path) => path.endsWith("/links"))).to.equal(false)
    }
    // Only the calls that were not lied to added a device.
    expect(await listDevices(scene.alice.client)).to.have.length(before.length + 2)
  })

  it("that goes on showing a device the chain from before new words: refused by what the device has seen", async () => {
    const own = formatId("account", whoAmI(scene.alice.client).accountId)
    const before = await (await fetch(`${scene.service.url}/v1/accounts/${own}/chain`)).arrayBuffer()
    await replacePhrase(scene.alice.client, () => Promise.resolve())
    await expectRefused(
      scene,
      { path: new RegExp(`${own}/chain$`), tell: () => Buffer.from(before) },
      async () => await createMeeting(scene.alice.client, `After new words ${Math.random()}`),
      ["fork", undefined],
    )
  })
})
