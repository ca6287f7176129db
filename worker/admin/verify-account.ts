import { concatBytes, equalBytes, toHex } from "../../shared/protocol/bytes.js"
import { verifyChain } from "../../shared/protocol/chain.js"
import { ID_BYTES, sha256, ZERO_HASH } from "../../shared/protocol/hash.js"
import { idOfHash } from "../../shared/protocol/ids.js"
import { decodeKeyringRecord } from "../../shared/protocol/keyring.js"
import { verifySignature } from "../../shared/server/signatures.js"
import { refused } from "./bag-reader.js"
import type { ProducedRecord, ProducedRow } from "./record-reader.js"

/** Follows an account's rows, and at the end says whether any is missing. SPEC.md §12, G10. */
export class AccountCheck {
  readonly #account: ProducedRow<"accounts">
  readonly #place: string
  readonly #links: Uint8Array[] = []
  readonly #hashes: Uint8Array[] = []
  readonly #boxes = new Set<string>()
  #record: { readonly seq: number; readonly hash: Uint8Array } | null = null
  /** From which seq on the keyring's records follow each other up to the last. */
  #runFrom = 0
  #snapshotSeq = 0

  constructor(account: ProducedRow<"accounts">, name: string) {
    this.#account = account
    this.#place = name
  }

  row({ table, row }: ProducedRecord): void {
    if (!("account_id" in row) || !equalBytes(row.account_id, this.#account.account_id))
      throw refused(`a row of ${table} that is not this account's`, this.#place)
    if (table === "account_links") this.#link(row)
    else if (table === "account_boxes") this.#box(row)
    else if (table === "inbox_entries") this.#entry(row)
    else if (table === "keyring_records") this.#keyringRecord(row)
    else if (table === "keyring_snapshots") this.#snapshotSeq = Math.max(this.#snapshotSeq, row.seq)
  }

  /** After the account's last row. */
  finish(): void {
    const {
      account_id: id,
      genesis_hash: genesis,
      head_seq: headSeq,
      head_hash: headHash,
      closed_day: closed,
    } = this.#account
    if (this.#links.length !== headSeq + 1) throw refused(`link ${this.#links.length} is missing`, this.#place)
    const chain = verifyChain(this.#links, verifySignature)
    const fits =
      this.#hashes.every((hash, seq) => equalBytes(hash, chain.linkHashes[seq] ?? ZERO_HASH)) &&
      equalBytes(chain.genesisHash, genesis) &&
      equalBytes(idOfHash("account", genesis), id) &&
      equalBytes(chain.headHash, headHash)
    if (!fits) throw refused("a chain that is not the account's", this.#place)
    const named = new Set(chain.boxes.map(({ hash }) => toHex(hash)))
    for (const box of this.#boxes)
      if (!named.has(box)) throw refused("a box that no link names", `${this.#place} box ${box}`)
    // What closes an account empties it; a hold may have kept it all the same.
    if (closed === null)
      for (const box of named) if (!this.#boxes.has(box)) throw refused("a box is missing", `${this.#place} box ${box}`)
    if (this.#record !== null && this.#runFrom > this.#snapshotSeq)
      throw refused("records of the keyring are missing", `${this.#place} keyring record ${this.#runFrom - 1}`)
  }

  #link(row: ProducedRow<"account_links">): void {
    const place = `${this.#place} link ${row.seq}`
    if (row.seq !== this.#links.length) throw refused(`link ${this.#links.length} is missing`, place)
    this.#links.push(row.link)
    this.#hashes.push(row.hash)
  }

  #box(row: ProducedRow<"account_boxes">): void {
    if (!equalBytes(sha256(row.box), row.box_hash))
      throw refused("a box with another hash", `${this.#place} box ${toHex(row.box_hash)}`)
    this.#boxes.add(toHex(row.box_hash))
  }

  #entry(row: ProducedRow<"inbox_entries">): void {
    if (!equalBytes(sha256(concatBytes(row.account_id, row.sealed)).slice(0, ID_BYTES), row.entry_id))
      throw refused("an entry that has another id", `${this.#place} inbox ${toHex(row.entry_id)}`)
  }

  #keyringRecord(row: ProducedRow<"keyring_records">): void {
    const place = `${this.#place} keyring record ${row.seq}`
    const { seq, prev } = decodeKeyringRecord(row.record)
    if (seq !== row.seq || !equalBytes(sha256(row.record), row.hash))
      throw refused("a record that is not what its row says", place)
    const before = this.#record
    if (before === null || seq > before.seq + 1) this.#runFrom = seq
    else if (seq !== before.seq + 1 || !equalBytes(prev, before.hash))
      throw refused("a record that does not follow the one before", place)
    this.#record = { seq, hash: row.hash }
  }
}
