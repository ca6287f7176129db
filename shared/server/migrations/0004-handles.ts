/** Names that accounts chose to be found by. */
export const createHandles = `
CREATE TABLE handles (
  handle text PRIMARY KEY,
  account_id bytea NOT NULL UNIQUE REFERENCES accounts (account_id)
);
`
