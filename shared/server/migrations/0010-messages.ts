/** Chat: sealed messages in the order in which they were committed, and of each meeting how many there were and how many of the oldest went. */
export const addMessages = `
CREATE TABLE messages (
  meeting_id bytea NOT NULL REFERENCES meetings,
  seq bigint NOT NULL,
  incarnation integer NOT NULL,
  epoch bigint NOT NULL,
  message_id bytea NOT NULL CHECK (length(message_id) = 16),
  hash bytea NOT NULL CHECK (length(hash) = 32),
  message bytea NOT NULL,
  day integer NOT NULL,
  purge_day integer,
  PRIMARY KEY (meeting_id, seq),
  UNIQUE (meeting_id, message_id)
);
CREATE INDEX messages_days ON messages (meeting_id, day, seq) WHERE purge_day IS NULL;
CREATE INDEX messages_marked ON messages (meeting_id, purge_day) WHERE purge_day IS NOT NULL;
CREATE TRIGGER keep_held BEFORE DELETE ON messages FOR EACH ROW EXECUTE FUNCTION keep_held_row('meeting', 'meeting_id');
ALTER TABLE meetings ADD COLUMN message_count bigint NOT NULL DEFAULT 0;
ALTER TABLE meetings ADD COLUMN message_bytes bigint NOT NULL DEFAULT 0;
ALTER TABLE meetings ADD COLUMN purged_messages bigint NOT NULL DEFAULT 0;
`
