import { randomBytes } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { openTerminals, type Terminals } from "../support/taciturn.js"

describe("devices and recovery, through the taciturn command", function () {
  this.timeout(180_000)
  let terminals: Terminals
  let meeting: string
  let phrase: string
  let account: string
  const at = (name: string): string => join(terminals.folder, name)

  before(async () => {
    terminals = await openTerminals()
    ;({ account, recoveryPhrase: phrase } = await terminals.succeed("laptop", ["init", "--name", "Laptop"]))
    ;({ meeting } = await terminals.succeed("laptop", ["meeting", "create", "Weekly call"]))
    await writeFile(at("random.bin"), randomBytes(1_000))
    await terminals.succeed("laptop", ["upload", meeting, "random.bin", "--as-is"])
  })
  after(async () => {
    await terminals.close()
  })

  it("the words on standard input open the account on a clean machine; devices in hand are kept", async () => {
    const { devices } = await terminals.succeed("laptop", ["device", "list"])
    const recovered = await terminals.succeed(
      "phone",
      ["recover", "--name", "Phone", "--keep", devices[0].device],
      {},
      Buffer.from(phrase),
    )
    expect([recovered.account, recovered.meetings, recovered.revoked]).to.deep.equal([account, 1, []])
    const [{ recording }] = (await terminals.succeed("phone", ["recordings", meeting])).recordings
    await terminals.succeed("phone", ["download", recording, "-o", "fetched.bin"])
    expect((await terminals.read("fetched.bin")).equals(await terminals.read("random.bin"))).to.equal(true)
    const listed = (await terminals.succeed("laptop", ["device", "list"])).devices
    expect(listed.map(({ name }: { name: string }) => name)).to.deep.equal(["Laptop", "Phone"])
    await terminals.succeed("laptop", ["device", "rename", listed[1].device, "Old phone"])
    expect((await terminals.run("phone", ["device", "list"])).stdout).to.match(/Old phone {2}this device/)
    expect(await terminals.fail("phone", ["recover"], {}, Buffer.from(phrase))).to.deep.equal([1, "exists"])
  })

  it("a new device shows a code, and one of the account approves it", async () => {
    const linking = terminals.succeed("watch", ["device", "link", "--name", "Watch", "--code-file", at("code")])
    let code = ""
    while (code === "") {
      await new Promise((resolve) => setTimeout(resolve, 50))
      code = (await readFile(at("code"), "utf8").catch(() => "")).trim()
    }
    expect(await terminals.fail("laptop", ["device", "approve", code])).to.deep.equal([2, "usage"])
    expect(await terminals.fail("laptop", ["device", "approve", `${code}a`, "--yes"])).to.deep.equal([2, "usage"])
    const approved = await terminals.succeed("laptop", ["device", "approve", code, "--yes"])
    const linked = await linking
    expect([approved.name, linked.account, linked.device, linked.meetings]).to.deep.equal([
      "Watch",
      account,
      approved.device,
      1,
    ])
    await terminals.succeed("laptop", ["device", "revoke", approved.device])
  })

  it("a device that is revoked is told so, and the meetings have a new secret", async () => {
    const [, phone] = (await terminals.succeed("laptop", ["device", "list"])).devices
    const { rekeyed } = await terminals.succeed("laptop", ["device", "revoke", phone.device])
    expect(rekeyed).to.deep.equal([meeting])
    expect(await terminals.fail("phone", ["meeting", "show", meeting])).to.deep.equal([1, "not-authorised"])
    const own = (await terminals.succeed("laptop", ["device", "list"])).devices[0].device
    expect(await terminals.fail("laptop", ["device", "revoke", own])).to.deep.equal([2, "usage"])
    expect(await terminals.fail("laptop", ["device", "revoke", phone.device])).to.deep.equal([1, "not-found"])
  })

  it("new words take the place of the old ones, and the drill tells them apart", async () => {
    expect((await terminals.succeed("laptop", ["recovery", "check"], {}, Buffer.from(phrase))).isRight).to.equal(true)
    await terminals.succeed("laptop", ["recovery", "replace", "--phrase-file", "words"])
    expect(await terminals.fail("laptop", ["recovery", "check"], {}, Buffer.from(phrase))).to.deep.equal([
      1,
      "not-found",
    ])
    await terminals.succeed("laptop", ["recovery", "check", "--phrase-file", "words"])
    expect((await readFile(at("words"), "utf8")).trim().split(" ")).to.have.length(24)
    expect(await terminals.fail("tablet", ["recover"], {}, Buffer.from(phrase))).to.deep.equal([1, "not-found"])
    expect(await terminals.fail("tablet", ["recover"], {}, Buffer.from("not the words"))).to.deep.equal([2, "usage"])
  })

  it("recovering without a word of other devices revokes them all", async () => {
    const { revoked, rekeyed } = await terminals.succeed("tablet", ["recover", "--phrase-file", "words"])
    expect([revoked.length, rekeyed]).to.deep.equal([1, [meeting]])
    expect(await terminals.fail("laptop", ["meeting", "list"])).to.deep.equal([1, "not-authorised"])
    await terminals.succeed("tablet", ["upload", meeting, "random.bin", "--as-is"])
    expect((await terminals.succeed("tablet", ["recordings", meeting])).recordings).to.have.length(2)
  })
})
