import { spawnSync } from "node:child_process"
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "chai"
import { root, temporaryFolder } from "../support/programs.js"

/**
 * Plants forbidden imports in a copy of the tree's shape, with the tree's own settings, and sees which check fires:
 * project references, the lint rule, dependency-cruiser. Each alone has a hole; together they have none.
 */
describe("boundaries", function () {
  this.timeout(120_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>

  before(async () => {
    folder = await temporaryFolder()
    const copy = async (path: string): Promise<void> => {
      await cp(join(root, path), join(folder.path, path))
    }
    for (const path of ["package.json", "tsconfig.base.json", "eslint.config.js", ".dependency-cruiser.cjs"])
      await copy(path)
    for (const project of ["shared/protocol", "shared/server", "api", "worker", "client/crypto", "client/sdk"]) {
      await mkdir(join(folder.path, project), { recursive: true })
      await copy(`${project}/tsconfig.json`)
    }
    await symlink(join(root, "node_modules"), join(folder.path, "node_modules"))
    await write("client/crypto/key.ts", 'export const key = "secret"\n')
    await write("client/sdk/use.ts", 'export { key } from "../crypto/key.js"\n')
    await write("shared/protocol/pure.ts", "export const pure = 1\n")
    await write("shared/server/adapter.ts", 'export { pure } from "../protocol/pure.js"\n')
    await write("api/main.ts", 'export { pure } from "../shared/server/adapter.js"\n')
    await write("worker/main.ts", 'export { pure } from "../shared/server/adapter.js"\n')
  })
  after(async () => {
    await folder.remove()
  })

  const write = async (path: string, text: string): Promise<void> => {
    await writeFile(join(folder.path, path), text)
  }
  const fires = (program: string, args: readonly string[]): boolean => {
    const result = spawnSync(process.execPath, [join(root, "node_modules", program), ...args], {
      cwd: folder.path,
      encoding: "utf8",
    })
    if (result.status === null) throw new Error(`${program} did not run`)
    return result.status !== 0
  }
  const references = (project: string): boolean => fires("typescript/bin/tsc", ["-b", project])
  const lint = (file: string): boolean => fires("eslint/bin/eslint.js", [file])
  const cruiser = (): boolean =>
    fires("dependency-cruiser/bin/dependency-cruise.mjs", [
      "--config",
      ".dependency-cruiser.cjs",
      "--output-type",
      "err",
      "shared",
      "api",
      "worker",
      "client",
    ])

  /** Plants a file, looks, and takes it away. */
  async function planted<T>(path: string, text: string, look: () => T): Promise<T> {
    await write(path, text)
    try {
      return look()
    } finally {
      await rm(join(folder.path, path))
    }
  }

  it("a clean tree passes all three", () => {
    expect([references("api"), references("worker"), lint("api/main.ts"), cruiser()]).to.deep.equal([
      false,
      false,
      false,
      false,
    ])
  })

  it("a direct import from api to client: all three fire", async () => {
    const text = 'export { key } from "../client/crypto/key.js"\n'
    const seen = await planted("api/planted.ts", text, () => [references("api"), lint("api/planted.ts"), cruiser()])
    expect(seen).to.deep.equal([true, true, true])
  })

  it("the same behind @ts-ignore: project references are silent, lint and dependency-cruiser fire", async () => {
    const text = '// @ts-ignore\nexport { key } from "../client/crypto/key.js"\n'
    const seen = await planted("api/planted.ts", text, () => [references("api"), lint("api/planted.ts"), cruiser()])
    expect(seen).to.deep.equal([false, true, true])
  })

  it("through a chain, api to shared to client: lint sees the chain's own file only, dependency-cruiser sees the whole", async () => {
    await write("api/planted.ts", 'export { key } from "../shared/server/chain.js"\n')
    const text = '// @ts-ignore\nexport { key } from "../../client/sdk/use.js"\n'
    const seen = await planted("shared/server/chain.ts", text, () => [
      lint("api/planted.ts"),
      lint("shared/server/chain.ts"),
      cruiser(),
    ])
    await rm(join(folder.path, "api/planted.ts"))
    expect(seen).to.deep.equal([false, true, true])
  })

  it("a dynamic import: lint and dependency-cruiser fire", async () => {
    const text = 'export const load = async (): Promise<unknown> => await import("../client/crypto/key.js")\n'
    const seen = await planted("api/planted.ts", text, () => [references("api"), lint("api/planted.ts"), cruiser()])
    expect(seen).to.deep.equal([true, true, true])
  })

  it("api and worker import each other: all three fire, both ways", async () => {
    const toWorker = await planted("api/planted.ts", 'export { pure } from "../worker/main.js"\n', () => [
      references("api"),
      lint("api/planted.ts"),
      cruiser(),
    ])
    const toApi = await planted("worker/planted.ts", 'export { pure } from "../api/main.js"\n', () => [
      references("worker"),
      lint("worker/planted.ts"),
      cruiser(),
    ])
    expect([toWorker, toApi]).to.deep.equal([
      [true, true, true],
      [true, true, true],
    ])
  })

  it("libsodium outside its two files, and Node's own modules in the protocol: dependency-cruiser fires", async () => {
    const sodium = await planted(
      "client/sdk/planted.ts",
      'import sodium from "libsodium-wrappers"\nexport const ready = sodium.ready\n',
      () => [lint("client/sdk/planted.ts"), cruiser()],
    )
    const node = await planted("shared/protocol/planted.ts", 'export { readFile } from "node:fs/promises"\n', () =>
      cruiser(),
    )
    expect([sodium, node]).to.deep.equal([[true, true], true])
  })

  it("the environment read outside config.ts: lint fires", async () => {
    expect(
      await planted("worker/planted.ts", 'export const home = process.env["HOME"]\n', () => lint("worker/planted.ts")),
    ).to.equal(true)
    expect(
      await planted("worker/config.ts", 'export const home = process.env["HOME"]\n', () => lint("worker/config.ts")),
    ).to.equal(false)
  })
})
