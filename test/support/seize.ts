import { closeSync, openSync, readSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import pg from "pg"
import type { Haystack } from "./needles.js"

/** Everything that somebody who takes a server away has. */

const SLICE_BYTES = 16 * 1024 * 1024

/** Every file below a folder. */
export async function seizeFolder(haystack: Haystack, folder: string): Promise<void> {
  const slice = sliceFor(haystack)
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const file = openIfThere(path)
    if (file === null) continue
    try {
      for (let at = 0n, read = slice.length; read === slice.length; at += BigInt(SLICE_BYTES)) {
        read = readSync(file, slice, 0, slice.length, at)
        haystack.scan(path, slice.subarray(0, read))
      }
    } finally {
      closeSync(file)
    }
  }
}

/** One slice, and as much of the next as what lies across both needs. */
function sliceFor(haystack: Haystack): Buffer {
  return Buffer.alloc(SLICE_BYTES + haystack.overlapBytes)
}

/** `null` for what a running server removed meanwhile. */
function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r")
  } catch {
    return null
  }
}

/** Every column of every row, as bytes: what the database's own files may hold compressed. */
export async function seizeDatabase(haystack: Haystack, databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  let rows = 0
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    )
    for (const { name } of tables.rows) {
      const result = await client.query<Record<string, unknown>>(`SELECT * FROM ${name}`)
      rows += result.rows.length
      for (const row of result.rows)
        for (const value of Object.values(row).flat())
          haystack.scan(`table ${name}`, Buffer.isBuffer(value) ? value : Buffer.from(String(value)))
    }
  } finally {
    await client.end()
  }
  return rows
}

/** All memory of a process that it can write to. */
export async function seizeMemory(haystack: Haystack, where: string, pid: number): Promise<void> {
  const maps = await readFile(`/proc/${pid}/maps`, "utf8")
  const memory = openSync(`/proc/${pid}/mem`, "r")
  const slice = sliceFor(haystack)
  try {
    for (const line of maps.split("\n")) {
      const [, from, to, modes] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? []
      if (
        from === undefined ||
        to === undefined ||
        modes === undefined ||
        !modes.startsWith("rw") ||
        line.includes("[v")
      )
        continue
      const end = BigInt(`0x${to}`)
      for (let at = BigInt(`0x${from}`); at < end; at += BigInt(SLICE_BYTES)) {
        const length = Number(end - at < BigInt(slice.length) ? end - at : BigInt(slice.length))
        const read = readSlice(memory, slice, length, at)
        haystack.scan(where, slice.subarray(0, read))
      }
    }
  } finally {
    closeSync(memory)
  }
}

/** A region that was given back meanwhile reads as nothing. */
function readSlice(memory: number, slice: Buffer, length: number, at: bigint): number {
  try {
    return readSync(memory, slice, 0, length, at)
  } catch {
    return 0
  }
}
