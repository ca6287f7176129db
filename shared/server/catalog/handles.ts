import { ArchiveError } from "../../protocol/errors.js"
import type { AccountId } from "../../protocol/ids.js"
import { lockOpenAccount } from "./accounts.js"
import type { Catalog, Queryable } from "../ports.js"

/** Handles: one an account, each one's only. A hint for people, which vouches for nothing. SPEC.md §5.6. */

/** @param handle `null` gives up the one that the account has. @throws {@link ArchiveError} `exists` for another account's. */
export async function setHandle(catalog: Catalog, account: AccountId, handle: string | null): Promise<void> {
  await catalog.transaction(async (transaction) => {
    await lockOpenAccount(transaction, account)
    await transaction.query("DELETE FROM handles WHERE account_id = $1 AND handle IS DISTINCT FROM $2", [
      account,
      handle,
    ])
    if (handle === null) return
    await transaction.query(
      "INSERT INTO handles (handle, account_id) VALUES ($1, $2) ON CONFLICT (handle) DO NOTHING",
      [handle, account],
    )
    if ((await handleOf(transaction, account)) !== handle)
      throw new ArchiveError("exists", `the handle ${handle} is another account's`)
  })
}

export async function handleOf(catalog: Queryable, account: AccountId): Promise<string | null> {
  const [row] = await catalog.query<{ handle: string }>("SELECT handle FROM handles WHERE account_id = $1", [account])
  return row?.handle ?? null
}

/** @throws {@link ArchiveError} `not-found`. */
export async function findHandle(catalog: Queryable, handle: string): Promise<AccountId> {
  const [row] = await catalog.query<{ account_id: AccountId }>("SELECT account_id FROM handles WHERE handle = $1", [
    handle,
  ])
  if (row === undefined) throw new ArchiveError("not-found", `nobody has the handle ${handle}`)
  return row.account_id
}
