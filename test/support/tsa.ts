import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

const CONFIGURATION = `
[ tsa ]
default_tsa = tsa1
[ tsa1 ]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
certs = ./ca.pem
signer_key = ./tsa.key
signer_digest = sha512
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
[ certificate ]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
`

export interface TestAuthority {
  readonly url: string
  /** Its certification authority's certificate. */
  readonly caFile: string
  /** How it answers from now on; `null` as it should. */
  answerWith(alter: ((reply: Buffer) => Buffer) | null): void
  stop(): Promise<void>
}

/** A real authority for time-stamps: OpenSSL's, behind HTTP on loopback. */
export async function startAuthority(): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), "taciturn-test-tsa-"))
  const openssl = async (...args: string[]): Promise<void> => {
    await run("openssl", args, { cwd: folder })
  }
  await writeFile(join(folder, "tsa.cnf"), CONFIGURATION)
  await writeFile(join(folder, "serial"), "01\n")
  const key = ["-newkey", "rsa:2048", "-nodes"]
  await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2")
  await openssl("req", ...key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test time-stamps")
  await openssl(
    ...["x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"],
    ...["-extfile", "tsa.cnf", "-extensions", "certificate", "-out", "tsa.pem"],
  )
  let alter: ((reply: Buffer) => Buffer) | null = null
  let asked = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const name = `${++asked}`
      const answer = async (): Promise<Buffer> => {
        await writeFile(join(folder, `${name}.tsq`), Buffer.concat(chunks))
        await openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", `${name}.tsq`, "-out", `${name}.tsr`)
        return await readFile(join(folder, `${name}.tsr`))
      }
      answer().then(
        (reply) => {
          response.setHeader("content-type", "application/timestamp-reply")
          response.end(alter === null ? reply : alter(reply))
        },
        () => {
          response.statusCode = 500
          response.end()
        },
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    caFile: join(folder, "ca.pem"),
    answerWith: (altering) => {
      alter = altering
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
