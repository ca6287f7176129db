import { randomBytes } from "node:crypto"
import { readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { expect } from "chai"
import { pieceName } from "../../shared/server/assets/layout.js"
import { openFolderStore } from "../../shared/server/objects/folder.js"
import { openS3Store } from "../../shared/server/objects/s3.js"
import type { ObjectStore } from "../../shared/server/ports.js"
import { type Installation, openInstallation } from "../support/installation.js"
import { exitOf, type startProgram } from "../support/programs.js"
import { type Terminals, terminalsAt } from "../support/taciturn.js"

const DEADLINE_MS = 60_000
/** An empty setting is none. */
export const EMBEDDED = { DATABASE_URL: "", REDIS_URL: "" }

/** An installation, and Alice with a meeting in it. API and worker run, or the one process that is both, with all that it embeds. */
export interface Scene {
  readonly installation: Installation
  readonly terminals: Terminals
  readonly meeting: string
  /** A file of random bytes, under a name that none had. */
  newFile(sizeBytes: number): Promise<string>
  /** What a killed request leaves in the spool: a file that no piece names. */
  leaveOrphan(): Promise<void>
  /** Waits until the server has pieces that are not stored yet. */
  waitForPieces(): Promise<void>
  /** The file's one recording, byte-equal, and no journal left of it. */
  expectPublished(file: string): Promise<void>
  /** No piece, no lease, no object but of stored assets, and as many of those as `assets` says. */
  expectNoOrphan(): Promise<void>
  close(): Promise<void>
}

export async function openScene(kind: "folder" | "s3" | "embedded" = "folder"): Promise<Scene> {
  const installation = await openInstallation(kind === "s3" ? "s3" : "folder")
  if (kind === "embedded") await installation.start("service", EMBEDDED)
  else {
    await installation.start("api")
    await installation.start("worker")
  }
  const terminals = await terminalsAt(installation.url)
  await terminals.succeed("alice", ["init"])
  const { meeting } = await terminals.succeed("alice", ["meeting", "create", "Faults"])
  let files = 0
  const objects = await openObjects(installation)
  return {
    installation,
    terminals,
    meeting,
    newFile: async (sizeBytes) => {
      const name = `file-${files++}.bin`
      await writeFile(join(terminals.folder, name), randomBytes(sizeBytes))
      return name
    },
    leaveOrphan: async () => {
      await writeFile(join(installation.data, "spool", pieceName(randomBytes(16), 1, randomBytes(8))), "left")
    },
    waitForPieces: async () => {
      await eventually("pieces wait", async () => {
        expect(await installation.catalog.query("SELECT spool_name FROM pieces", [])).to.not.deep.equal([])
      })
    },
    expectPublished: async (file) => {
      const title = file.replace(/\.bin$/, "")
      const { recordings } = await terminals.succeed("alice", ["recordings", meeting])
      const mine = recordings.filter((recording: { readonly title: string }) => recording.title === title)
      expect(mine, `recordings of ${file}`).to.have.length(1)
      await terminals.succeed("alice", ["download", mine[0].recording, "-o", `${file}.back`])
      expect((await terminals.read(file)).equals(await terminals.read(`${file}.back`)), "byte-equal").to.equal(true)
    },
    expectNoOrphan: async () => {
      const journals = await readdir(join(terminals.folder, "alice", "uploads"))
      // The lock of a killed command stays until the next for the same file.
      expect(journals.filter((name) => !name.endsWith(".lock"))).to.deep.equal([])
      await eventually("everything is stored, and nothing else is there", async () => {
        const { catalog } = installation
        expect(await catalog.query("SELECT spool_name FROM pieces", [])).to.deep.equal([])
        expect(await readdir(join(installation.data, "spool"))).to.deep.equal([])
        const assets = await catalog.query<{ asset_id: Uint8Array; state: string }>(
          "SELECT asset_id, state FROM assets",
          [],
        )
        expect(assets.map(({ state }) => state)).to.not.include.members(["uploading", "storing"])
        const stored = new Set(
          assets.filter(({ state }) => state === "stored").map(({ asset_id }) => Buffer.from(asset_id).toString("hex")),
        )
        const seen = new Set<string>()
        for await (const { key } of objects.list("c/")) seen.add(key.split("/")[1] ?? "")
        expect([...seen].sort()).to.deep.equal([...stored].sort())
      })
    },
    close: async () => {
      await objects.close()
      await installation.close()
      await terminals.close()
    },
  }
}

async function openObjects({ data, gateway }: Installation): Promise<ObjectStore> {
  return gateway === null
    ? await openFolderStore(join(data, "objects"))
    : openS3Store({ ...gateway, region: "us-east-1" })
}

/** Tries until it holds. */
export async function eventually(what: string, check: () => Promise<void>): Promise<void> {
  for (const deadline = performance.now() + DEADLINE_MS; ;) {
    try {
      await check()
      return
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`never came: ${what}`, { cause: error })
      await delay(100)
    }
  }
}

/** The command ends well: by itself, or where it gave up for now, by being called again. */
export async function expectDone(
  terminals: Terminals,
  command: ReturnType<typeof startProgram>,
  args: readonly string[],
): Promise<void> {
  const exitCode = await exitOf(command)
  if (exitCode === 0) return
  expect(exitCode, command.output()).to.equal(4)
  await terminals.succeed("alice", args)
}

/** Waits until the server has acknowledged some, and not all, of an upload of `sizeBytes`. */
export async function underWay({ catalog }: Installation): Promise<void> {
  await eventually("an upload is under way", async () => {
    const rows = await catalog.query<{ bytes: number }>(
      "SELECT offset_bytes AS bytes FROM assets WHERE state = 'uploading' AND offset_bytes > 0",
      [],
    )
    expect(rows).to.have.length(1)
  })
}
