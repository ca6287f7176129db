import { expect } from "chai"
import { randomBytes } from "node:crypto"
import pg from "pg"
import { openCatalog } from "../../shared/server/catalog/database.js"
import { migrate } from "../../shared/server/catalog/migrate.js"
import { MIGRATIONS } from "../../shared/server/migrations/index.js"
import type { Catalog } from "../../shared/server/ports.js"
import { SCHEMA } from "../../shared/server/schema.js"
import { createTestDatabase, type TestDatabase } from "../support/postgres.js"
import { startTcpRelay, type TcpRelay } from "../support/tcp-relay.js"
import { code } from "./object-store.js"

describe("the catalog", function () {
  this.timeout(90_000)
  let database: TestDatabase
  let catalog: Catalog

  before(async () => {
    database = await createTestDatabase()
    catalog = database.catalog
  })
  after(() => database.stop())

  const insert = "INSERT INTO tombstones (kind, id, day) VALUES ('test', $1, 1)"
  const isThere = async (id: Uint8Array): Promise<boolean> =>
    (await catalog.query("SELECT 1 AS found FROM tombstones WHERE id = $1", [id])).length === 1

  async function relayed(work: (through: Catalog, relay: TcpRelay) => Promise<void>): Promise<void> {
    const { hostname, port, pathname, username } = new URL(database.url)
    const relay = await startTcpRelay({ host: hostname, port: Number(port) })
    const through = openCatalog(`postgres://${username}@127.0.0.1:${relay.port}${pathname}`)
    try {
      await work(through, relay)
    } finally {
      await relay.stop()
      await through.close()
    }
  }

  it("gives bytes as bytes and big integers as numbers", async () => {
    const id = randomBytes(16)
    const [row] = await catalog.query("SELECT $1::bytea AS id, 8796093022208::bigint AS size, NULL AS nothing", [id])
    expect(row).to.deep.equal({ id, size: 2 ** 43, nothing: null })
  })

  it("commits what a transaction did, and rolls it back where it throws", async () => {
    const [kept, dropped] = [randomBytes(16), randomBytes(16)]
    const result = await catalog.transaction(async (transaction) => {
      await transaction.query(insert, [kept])
      expect(await isThere(kept), "not seen from outside before the commit").to.equal(false)
      return "done"
    })
    expect([result, await isThere(kept)]).to.deep.equal(["done", true])
    const failing = catalog.transaction(async (transaction) => {
      await transaction.query(insert, [dropped])
      throw new Error("after all not")
    })
    expect(await failing.catch((error: unknown) => String(error))).to.contain("after all not")
    expect(await isThere(dropped)).to.equal(false)
  })

  it("serves on after statements that the database refuses", async () => {
    const id = randomBytes(16)
    await catalog.query(insert, [id])
    for (let times = 0; times < 40; times++) {
      expect(await code(catalog.query(insert, [id]))).to.equal("internal")
      expect(await code(catalog.transaction((transaction) => transaction.query(insert, [id])))).to.equal("internal")
    }
    expect(await isThere(id)).to.equal(true)
  })

  it("failed and not persisted: the connection breaks before the commit, and nothing changed", async () => {
    await relayed(async (through, relay) => {
      const id = randomBytes(16)
      const cut = through.transaction(async (transaction) => {
        await transaction.query(insert, [id])
        relay.cut()
      })
      expect(await code(cut)).to.equal("unavailable")
      expect(await isThere(id)).to.equal(false)
      expect(await code(through.query("SELECT 1", []))).to.equal("unavailable")
      expect(await code(through.transaction(() => Promise.resolve()))).to.equal("unavailable")
      relay.mend()
      await through.query(insert, [id])
      expect(await isThere(id)).to.equal(true)
    })
  })

  it("failed but persisted: the answer to the commit never comes, and the row is there", async () => {
    await relayed(async (through, relay) => {
      const id = randomBytes(16)
      const muted = code(
        through.transaction(async (transaction) => {
          await transaction.query(insert, [id])
          relay.mute()
        }),
      )
      while (!(await isThere(id))) await new Promise((resolve) => setTimeout(resolve, 10))
      relay.cut()
      expect(await muted).to.equal("unavailable")
      relay.mend()
      expect(await code(through.query(insert, [id])), "an honest second try meets the first").to.equal("internal")
    })
  })

  it("is unavailable, not broken, where no database is", async () => {
    const nowhere = openCatalog("postgres://nobody@127.0.0.1:1/nothing")
    expect(await code(nowhere.query("SELECT 1", []))).to.equal("unavailable")
    await nowhere.close()
  })

  it("is migrated once, by any number of processes at once", async () => {
    const name = `test_${randomBytes(6).toString("hex")}`
    await catalog.query(`CREATE DATABASE ${name}`, [])
    const url = new URL(database.url)
    url.pathname = name
    const catalogs = Array.from({ length: 6 }, () => openCatalog(url.href))
    await Promise.all(catalogs.map(migrate))
    const [first] = catalogs
    const versions = await first?.query("SELECT version FROM migrations ORDER BY version", [])
    expect(versions).to.deep.equal(MIGRATIONS.map((_statements, index) => ({ version: index + 1 })))
    await Promise.all(catalogs.map((other) => other.close()))
  })

  it("has no column that shared/server/schema.ts does not explain, and explains none that is not there", async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query<{ table_name: string; column_name: string }>(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'",
    )
    await client.end()
    const explained = Object.entries(SCHEMA).flatMap(([table, { columns }]) =>
      Object.keys(columns).map((column) => `${table}.${column}`),
    )
    expect(rows.map((row) => `${row.table_name}.${row.column_name}`).sort()).to.deep.equal(explained.sort())
  })
})
