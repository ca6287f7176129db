/** What is marked for deletion and when it goes, how long a meeting keeps what it stores, and accounts that were closed. */
export const addDeletion = `
ALTER TABLE assets DROP CONSTRAINT assets_state_check;
ALTER TABLE assets ADD CONSTRAINT assets_state_check
  CHECK (state IN ('uploading', 'storing', 'stored', 'cancelled', 'marked', 'purging'));
ALTER TABLE assets ADD COLUMN purge_day integer;
CREATE INDEX assets_marked ON assets (purge_day) WHERE state = 'marked';
ALTER TABLE meetings ADD COLUMN retention_days integer;
ALTER TABLE meetings ADD COLUMN purge_day integer;
CREATE INDEX meetings_retained ON meetings (meeting_id) WHERE retention_days IS NOT NULL;
CREATE INDEX meetings_marked ON meetings (purge_day) WHERE purge_day IS NOT NULL;
ALTER TABLE accounts ADD COLUMN closed_day integer;
`
