/** Every column is annotated in shared/server/schema.ts; a test fails for one that is not. */
export const createTables = `
CREATE TABLE instance (
  id integer PRIMARY KEY CHECK (id = 1),
  instance_seed bytea NOT NULL,
  incarnation integer NOT NULL,
  created_day integer NOT NULL
);
CREATE TABLE server_keys (
  key_id bytea PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('receipt', 'operator')),
  seed bytea NOT NULL,
  public_key bytea NOT NULL,
  certificate bytea NOT NULL,
  day integer NOT NULL
);
CREATE TABLE accounts (
  account_id bytea PRIMARY KEY CHECK (length(account_id) = 16),
  genesis_hash bytea NOT NULL,
  head_seq integer NOT NULL,
  head_hash bytea NOT NULL,
  created_day integer NOT NULL
);
CREATE TABLE account_links (
  account_id bytea NOT NULL REFERENCES accounts,
  seq integer NOT NULL,
  link bytea NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (account_id, seq)
);
CREATE TABLE account_boxes (
  account_id bytea NOT NULL REFERENCES accounts,
  box_hash bytea NOT NULL,
  box bytea NOT NULL,
  PRIMARY KEY (account_id, box_hash)
);
CREATE TABLE inbox_entries (
  entry_id bytea PRIMARY KEY,
  account_id bytea NOT NULL REFERENCES accounts,
  sealed bytea NOT NULL,
  day integer NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX inbox_entries_account ON inbox_entries (account_id, position);
CREATE TABLE keyring_records (
  account_id bytea NOT NULL REFERENCES accounts,
  seq integer NOT NULL,
  record bytea NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (account_id, seq)
);
CREATE TABLE meetings (
  meeting_id bytea PRIMARY KEY CHECK (length(meeting_id) = 16),
  head_seq integer NOT NULL,
  head_hash bytea NOT NULL,
  epoch bigint NOT NULL,
  asset_count integer NOT NULL,
  stored_bytes bigint NOT NULL,
  created_day integer NOT NULL
);
CREATE TABLE meeting_events (
  meeting_id bytea NOT NULL REFERENCES meetings,
  seq integer NOT NULL,
  epoch bigint NOT NULL,
  hash bytea NOT NULL,
  event bytea NOT NULL,
  assets bytea[] NOT NULL,
  day integer NOT NULL,
  PRIMARY KEY (meeting_id, seq)
);
CREATE TABLE meeting_epochs (
  meeting_id bytea NOT NULL REFERENCES meetings,
  seq integer NOT NULL,
  epoch bigint NOT NULL,
  access_key bytea NOT NULL,
  admin_key bytea NOT NULL,
  certificate bytea NOT NULL,
  PRIMARY KEY (meeting_id, seq),
  UNIQUE (meeting_id, epoch)
);
CREATE TABLE assets (
  asset_id bytea PRIMARY KEY CHECK (length(asset_id) = 16),
  meeting_id bytea NOT NULL REFERENCES meetings,
  header bytea NOT NULL,
  header_hash bytea NOT NULL UNIQUE,
  state text NOT NULL CHECK (state IN ('uploading', 'storing', 'stored', 'cancelled')),
  size_bytes bigint,
  offset_bytes bigint NOT NULL,
  root bytea,
  upload_secret_hash bytea NOT NULL,
  receipt bytea,
  lease_token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  created_day integer NOT NULL,
  stored_day integer,
  active_at timestamptz NOT NULL
);
CREATE INDEX assets_meeting ON assets (meeting_id);
CREATE INDEX assets_unfinished ON assets (state, active_at) WHERE state <> 'stored';
CREATE TABLE chunks (
  asset_id bytea NOT NULL REFERENCES assets,
  n integer NOT NULL,
  size_bytes integer NOT NULL,
  sha256 bytea,
  leaf_hashes bytea NOT NULL,
  stored boolean NOT NULL,
  PRIMARY KEY (asset_id, n)
);
CREATE INDEX chunks_unstored ON chunks (asset_id, n) WHERE NOT stored;
CREATE TABLE pieces (
  asset_id bytea NOT NULL REFERENCES assets,
  start_bytes bigint NOT NULL,
  size_bytes integer NOT NULL,
  spool_name text NOT NULL UNIQUE,
  sha256 bytea NOT NULL,
  leaf_hashes bytea NOT NULL,
  PRIMARY KEY (asset_id, start_bytes)
);
CREATE TABLE challenges (
  nonce_hash bytea PRIMARY KEY,
  subject bytea NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE tokens (
  token_hash bytea PRIMARY KEY,
  subject bytea NOT NULL,
  scope text NOT NULL CHECK (scope IN ('access', 'admin', 'device')),
  epoch bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE tombstones (
  kind text NOT NULL,
  id bytea NOT NULL,
  day integer NOT NULL,
  PRIMARY KEY (kind, id)
);
`
