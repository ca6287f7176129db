import { spawnSync } from "node:child_process"
import { cp, mkdir, realpath, symlink, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { expect } from "chai"
import { root, temporaryFolder } from "../support/programs.js"

/**
 * Plants forbidden imports in a copy of the tree's shape, with the tree's own settings, and sees which check fires for which file:
 * project references, the lint rule, dependency-cruiser. Each alone has a hole; together they have none.
 */

type Check = "references" | "lint" | "cruiser"

interface Plant {
  readonly what: string
  readonly path: string
  readonly text: string
  /** Those that must fire; the others must not. */
  readonly fires: readonly Check[]
}

const PARTS = [
  "shared/protocol",
  "shared/server",
  "api",
  "worker",
  "serve",
  "client/crypto",
  "client/verifier",
  "client/sdk",
  "client/web",
]
const SETTINGS = [
  "package.json",
  "tsconfig.base.json",
  "tsconfig.lint.json",
  "eslint.config.js",
  ".dependency-cruiser.cjs",
]
const importing = (name: string): string => `export const load = async (): Promise<unknown> => await import(${name})\n`

/** Each plant has a target of its own, so that what a check says of one is not said of another. */
const CLEAN: Readonly<Record<string, string>> = {
  "client/crypto/direct.ts": 'export const key = "secret"\n',
  "client/crypto/ignored.ts": 'export const key = "secret"\n',
  "client/crypto/dynamic.ts": 'export const key = "secret"\n',
  "client/verifier/check.ts": 'export { key } from "../crypto/direct.js"\n',
  "client/sdk/chained.ts": 'export const key = "secret"\n',
  "client/sdk/node/place.ts": 'export { tmpdir } from "node:os"\n',
  "client/web/screen.ts": 'export { key } from "../crypto/direct.js"\n',
  "shared/protocol/pure.ts": "export const pure = 1\n",
  "shared/server/adapter.ts": 'export { pure } from "../protocol/pure.js"\n',
  "api/main.ts": 'export { pure } from "../shared/server/adapter.js"\n',
  "api/other.ts": "export const other = 1\n",
  "worker/main.ts": 'export { pure } from "../shared/server/adapter.js"\n',
  "serve/main.ts": 'export { pure } from "../api/main.js"\n',
  "worker/config.ts": 'export const home = process.env["HOME"]\n',
}

const PLANTS: readonly Plant[] = [
  {
    what: "a direct import from api to client",
    path: "api/direct.ts",
    text: 'export { key } from "../client/crypto/direct.js"\n',
    fires: ["references", "lint", "cruiser"],
  },
  {
    what: "the same behind @ts-ignore, which silences project references",
    path: "api/ignored.ts",
    text: '// @ts-ignore\nexport { key } from "../client/crypto/ignored.js"\n',
    fires: ["lint", "cruiser"],
  },
  {
    what: "the start of a chain, api to shared to client: only dependency-cruiser sees that far",
    path: "api/chain.ts",
    text: 'export { key } from "../shared/server/chain.js"\n',
    fires: ["cruiser"],
  },
  {
    what: "the middle of that chain, behind @ts-ignore",
    path: "shared/server/chain.ts",
    text: '// @ts-ignore\nexport { key } from "../../client/sdk/chained.js"\n',
    fires: ["lint", "cruiser"],
  },
  {
    what: "a dynamic import from worker to client",
    path: "worker/dynamic.ts",
    text: importing('"../client/crypto/dynamic.js"'),
    fires: ["references", "lint", "cruiser"],
  },
  {
    what: "a dynamic import whose name is computed: only lint can refuse it",
    path: "worker/computed.ts",
    text: importing('["..", "client", "crypto", "dynamic.js"].join("/")'),
    fires: ["lint"],
  },
  {
    what: "api imports worker",
    path: "api/to-worker.ts",
    text: 'export { pure } from "../worker/main.js"\n',
    fires: ["references", "lint", "cruiser"],
  },
  {
    what: "worker imports api, dynamically",
    path: "worker/to-api.ts",
    text: importing('"../api/other.js"'),
    fires: ["references", "lint", "cruiser"],
  },
  {
    what: "the client imports what is the server's",
    path: "client/sdk/to-server.ts",
    text: 'export { pure } from "../../shared/server/adapter.js"\n',
    fires: ["references", "lint", "cruiser"],
  },
  {
    what: "libsodium outside its two files",
    path: "client/sdk/sodium.ts",
    text: 'import sodium from "libsodium-wrappers"\nexport const ready = sodium.ready\n',
    fires: ["lint", "cruiser"],
  },
  {
    what: "Node's modules in the protocol",
    path: "shared/protocol/node.ts",
    text: 'export { readFile } from "node:fs/promises"\n',
    fires: ["references", "cruiser"],
  },
  {
    what: "Node's modules in the client's crypto",
    path: "client/crypto/node.ts",
    text: 'export { readFile } from "node:fs/promises"\n',
    fires: ["references", "cruiser"],
  },
  {
    what: "Node's modules in the SDK outside its folder for Node",
    path: "client/sdk/node-outside.ts",
    text: 'export { readFile } from "node:fs/promises"\n',
    fires: ["cruiser"],
  },
  {
    what: "the verifier imports what has an account",
    path: "client/verifier/to-sdk.ts",
    text: 'export { key } from "../sdk/chained.js"\n',
    fires: ["references", "cruiser"],
  },
  {
    what: "the web app reaches the SDK's folder for Node",
    path: "client/web/to-node.ts",
    text: 'export { tmpdir } from "../sdk/node/place.js"\n',
    fires: ["cruiser"],
  },
  {
    what: "the environment read outside config.ts",
    path: "worker/environment.ts",
    text: 'export const home = process.env["HOME"]\n',
    fires: ["lint"],
  },
]

/** The lint rules that guard borders; a planted file may break others too. */
const BORDER_RULES = ["@typescript-eslint/no-restricted-imports", "no-restricted-syntax"]

describe("boundaries", function () {
  this.timeout(120_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const seen: Record<Check, ReadonlySet<string>> = { references: new Set(), lint: new Set(), cruiser: new Set() }

  before(async () => {
    folder = await temporaryFolder()
    for (const path of SETTINGS) await cp(join(root, path), join(folder.path, path))
    for (const part of PARTS) {
      await mkdir(join(folder.path, part), { recursive: true })
      await cp(join(root, part, "tsconfig.json"), join(folder.path, part, "tsconfig.json"))
    }
    for (const path of ["client/crypto/tsconfig.node.json", "client/web/tsconfig.workers.json"])
      await cp(join(root, path), join(folder.path, path))
    await mkdir(join(folder.path, "client/sdk/node"))
    await symlink(join(root, "node_modules"), join(folder.path, "node_modules"))
    await write("client/crypto/node-primitives.ts", "export {}\n")
    for (const [path, text] of Object.entries(CLEAN)) await write(path, text)
    for (const { path, text } of PLANTS) await write(path, text)
    seen.references = references()
    seen.lint = await lint()
    seen.cruiser = cruiser()
  })
  after(async () => {
    await folder.remove()
  })

  async function write(path: string, text: string): Promise<void> {
    await writeFile(join(folder.path, path), text)
  }

  function run(program: string, args: readonly string[]): string {
    const result = spawnSync(process.execPath, [join(root, "node_modules", program), ...args], {
      cwd: folder.path,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    })
    if (result.status === null) throw new Error(`${program} did not run`)
    return result.stdout
  }

  function references(): ReadonlySet<string> {
    const output = run("typescript/bin/tsc", ["-b", "--pretty", "false", "serve", "client/sdk"])
    return new Set([...output.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, path]) => path ?? ""))
  }

  async function lint(): Promise<ReadonlySet<string>> {
    const output = run("eslint/bin/eslint.js", ["--format", "json", "."])
    const files = JSON.parse(output) as { filePath: string; messages: { ruleId: string | null }[] }[]
    const base = await realpath(folder.path)
    return new Set(
      files
        .filter(({ messages }) => messages.some(({ ruleId }) => ruleId === null || BORDER_RULES.includes(ruleId)))
        .map(({ filePath }) => relative(base, filePath)),
    )
  }

  function cruiser(): ReadonlySet<string> {
    const output = run("dependency-cruiser/bin/dependency-cruise.mjs", [
      ...["--config", ".dependency-cruiser.cjs", "--output-type", "json"],
      ...["shared", "api", "worker", "serve", "client"],
    ])
    const { summary } = JSON.parse(output) as { summary: { violations: { from: string }[] } }
    return new Set(summary.violations.map(({ from }) => from))
  }

  for (const check of ["references", "lint", "cruiser"] as const) {
    it(`${check}: silent on what is allowed`, () => {
      expect(Object.keys(CLEAN).filter((path) => seen[check].has(path))).to.deep.equal([])
    })
  }

  for (const { what, path, fires } of PLANTS) {
    it(`${what}: ${fires.join(", ")}`, () => {
      expect((["references", "lint", "cruiser"] as const).filter((check) => seen[check].has(path))).to.deep.equal(fires)
    })
  }
})
