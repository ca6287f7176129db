/** What the records of a keyring before `seq` came to, as the account sealed it; they are gone. */
export const createKeyringSnapshots = `
CREATE TABLE keyring_snapshots (
  account_id bytea PRIMARY KEY REFERENCES accounts (account_id),
  seq bigint NOT NULL,
  snapshot bytea NOT NULL
);
`
