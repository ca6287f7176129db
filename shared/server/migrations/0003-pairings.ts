/** Where the devices of a pairing leave sealed messages for each other, for some minutes. Nothing here names an account. */
export const createPairings = `
CREATE TABLE pairing_messages (
  pairing_id bytea NOT NULL,
  n integer NOT NULL,
  sealed bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (pairing_id, n)
);
CREATE INDEX pairing_messages_expiry ON pairing_messages (expires_at);
`
