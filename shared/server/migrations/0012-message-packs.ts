/** Packs: objects of the store that hold the bytes of old messages, whose rows stay. One that lost rows is looked at: without any it is removed. */
export const addMessagePacks = `
CREATE TABLE message_packs (
  pack_id bytea PRIMARY KEY CHECK (length(pack_id) = 16),
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  size_bytes bigint NOT NULL,
  begun_at timestamptz,
  lost_rows boolean NOT NULL DEFAULT false
);
CREATE INDEX message_packs_to_look_at ON message_packs (pack_id) WHERE lost_rows OR begun_at IS NOT NULL;
ALTER TABLE messages ALTER COLUMN message DROP NOT NULL;
ALTER TABLE messages ADD COLUMN pack_id bytea REFERENCES message_packs;
ALTER TABLE messages ADD COLUMN pack_offset bigint;
ALTER TABLE messages ADD COLUMN packed_bytes integer;
ALTER TABLE messages ADD CONSTRAINT messages_are_somewhere
  CHECK ((message IS NULL) = (pack_id IS NOT NULL AND pack_offset IS NOT NULL AND packed_bytes IS NOT NULL));
CREATE INDEX messages_unpacked ON messages (day, meeting_id) WHERE pack_id IS NULL AND purge_day IS NULL;
CREATE INDEX messages_packed ON messages (pack_id) WHERE pack_id IS NOT NULL;
CREATE INDEX held_rows_packed ON held_rows ((contents ->> 'pack_id')) WHERE table_name = 'messages';

CREATE FUNCTION note_lost_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE message_packs SET lost_rows = true
  WHERE NOT lost_rows AND pack_id IN (SELECT pack_id FROM gone WHERE pack_id IS NOT NULL);
  RETURN NULL;
END
$$;
CREATE TRIGGER note_lost_rows AFTER DELETE ON messages REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_lost_rows();
CREATE FUNCTION note_lost_held_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE message_packs SET lost_rows = true
  WHERE NOT lost_rows AND pack_id IN (
    SELECT decode(substr(contents ->> 'pack_id', 3), 'hex') FROM gone WHERE table_name = 'messages' AND contents ->> 'pack_id' IS NOT NULL);
  RETURN NULL;
END
$$;
CREATE TRIGGER note_lost_rows AFTER DELETE ON held_rows REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_lost_held_rows();
`
