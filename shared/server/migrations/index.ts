import { createTables } from "./0001-create-tables.js"
import { addRecoveryKeys } from "./0002-recovery-keys.js"
import { createPairings } from "./0003-pairings.js"
import { createHandles } from "./0004-handles.js"
import { createKeyringSnapshots } from "./0005-keyring-snapshots.js"
import { addDeletion } from "./0006-deletion.js"
import { addInviteLinks } from "./0007-invite-links.js"
import { addLiveHeads } from "./0008-live-heads.js"
import { createCases } from "./0009-cases.js"
import { addMessages } from "./0010-messages.js"
import { createNotices } from "./0011-notices.js"
import { addMessagePacks } from "./0012-message-packs.js"

/** In order; one that was released is never changed. */
export const MIGRATIONS: readonly string[] = [
  createTables,
  addRecoveryKeys,
  createPairings,
  createHandles,
  createKeyringSnapshots,
  addDeletion,
  addInviteLinks,
  addLiveHeads,
  createCases,
  addMessages,
  createNotices,
  addMessagePacks,
]
