import { Router } from "express"
import { equalBytes } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import {
  activeDeviceKeys,
  appendLink,
  createAccount,
  deleteInboxEntry,
  findByRecoveryKey,
  postToInbox,
  readBoxes,
  readChain,
  readInbox,
  requireAccount,
} from "../../shared/server/catalog/accounts.js"
import { appendKeyring, readKeyring, snapshotKeyring } from "../../shared/server/catalog/keyrings.js"
import { findHandle, handleOf, setHandle } from "../../shared/server/catalog/handles.js"
import { readNotices } from "../../shared/server/catalog/notices.js"
import { issueChallenge, redeemChallenge } from "../../shared/server/catalog/capabilities.js"
import { accounts } from "../contract.js"
import type { ApiContext } from "../context.js"
import { mountGuarded } from "../mount-guarded.js"

/** Accounts, inboxes, keyrings. SPEC.md §5. */
export function accountRoutes(context: ApiContext): Router {
  const { catalog, random, verify, origins } = context
  const router = Router()

  mountGuarded(context, router, accounts.create, async ({ body }) => {
    const { created, value: account } = await createAccount(catalog, body.genesis, body.boxes, verify)
    return { status: created ? 201 : 200, body: { account } }
  })
  mountGuarded(context, router, accounts.chain, async ({ params }) => ({
    status: 200,
    body: { links: await readChain(catalog, params.account) },
  }))
  mountGuarded(context, router, accounts.boxes, async ({ params }) => ({
    status: 200,
    body: { boxes: await readBoxes(catalog, params.account) },
  }))
  mountGuarded(context, router, accounts.appendLink, async ({ params, body }) => {
    const { created, value: seq } = await appendLink(catalog, params.account, body.link, body.boxes, verify)
    if (created) context.changed(params.account)
    return { status: created ? 201 : 200, body: { seq } }
  })
  mountGuarded(context, router, accounts.recover, async ({ body }) => ({
    status: 200,
    body: { account: await findByRecoveryKey(catalog, body.recoveryKey) },
  }))
  mountGuarded(context, router, accounts.setHandle, async ({ params, body }) => {
    await setHandle(catalog, params.account, body.handle)
    return { status: 200, body }
  })
  mountGuarded(context, router, accounts.readHandle, async ({ params }) => ({
    status: 200,
    body: { handle: await handleOf(catalog, params.account) },
  }))
  mountGuarded(context, router, accounts.findHandle, async ({ params }) => ({
    status: 200,
    body: { account: await findHandle(catalog, params.handle) },
  }))
  mountGuarded(context, router, accounts.challenge, async ({ params }) => {
    await requireAccount(catalog, params.account)
    return { status: 201, body: await issueChallenge(catalog, random, params.account) }
  })
  mountGuarded(context, router, accounts.token, async ({ params, body }) => {
    const answer = { ...body, subject: params.account, scope: "device" as const, epoch: 0 }
    const issued = await catalog.transaction(async (transaction) => {
      const deviceKeys = await activeDeviceKeys(transaction, params.account, verify)
      if (!deviceKeys.some((key) => equalBytes(key, body.key)))
        throw new ArchiveError("unauthenticated", "a key that is no active device of the account")
      return await redeemChallenge(transaction, random, answer, { origins, verify })
    })
    return { status: 201, body: issued }
  })
  mountGuarded(context, router, accounts.postInbox, async ({ params, rawBody }) => {
    const { created, value: entry } = await postToInbox(catalog, params.account, rawBody)
    if (created) context.changed(params.account)
    return { status: created ? 201 : 200, body: { entry } }
  })
  mountGuarded(context, router, accounts.readInbox, async ({ params }) => ({
    status: 200,
    body: { entries: await readInbox(catalog, params.account) },
  }))
  mountGuarded(context, router, accounts.readNotices, async ({ params }) => ({
    status: 200,
    body: { notices: await readNotices(catalog, params.account) },
  }))
  mountGuarded(context, router, accounts.deleteInboxEntry, async ({ params }) => {
    await deleteInboxEntry(catalog, params.account, params.entry)
    context.changed(params.account)
    return { status: 204 }
  })
  mountGuarded(context, router, accounts.readKeyring, async ({ params, query }) => ({
    status: 200,
    body: await readKeyring(catalog, params.account, query.from ?? 0),
  }))
  mountGuarded(context, router, accounts.appendKeyring, async ({ params, body }) => {
    const { created, value: seq } = await appendKeyring(catalog, params.account, body.record)
    if (created) context.changed(params.account)
    return { status: created ? 201 : 200, body: { seq } }
  })
  mountGuarded(context, router, accounts.snapshotKeyring, async ({ params, body }) => {
    const { created, value: seq } = await snapshotKeyring(catalog, params.account, body.record, body.snapshot)
    if (created) context.changed(params.account)
    return { status: created ? 201 : 200, body: { seq } }
  })
  return router
}
