import { Router } from "express"
import { HTTP_LIMITS } from "../../shared/protocol/http.js"
import {
  capabilityKey,
  issueChallenge,
  redeemChallenge,
  requireNewestEpoch,
} from "../../shared/server/catalog/capabilities.js"
import { markMeeting } from "../../shared/server/catalog/deletion.js"
import { listKept, readKeeping, setRetention } from "../../shared/server/catalog/keeping.js"
import { appendEvent, createMeeting, readEvents, requireMeeting } from "../../shared/server/catalog/meetings.js"
import { readNotices } from "../../shared/server/catalog/notices.js"
import type { ApiContext } from "../context.js"
import { requireMeetingCode } from "../authorise.js"
import { keeping, meetings } from "../contract.js"
import { mountGuarded } from "../mount-guarded.js"

/** Meetings, their capabilities and their logs. SPEC.md §7, §11. */
export function meetingRoutes(context: ApiContext): Router {
  const { catalog, random, verify, origins, purgeGraceDays } = context
  const router = Router()

  mountGuarded(context, router, meetings.create, async ({ body }) => {
    requireMeetingCode(context.meetingCode, body.code)
    const { created, value: meeting } = await createMeeting(catalog, body.event, body.certificate, verify)
    return { status: created ? 201 : 200, body: { meeting } }
  })
  mountGuarded(context, router, meetings.challenge, async ({ params }) => {
    await requireMeeting(catalog, params.meeting)
    return { status: 201, body: await issueChallenge(catalog, random, params.meeting) }
  })
  mountGuarded(context, router, meetings.token, async ({ params, body }) => {
    const key = await capabilityKey(catalog, params.meeting, body.scope, body.epoch)
    const answer = { ...body, key, subject: params.meeting }
    return { status: 201, body: await redeemChallenge(catalog, random, answer, { origins, verify }) }
  })
  mountGuarded(context, router, meetings.readEvents, async ({ params, query, grant }) => {
    const limit = Math.max(1, query.limit ?? HTTP_LIMITS.eventsPerPage)
    return { status: 200, body: await readEvents(catalog, params.meeting, grant, query.from ?? 0, limit) }
  })
  mountGuarded(context, router, meetings.appendEvent, async ({ params, body, grant }) => {
    const posted = { rawEvent: body.event, rawCertificate: body.certificate }
    const { created, value: head } = await appendEvent(catalog, params.meeting, grant, posted, verify)
    if (created) context.changed(params.meeting)
    return { status: created ? 201 : 200, body: head }
  })
  mountGuarded(context, router, keeping.describe, async ({ params, grant }) => {
    requireNewestEpoch(grant)
    return { status: 200, body: await readKeeping(catalog, params.meeting) }
  })
  mountGuarded(context, router, keeping.listAssets, async ({ params, query, grant }) => {
    requireNewestEpoch(grant)
    return { status: 200, body: await listKept(catalog, params.meeting, query.after) }
  })
  mountGuarded(context, router, keeping.readNotices, async ({ params, grant }) => {
    requireNewestEpoch(grant)
    return { status: 200, body: { notices: await readNotices(catalog, params.meeting) } }
  })
  mountGuarded(context, router, keeping.setRetention, async ({ params, body }) => ({
    status: 200,
    body: await setRetention(catalog, params.meeting, body.days),
  }))
  mountGuarded(context, router, keeping.remove, async ({ params }) => ({
    status: 200,
    body: { purgeDay: await markMeeting(catalog, params.meeting, purgeGraceDays) },
  }))
  return router
}
