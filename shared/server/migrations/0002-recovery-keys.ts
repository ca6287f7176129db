/** By which a recovering device finds its account. An account made before it has none until its next link. */
export const addRecoveryKeys = `
ALTER TABLE accounts ADD COLUMN recovery_key bytea;
CREATE INDEX accounts_recovery ON accounts (recovery_key);
`
