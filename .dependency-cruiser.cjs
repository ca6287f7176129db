/** Who may import whom. TypeScript's project references and eslint guard the same borders; each alone has a hole. */
module.exports = {
  forbidden: [
    {
      name: "server-reaches-client",
      severity: "error",
      comment: "keys exist in the client alone",
      from: { path: "^(api|worker|serve|shared)/" },
      to: { path: "^client/", reachable: true },
    },
    { name: "api-imports-worker", severity: "error", from: { path: "^api/" }, to: { path: "^(worker|serve)/" } },
    { name: "worker-imports-api", severity: "error", from: { path: "^worker/" }, to: { path: "^(api|serve)/" } },
    {
      name: "protocol-is-pure",
      severity: "error",
      comment: "no I/O, no server, no secret",
      from: { path: "^shared/protocol/" },
      to: { path: "^(shared/server|api|worker|serve|client)/" },
    },
    {
      name: "protocol-uses-no-node",
      severity: "error",
      from: { path: "^shared/protocol/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "crypto-is-pure",
      severity: "error",
      from: { path: "^client/crypto/", pathNot: "^client/crypto/node-primitives[.]ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "crypto-stands-alone",
      severity: "error",
      from: { path: "^client/crypto/" },
      to: { path: "^(client/(sdk|cli)|shared/server)/" },
    },
    { name: "sdk-imports-no-cli", severity: "error", from: { path: "^client/sdk/" }, to: { path: "^client/cli/" } },
    {
      name: "client-imports-no-server",
      severity: "error",
      from: { path: "^client/" },
      to: { path: "^(shared/server|api|worker|serve)/" },
    },
    {
      name: "libsodium-in-two-files",
      severity: "error",
      from: {
        path: "^(shared|api|worker|serve|client)/",
        pathNot: "^(client/crypto/sodium|shared/server/signatures)[.]ts$",
      },
      to: { path: "libsodium" },
    },
    {
      name: "no-cycle",
      severity: "error",
      comment: "types may look at each other",
      from: { pathNot: "^client/sdk/(meetings|invitations)[.]ts$" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    tsConfig: { fileName: "tsconfig.base.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json"],
    },
  },
}
