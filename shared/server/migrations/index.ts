import { createTables } from "./0001-create-tables.js"
import { addRecoveryKeys } from "./0002-recovery-keys.js"
import { addDeletion } from "./0003-deletion.js"

/** In order; one that was released is never changed. */
export const MIGRATIONS: readonly string[] = [createTables, addRecoveryKeys, addDeletion]
