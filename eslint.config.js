import tseslint from "typescript-eslint"

const libsodium = {
  name: "libsodium-wrappers",
  message: "libsodium is used through client/crypto/sodium.ts or shared/server/signatures.ts",
}
const from = (group, message) => ({ group, message })
const CLIENT = from(["**/client/**"], "the server knows nothing of the client: keys exist there alone")

/** What a part may not import. */
const borders = (files, patterns, ignores = []) => ({
  files,
  ignores,
  rules: { "@typescript-eslint/no-restricted-imports": ["error", { paths: [libsodium], patterns }] },
})

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "data/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ["./*/tsconfig.json", "./*/*/tsconfig.json"], tsconfigRootDir: import.meta.dirname },
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
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: "the environment is read in config.ts alone",
        },
        { selector: "ImportExpression[source.value=/client/]", message: "no dynamic import across a border" },
      ],
    },
  },
  borders(
    ["shared/**/*.ts"],
    [CLIENT, from(["**/api/**", "**/worker/**"], "what is shared knows no process")],
    ["shared/server/signatures.ts"],
  ),
  borders(
    ["api/**/*.ts"],
    [CLIENT, from(["**/worker/**", "**/serve/**"], "the API and the worker know nothing of each other")],
  ),
  borders(
    ["worker/**/*.ts"],
    [CLIENT, from(["**/api/**", "**/serve/**"], "the API and the worker know nothing of each other")],
  ),
  borders(
    ["client/**/*.ts"],
    [
      from(
        ["**/shared/server/**", "**/api/**", "**/worker/**", "**/serve/**"],
        "the client knows the server by its protocol alone",
      ),
    ],
    ["client/crypto/sodium.ts"],
  ),
  {
    files: ["**/config.ts", "test/**/*.ts", "scripts/**/*.ts"],
    rules: {
      "no-restricted-syntax": "off",
    },
  },
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
