/** What a column's values are, for people who read a production. SPEC.md §12. */
export type ColumnKind =
  "ciphertext" | "wrapped-key" | "public-key" | "signature" | "hash" | "metadata" | "server-secret"

/** The classes of SECURITY.md's table of what a server holds. */
export type HoldingClass =
  "account" | "meeting" | "asset" | "message" | "for-a-while" | "after-deletion" | "case" | "server"

export interface TableSchema {
  readonly holdingClass: HoldingClass
  readonly columns: Readonly<Record<string, ColumnKind>>
}

/** Every table and column of the catalog. A column without an annotation fails the tests. */
export const SCHEMA: Readonly<Record<string, TableSchema>> = {
  migrations: { holdingClass: "server", columns: { version: "metadata" } },
  instance: {
    holdingClass: "server",
    columns: { id: "metadata", instance_seed: "server-secret", incarnation: "metadata", created_day: "metadata" },
  },
  server_keys: {
    holdingClass: "server",
    columns: {
      key_id: "hash",
      purpose: "metadata",
      seed: "server-secret",
      public_key: "public-key",
      certificate: "signature",
      day: "metadata",
    },
  },
  accounts: {
    holdingClass: "account",
    columns: {
      account_id: "hash",
      genesis_hash: "hash",
      head_seq: "metadata",
      head_hash: "hash",
      recovery_key: "public-key",
      created_day: "metadata",
      closed_day: "metadata",
    },
  },
  account_links: {
    holdingClass: "account",
    columns: { account_id: "hash", seq: "metadata", link: "public-key", hash: "hash" },
  },
  account_boxes: { holdingClass: "account", columns: { account_id: "hash", box_hash: "hash", box: "wrapped-key" } },
  handles: { holdingClass: "account", columns: { handle: "metadata", account_id: "hash" } },
  inbox_entries: {
    holdingClass: "account",
    columns: { entry_id: "metadata", account_id: "hash", sealed: "ciphertext", day: "metadata", position: "metadata" },
  },
  keyring_records: {
    holdingClass: "account",
    columns: { account_id: "hash", seq: "metadata", record: "ciphertext", hash: "hash" },
  },
  keyring_snapshots: {
    holdingClass: "account",
    columns: { account_id: "hash", seq: "metadata", snapshot: "ciphertext" },
  },
  meetings: {
    holdingClass: "meeting",
    columns: {
      meeting_id: "hash",
      head_seq: "metadata",
      head_hash: "hash",
      epoch: "metadata",
      asset_count: "metadata",
      stored_bytes: "metadata",
      created_day: "metadata",
      retention_days: "metadata",
      purge_day: "metadata",
      message_count: "metadata",
      message_bytes: "metadata",
      purged_messages: "metadata",
    },
  },
  meeting_events: {
    holdingClass: "meeting",
    columns: {
      meeting_id: "hash",
      seq: "metadata",
      epoch: "metadata",
      hash: "hash",
      event: "ciphertext",
      assets: "hash",
      day: "metadata",
    },
  },
  meeting_epochs: {
    holdingClass: "meeting",
    columns: {
      meeting_id: "hash",
      seq: "metadata",
      epoch: "metadata",
      access_key: "public-key",
      admin_key: "public-key",
      certificate: "signature",
    },
  },
  messages: {
    holdingClass: "message",
    columns: {
      meeting_id: "hash",
      seq: "metadata",
      incarnation: "metadata",
      epoch: "metadata",
      message_id: "metadata",
      hash: "hash",
      message: "ciphertext",
      day: "metadata",
      purge_day: "metadata",
      pack_id: "metadata",
      pack_offset: "metadata",
      packed_bytes: "metadata",
    },
  },
  message_packs: {
    holdingClass: "message",
    columns: {
      pack_id: "metadata",
      sha256: "hash",
      size_bytes: "metadata",
      begun_at: "metadata",
      lost_rows: "metadata",
    },
  },
  assets: {
    holdingClass: "asset",
    columns: {
      asset_id: "metadata",
      meeting_id: "hash",
      header: "metadata",
      header_hash: "hash",
      state: "metadata",
      size_bytes: "metadata",
      offset_bytes: "metadata",
      root: "hash",
      upload_secret_hash: "hash",
      receipt: "signature",
      lease_token: "metadata",
      lease_until: "metadata",
      created_day: "metadata",
      stored_day: "metadata",
      active_at: "metadata",
      purge_day: "metadata",
      live_segments: "metadata",
      live_head: "ciphertext",
      removing: "metadata",
    },
  },
  chunks: {
    holdingClass: "asset",
    columns: {
      asset_id: "metadata",
      n: "metadata",
      size_bytes: "metadata",
      sha256: "hash",
      leaf_hashes: "hash",
      stored: "metadata",
    },
  },
  pieces: {
    holdingClass: "for-a-while",
    columns: {
      asset_id: "metadata",
      start_bytes: "metadata",
      size_bytes: "metadata",
      spool_name: "metadata",
      sha256: "hash",
      leaf_hashes: "hash",
    },
  },
  pairing_messages: {
    holdingClass: "for-a-while",
    columns: { pairing_id: "hash", n: "metadata", sealed: "ciphertext", expires_at: "metadata" },
  },
  challenges: { holdingClass: "for-a-while", columns: { nonce_hash: "hash", subject: "hash", expires_at: "metadata" } },
  tokens: {
    holdingClass: "for-a-while",
    columns: { token_hash: "hash", subject: "hash", scope: "metadata", epoch: "metadata", expires_at: "metadata" },
  },
  invite_links: {
    holdingClass: "for-a-while",
    columns: {
      open_hash: "hash",
      sealed: "ciphertext",
      uses_left: "metadata",
      last_opening: "metadata",
      expires_day: "metadata",
    },
  },
  tombstones: { holdingClass: "after-deletion", columns: { kind: "metadata", id: "metadata", day: "metadata" } },
  cases: {
    holdingClass: "case",
    columns: {
      case_id: "metadata",
      kind: "metadata",
      authority: "metadata",
      country: "metadata",
      reference: "metadata",
      due_at: "metadata",
      from_day: "metadata",
      to_day: "metadata",
      asks: "metadata",
      notice_day: "metadata",
      notice_reason: "metadata",
      opened_day: "metadata",
      closed_day: "metadata",
      outcome: "metadata",
      told_day: "metadata",
    },
  },
  notices: {
    holdingClass: "case",
    columns: {
      case_id: "metadata",
      seq: "metadata",
      kind: "metadata",
      id: "hash",
      subject: "hash",
      action: "metadata",
      day: "metadata",
      from_day: "metadata",
      to_day: "metadata",
      until_day: "metadata",
      tag_manifest_sha512: "hash",
    },
  },
  case_scope: { holdingClass: "case", columns: { case_id: "metadata", kind: "metadata", id: "hash" } },
  holds: {
    holdingClass: "case",
    columns: {
      case_id: "metadata",
      kind: "metadata",
      id: "hash",
      from_day: "metadata",
      to_day: "metadata",
      placed_day: "metadata",
      until_day: "metadata",
      released_day: "metadata",
    },
  },
  custody: {
    holdingClass: "case",
    columns: { case_id: "metadata", seq: "metadata", entry: "metadata", hash: "hash" },
  },
  held_rows: {
    holdingClass: "case",
    columns: {
      position: "metadata",
      subject_kind: "metadata",
      subject: "hash",
      asset: "metadata",
      table_name: "metadata",
      contents: "ciphertext",
      day: "metadata",
    },
  },
}
