import { expect } from "chai"
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { signerOfSeed } from "../../../shared/server/signatures.js"
import { confirmProduction } from "../../../worker/admin/confirm.js"
import { produceCase, UNCONFIRMED } from "../../../worker/admin/produce.js"
import { readVerifiers } from "../../../worker/admin/verifier-files.js"
import { verifyProduction } from "../../../worker/admin/verify.js"
import { ACTOR, openTestCase } from "../../support/cases.js"
import { type Chance, chanceOf } from "../../support/chance.js"
import { TEST_RUN } from "../../support/config.js"
import { random } from "../../support/people.js"
import { startAuthority, type TestAuthority } from "../../support/tsa.js"
import { copyBag, startWorld, type World } from "./support.js"

const RUNS = TEST_RUN.isFull ? 2_000 : 80

describe(`${RUNS} changes of a production, from TACITURN_TEST_SEED=${TEST_RUN.seed}`, function () {
  this.timeout(TEST_RUN.isFull ? 3_600_000 : 300_000)
  let world: World
  let authority: TestAuthority
  let files: readonly string[]

  before(async () => {
    world = await startWorld("small")
    authority = await startAuthority()
    const confirmer = signerOfSeed(random(32))
    const caseId = await openTestCase(world.stack.catalog, [{ kind: "meeting", id: world.meeting.meetingId }])
    await produceCase(
      { ...world.parts, verifiers: await readVerifiers() },
      {
        caseId,
        actor: ACTOR,
        target: join(world.folder, "true"),
        force: false,
        onProgress: () => undefined,
        timestampUrl: authority.url,
        confirmerKeys: [confirmer.publicKey],
      },
    )
    await confirmProduction(world.stack.catalog, world.instance, {
      caseId,
      folder: join(world.folder, `true${UNCONFIRMED}`),
      actor: { ...ACTOR, name: "another operator" },
      confirmer,
    })
    const entries = await readdir(join(world.folder, "true"), { recursive: true, withFileTypes: true })
    files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(world.folder, "true").length + 1))
      .sort()
  })
  after(async () => {
    await authority.stop()
    await world.stop()
  })

  it("are each found, and named: bytes, removals, swaps, additions, ends (G1)", async () => {
    const chance = chanceOf(TEST_RUN.seed, "changes of a production")
    const folder = await copyBag(world, "true", "changed")
    expect(await placeOf(folder)).to.equal(null)
    for (let run = 0; run < RUNS; run++) {
      const { names, undo } = await change(chance, folder)
      const place = await placeOf(folder)
      expect(place, `run ${run}: ${names.join(" and ")} was not found`).to.not.equal(null)
      expect(
        names.some((name) => place?.includes(name)),
        `run ${run}: ${names.join(" and ")} was named ${place ?? ""}`,
      ).to.equal(true)
      await undo()
    }
    expect(await placeOf(folder), "the changes were undone").to.equal(null)
  })

  /** @returns as what a verifier may name it. */
  async function change(
    chance: Chance,
    folder: string,
  ): Promise<{ readonly names: readonly string[]; undo(): Promise<void> }> {
    const path = chance.pick(files)
    const full = join(folder, path)
    const restore = async (name: string): Promise<void> => {
      await rm(join(folder, name), { force: true })
      await copyFile(join(world.folder, "true", name), join(folder, name))
    }
    const undo = (): Promise<void> => restore(path)
    // The signature is what vouches for the tag manifest.
    const names =
      path === "tagmanifest-sha512.txt"
        ? [
            path,
            "production-signature.cbor",
            "manifest-sha512.txt",
            "bag-info.txt",
            "bagit.txt",
            "verify.mjs",
            "verify.html",
            "timestamp.tsr",
          ]
        : [path]
    const bytes = await readFile(full)
    const put = async (name: string, contents: Uint8Array): Promise<void> => {
      // The copy's files share their bytes with the true one's.
      await rm(join(folder, name), { force: true })
      await writeFile(join(folder, name), contents)
    }
    switch (chance.below(5)) {
      case 0: {
        await rm(full)
        return { names, undo }
      }
      case 1: {
        const other = chance.pick(files.filter((name) => name !== path))
        const others = await readFile(join(folder, other))
        if (others.equals(bytes)) return await change(chance, folder)
        await put(path, others)
        await put(other, bytes)
        const swapped = [path, other].includes("tagmanifest-sha512.txt") ? [...files] : [path, other]
        return {
          names: swapped,
          undo: async () => {
            await undo()
            await restore(other)
          },
        }
      }
      case 2: {
        const added = `${path}.${chance.below(1_000)}`
        await put(added, chance.bytes(chance.below(100)))
        return { names: [added], undo: () => rm(join(folder, added)) }
      }
      case 3: {
        await put(path, chance.oneIn(2) ? bytes.subarray(0, -1) : Buffer.concat([bytes, Buffer.of(chance.below(256))]))
        return { names, undo }
      }
      default: {
        const at = chance.below(bytes.length)
        bytes[at] = (bytes[at] ?? 0) ^ (1 + chance.below(255))
        await put(path, bytes)
        return { names, undo }
      }
    }
  }

  /** `null` where it verifies. */
  async function placeOf(folder: string): Promise<string | null> {
    try {
      await verifyProduction(folder, { instanceKey: null, onFile: () => undefined })
      return null
    } catch (error) {
      if (!isArchiveError(error)) throw error
      return error.place ?? "nowhere"
    }
  }
})
