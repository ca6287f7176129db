/** The database's day: whole days since 1970-01-01 UTC. SPEC.md §1. */
export const TODAY = "floor(extract(epoch FROM now()) / 86400)::int"
