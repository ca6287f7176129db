import { createTables } from "./0001-create-tables.js"
import { addRecoveryKeys } from "./0002-recovery-keys.js"
import { addInviteLinks } from "./0004-invite-links.js"

/** In order; one that was released is never changed. */
export const MIGRATIONS: readonly string[] = [createTables, addRecoveryKeys, addInviteLinks]
