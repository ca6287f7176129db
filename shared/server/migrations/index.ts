import { createTables } from "./0001-create-tables.js"

/** In order; one that was released is never changed. */
export const MIGRATIONS: readonly string[] = [createTables]
