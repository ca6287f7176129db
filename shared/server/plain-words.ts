import type { ColumnKind } from "./schema.js"

/** What each table of the catalog is, for people who are no engineers. A table without its words fails the tests. */
export const TABLE_WORDS: Readonly<Record<string, string>> = {
  migrations: "which version the database has",
  instance: "who this server is: the key with which it signs, and the day on which it began",
  server_keys: "keys with which this server signs receipts and answers to authorities",
  accounts: "accounts: an id made from a public key, and the days on which it began and ended; no name, no address",
  account_links: "the signed history of each account's devices: public keys, and names of devices as ciphertext",
  account_boxes: "keys of accounts, each wrapped for one of their devices; they open nothing here",
  handles: "handles that accounts chose, so that others find them",
  inbox_entries: "invitations that wait for an account, sealed",
  keyring_records: "what each account notes for itself, sealed",
  keyring_snapshots: "the same, put together",
  meetings: "meetings: an id, how much they store, how long it is kept; no title, no list of participants",
  meeting_events: "what happened in meetings, sealed: one row for each thing, with a day",
  meeting_epochs: "public keys with which members of a meeting prove that they belong, without saying who they are",
  messages: "chat messages, sealed: a meeting, a place in its order, a padded size, a day",
  message_packs: "objects of the store with the sealed bytes of old chat messages: a size and a hash each",
  assets: "sealed files: recordings, pictures, captions; a padded size, a day of upload, hashes; no name and no type",
  chunks: "the parts of sealed files, by their hashes",
  pieces: "parts of uploads that are not in the store yet",
  pairing_messages: "sealed messages between two devices that are being linked, for some minutes",
  challenges: "questions that devices have to sign, hashed, for some minutes",
  tokens: "who may do what for ten minutes, hashed",
  invite_links: "invitations by link, sealed, of no account and no meeting",
  tombstones: "what was deleted: an id and a day",
  cases: "requests of authorities",
  case_scope: "what they are about: ids",
  holds: "what must not be removed while a request is answered",
  notices: "what those concerned are told of each request, and from which day on",
  custody: "the record of what was done with each request",
  held_rows: "what was deleted while it was held, apart from everything else",
}

export const KIND_WORDS: Readonly<Record<ColumnKind, string>> = {
  ciphertext: "ciphertext",
  "wrapped-key": "keys that are wrapped for somebody else",
  "public-key": "public keys",
  signature: "signatures",
  hash: "hashes and ids",
  metadata: "sizes, counts, days and states",
  "server-secret": "this server's own signing keys",
}
