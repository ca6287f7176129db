import { existsSync } from "node:fs"
import { join } from "node:path"
import tseslint from "typescript-eslint"

const libsodium = {
  name: "libsodium-wrappers",
  message: "libsodium is used through client/crypto/sodium.ts or shared/server/signatures.ts",
}
/**
 * The first that has a file is asked about it: what runs in browsers, and then all else at once. (`tsc` looks at each part by itself; here that would
 * look at what they share as often as there are parts.)
 */
const PROJECTS = [
  "client/web/tsconfig.json",
  "client/web/tsconfig.workers.json",
  "verify/page/tsconfig.json",
  "test/web-lab/tsconfig.json",
  "tsconfig.lint.json",
].filter((path) => existsSync(join(import.meta.dirname, path)))
const PROCESSES = ["api", "worker", "serve"]
const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: "the environment is read in config.ts alone",
}
const COMPUTED_IMPORT = {
  selector: "ImportExpression:not([source.type='Literal'])",
  message: "an import whose name is computed escapes every check of the borders",
}

/** What a part may not import: neither by a declaration nor by `import()`. It reads the environment in config.ts alone. */
function borders(part, forbidden, message, { sodium, computedImport } = {}) {
  const across = {
    selector: `ImportExpression[source.value=/(^|\\u002F)(${forbidden.join("|").replaceAll("/", "\\u002F")})\\u002F/]`,
    message,
  }
  const patterns = [{ group: forbidden.map((folder) => `**/${folder}/**`), message }]
  const rule = (...syntax) => ({ "no-restricted-syntax": ["error", across, ...syntax] })
  return [
    {
      files: [`${part}/**/*.{ts,tsx}`],
      rules: {
        "@typescript-eslint/no-restricted-imports": ["error", { paths: [libsodium], patterns }],
        ...rule(ENVIRONMENT, COMPUTED_IMPORT),
      },
    },
    { files: [`${part}/**/config.ts`], rules: rule(COMPUTED_IMPORT) },
    { files: computedImport ?? [], rules: rule(ENVIRONMENT) },
    { files: sodium ?? [], rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] } },
  ].filter(({ files }) => files.length > 0)
}

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "data/"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: PROJECTS, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/ban-ts-comment": [
        "error",
        { "ts-ignore": true, "ts-expect-error": true, "ts-nocheck": true },
      ],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/return-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // Text is cut by code points, and ports are objects of functions that use no `this`.
      "@typescript-eslint/no-misused-spread": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  borders("shared/protocol", ["shared/server", "server", ...PROCESSES, "client"], "the protocol is pure"),
  borders(
    "shared/server",
    [...PROCESSES, "client"],
    "what is shared knows no process, and keys exist in the client alone",
    {
      sodium: ["shared/server/signatures.ts"],
      // The package of the platform that this runs on.
      computedImport: ["shared/server/postgres/binaries.ts"],
    },
  ),
  borders(
    "api",
    ["worker", "serve", "client"],
    "the API knows nothing of the worker, and keys exist in the client alone",
  ),
  borders(
    "worker",
    ["api", "serve", "client"],
    "the worker knows nothing of the API, and keys exist in the client alone",
  ),
  borders("serve", ["client"], "the server knows nothing of the client: keys exist there alone"),
  borders(
    "verify",
    ["api", "serve", "client/sdk", "client/cli", "client/web"],
    "the verifier has no account and no server",
  ),
  borders("client", ["shared/server", ...PROCESSES], "the client knows the server by its protocol alone", {
    sodium: ["client/crypto/sodium.ts"],
  }),
  {
    files: ["test/**/*.ts"],
    rules: {
      // Tests look into what they were given: chai's assertions are expressions, and what must be there is said to be.
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/require-await": "off",
    },
  },
)
