/**
 * Cases of authorities, and what a hold keeps. A row that goes while a hold is on it is copied to held_rows by the database itself, so that no statement
 * can forget to; the tables that the API reads are then the same with and without a hold. SPEC.md §17.
 */
export const createCases = `
CREATE TABLE cases (
  case_id bytea PRIMARY KEY CHECK (length(case_id) = 16),
  kind text NOT NULL CHECK (kind IN ('preserve', 'produce', 'erase-objection', 'emergency')),
  authority text NOT NULL,
  country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  reference text NOT NULL,
  due_at timestamptz,
  from_day integer,
  to_day integer,
  asks text[] NOT NULL DEFAULT '{}',
  notice_day integer NOT NULL,
  notice_reason text,
  opened_day integer NOT NULL,
  closed_day integer,
  outcome text
);
CREATE TABLE case_scope (
  case_id bytea NOT NULL REFERENCES cases,
  kind text NOT NULL CHECK (kind IN ('account', 'meeting', 'asset')),
  id bytea NOT NULL CHECK (length(id) = 16),
  PRIMARY KEY (case_id, kind, id)
);
CREATE TABLE holds (
  case_id bytea NOT NULL REFERENCES cases,
  kind text NOT NULL CHECK (kind IN ('account', 'meeting', 'asset')),
  id bytea NOT NULL CHECK (length(id) = 16),
  from_day integer,
  to_day integer,
  placed_day integer NOT NULL,
  until_day integer NOT NULL,
  released_day integer,
  PRIMARY KEY (case_id, kind, id)
);
CREATE INDEX holds_in_force ON holds (id, kind) WHERE released_day IS NULL;
CREATE TABLE custody (
  case_id bytea NOT NULL REFERENCES cases,
  seq integer NOT NULL,
  entry text NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (case_id, seq)
);
CREATE TABLE held_rows (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_kind text NOT NULL CHECK (subject_kind IN ('account', 'meeting')),
  subject bytea NOT NULL,
  asset bytea,
  table_name text NOT NULL,
  contents jsonb NOT NULL,
  day integer NOT NULL
);
CREATE INDEX held_rows_subject ON held_rows (subject, table_name);
CREATE INDEX held_rows_asset ON held_rows (asset) WHERE asset IS NOT NULL;
ALTER TABLE assets ADD COLUMN removing boolean NOT NULL DEFAULT false;

CREATE FUNCTION is_held(wanted_kind text, wanted_id bytea, wanted_day integer) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM holds WHERE id = wanted_id AND kind = wanted_kind AND released_day IS NULL
      AND until_day >= floor(extract(epoch FROM now()) / 86400)::int
      AND (wanted_day IS NULL OR wanted_day BETWEEN coalesce(from_day, 0) AND coalesce(to_day, 2147483647)))
$$;
CREATE FUNCTION keep_held_row() RETURNS trigger LANGUAGE plpgsql SET bytea_output = 'hex' AS $$
DECLARE
  kept jsonb := to_jsonb(OLD);
  named bytea := decode(substr(kept ->> TG_ARGV[1], 3), 'hex');
  owner bytea := named;
  owner_kind text := TG_ARGV[0];
  owned record;
  held boolean;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM holds WHERE released_day IS NULL) THEN
    RETURN coalesce(NEW, OLD);
  END IF;
  IF owner_kind = 'asset' THEN
    SELECT meeting_id, created_day, state INTO owned FROM assets WHERE asset_id = named;
    owner := owned.meeting_id;
    owner_kind := 'meeting';
    -- Pieces that became a stored chunk lost nothing.
    held := owned.state IN ('cancelled', 'purging')
      AND (is_held('asset', named, NULL) OR is_held('meeting', owner, owned.created_day));
  ELSE
    -- Whoever places a hold on an account waits for this, or this for it. Meetings are locked before anything of them goes.
    IF owner_kind = 'account' THEN
      PERFORM pg_advisory_xact_lock_shared(hashtextextended(encode(owner, 'hex'), 0));
    END IF;
    held := is_held(owner_kind, owner, NULL);
  END IF;
  IF held THEN
    INSERT INTO held_rows (subject_kind, subject, asset, table_name, contents, day)
    VALUES (owner_kind, owner, CASE WHEN TG_ARGV[0] = 'asset' THEN named END, TG_TABLE_NAME, kept,
      floor(extract(epoch FROM now()) / 86400)::int);
  END IF;
  RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER keep_held BEFORE DELETE ON account_boxes FOR EACH ROW EXECUTE FUNCTION keep_held_row('account', 'account_id');
CREATE TRIGGER keep_held BEFORE DELETE ON handles FOR EACH ROW EXECUTE FUNCTION keep_held_row('account', 'account_id');
CREATE TRIGGER keep_held BEFORE DELETE ON inbox_entries FOR EACH ROW EXECUTE FUNCTION keep_held_row('account', 'account_id');
CREATE TRIGGER keep_held BEFORE DELETE ON keyring_records FOR EACH ROW EXECUTE FUNCTION keep_held_row('account', 'account_id');
CREATE TRIGGER keep_held BEFORE DELETE OR UPDATE ON keyring_snapshots FOR EACH ROW EXECUTE FUNCTION keep_held_row('account', 'account_id');
CREATE TRIGGER keep_held BEFORE DELETE ON meetings FOR EACH ROW EXECUTE FUNCTION keep_held_row('meeting', 'meeting_id');
CREATE TRIGGER keep_held BEFORE DELETE ON meeting_events FOR EACH ROW EXECUTE FUNCTION keep_held_row('meeting', 'meeting_id');
CREATE TRIGGER keep_held BEFORE DELETE ON meeting_epochs FOR EACH ROW EXECUTE FUNCTION keep_held_row('meeting', 'meeting_id');
CREATE TRIGGER keep_held BEFORE DELETE ON assets FOR EACH ROW EXECUTE FUNCTION keep_held_row('asset', 'asset_id');
CREATE TRIGGER keep_held BEFORE DELETE ON chunks FOR EACH ROW EXECUTE FUNCTION keep_held_row('asset', 'asset_id');
CREATE TRIGGER keep_held BEFORE DELETE ON pieces FOR EACH ROW EXECUTE FUNCTION keep_held_row('asset', 'asset_id');
`
