/** What those concerned by a case are told of, from the day of its notice on: its steps, by who is told. SPEC.md §17. */
export const createNotices = `
CREATE TABLE notices (
  case_id bytea NOT NULL,
  seq integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('account', 'meeting', 'asset')),
  id bytea NOT NULL CHECK (length(id) = 16),
  subject bytea NOT NULL,
  action text NOT NULL CHECK (action IN ('hold', 'release', 'produce', 'close')),
  day integer NOT NULL,
  from_day integer,
  to_day integer,
  until_day integer,
  tag_manifest_sha512 bytea,
  PRIMARY KEY (case_id, seq, kind, id),
  FOREIGN KEY (case_id, seq) REFERENCES custody
);
CREATE INDEX notices_subject ON notices (subject);
ALTER TABLE cases ADD COLUMN told_day integer;
`
