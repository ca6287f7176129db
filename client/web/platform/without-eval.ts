// zod tries whether it may make functions of text. The policy says that nobody may, and each try would be reported.
// Said before zod is loaded: bundled, its schemas are made before any module that could call its `config`.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } })
