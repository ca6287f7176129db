// Random passwords for docker-compose.yml, into .env beside it. An .env that is there stays as it is.
import { randomBytes } from "node:crypto"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./set-up.mjs"

const NAMES = ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"]
const path = join(root, ".env")

if (existsSync(path)) process.stdout.write(`${path} is there already and was left alone.\n`)
else {
  const lines = NAMES.map((name) => `${name}=${randomBytes(24).toString("hex")}\n`)
  writeFileSync(path, lines.join(""), { mode: 0o600, flag: "wx" })
  process.stdout.write(`Wrote ${path}: keep it with your backups, and nowhere else.\n`)
}
