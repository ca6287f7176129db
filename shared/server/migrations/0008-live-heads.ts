/** The newest sealed head of an asset of kind live, and up to which segment it speaks. */
export const addLiveHeads = `
ALTER TABLE assets ADD COLUMN live_segments bigint;
ALTER TABLE assets ADD COLUMN live_head bytea CHECK (length(live_head) = 592);
`
