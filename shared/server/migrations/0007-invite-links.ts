/** Of no account and no meeting: whom a link is by, and to what it invites, is sealed under a secret that no server gets. */
export const addInviteLinks = `
CREATE TABLE invite_links (
  open_hash bytea PRIMARY KEY CHECK (length(open_hash) = 32),
  sealed bytea NOT NULL,
  uses_left integer NOT NULL,
  last_opening bytea,
  expires_day integer NOT NULL
);
CREATE INDEX invite_links_expiry ON invite_links (expires_day);
`
