import { expect } from "chai"
import { fromHex } from "../../../shared/protocol/bytes.js"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { readServerConfig } from "../../../shared/server/config.js"

const CODE = "00112233445566778899aabbccddeeff"

describe("the server's configuration", () => {
  const s3 = { S3_ENDPOINT: "http://127.0.0.1:9", S3_ACCESS_KEY_ID: "id", S3_SECRET_ACCESS_KEY: "secret" }

  it("needs nothing: everything embedded, on the loopback address", () => {
    const config = readServerConfig({})
    expect(config).to.include({ host: "127.0.0.1", port: 8080, databaseUrl: null, redisUrl: null, s3: null })
    expect(config.spoolDir).to.equal(`${config.dataDir}/spool`)
  })

  it("takes what is empty for not set", () => {
    expect(readServerConfig({ DATABASE_URL: "", S3_ENDPOINT: "", PORT: "" })).to.deep.equal(readServerConfig({}))
  })

  it("reads an S3 with its keys, and a list of public URLs", () => {
    const config = readServerConfig({ ...s3, PUBLIC_URLS: "https://a.example, https://b.example" })
    expect(config.s3).to.include({ endpoint: s3.S3_ENDPOINT, bucket: "taciturn", accessKeyId: "id" })
    expect(config.publicUrls).to.deep.equal(["https://a.example", "https://b.example"])
  })

  it("asks for a code to make meetings where the policy says so, and never keeps one that would not be asked for", () => {
    expect(readServerConfig({}).meetingCode).to.equal(null)
    expect(readServerConfig({ MEETING_POLICY: "code", MEETING_CODE: CODE.toUpperCase() }).meetingCode).to.deep.equal(
      fromHex(CODE),
    )
  })

  const wrong: readonly [variable: string, environment: Readonly<Record<string, string>>][] = [
    ["PORT", { PORT: "65536" }],
    ["PORT", { PORT: "http" }],
    ["DATABASE_URL", { DATABASE_URL: "mysql://127.0.0.1/x" }],
    ["REDIS_URL", { REDIS_URL: "nonsense" }],
    ["S3_ENDPOINT", { ...s3, S3_ENDPOINT: "ftp://127.0.0.1" }],
    ["S3_SECRET_ACCESS_KEY", { ...s3, S3_SECRET_ACCESS_KEY: "" }],
    ["LOG_LEVEL", { LOG_LEVEL: "everything" }],
    ["RESERVE_BYTES", { RESERVE_BYTES: "-1" }],
    ["WORKER_CONCURRENCY", { WORKER_CONCURRENCY: "0" }],
    ["MEETING_POLICY", { MEETING_POLICY: "closed" }],
    ["MEETING_CODE", { MEETING_POLICY: "code", MEETING_CODE: "" }],
    ["MEETING_POLICY", { MEETING_CODE: CODE }],
    ["MEETING_CODE", { MEETING_POLICY: "code", MEETING_CODE: CODE.slice(2) }],
    ["MEETING_CODE", { MEETING_POLICY: "code", MEETING_CODE: "deadbeef".repeat(4) }],
    ["MEETING_CODE", { MEETING_POLICY: "code", MEETING_CODE: "correct horse battery staple, and more words" }],
    ["MEETING_BYTES_MAX", { MEETING_BYTES_MAX: "0" }],
    ["INSTANCE_BYTES_MAX", { INSTANCE_BYTES_MAX: "1 TB" }],
  ]
  for (const [variable, environment] of wrong) {
    it(`refuses ${JSON.stringify(environment[variable])} for ${variable}, naming it, and repeats no value`, () => {
      expect(() => readServerConfig(environment))
        .to.throw(ArchiveError, variable)
        .with.property("code", "usage")
      expect(() => readServerConfig(environment))
        .to.throw(ArchiveError)
        .with.property("message")
        .that.does.not.contain(environment["MEETING_CODE"] || CODE)
      const secret = { ...environment, DATABASE_URL: "not-a-url:hunter2" }
      expect(() => readServerConfig(secret))
        .to.throw(ArchiveError)
        .with.property("message")
        .that.does.not.contain("hunter2")
    })
  }
})
