import { dayOf } from "../../../../shared/protocol/ambient.js"
import { toBase64Url } from "../../../../shared/protocol/bytes.js"
import { LIMITS } from "../../../../shared/protocol/limits.js"
import { random } from "../../../support/people.js"
import { type BadRequest, type Case, post } from "./world.js"

const create = (changes: Readonly<Record<string, unknown>>): BadRequest =>
  post("/v1/invites", {
    json: {
      openHash: toBase64Url(random(32)),
      sealed: toBase64Url(random(LIMITS.inviteLinkBytes)),
      uses: 1,
      expiresDay: dayOf(Date.now()) + 1,
      ...changes,
    },
  })

export const JOINING: readonly Case[] = [
  { what: "an invite link for nobody", status: 400, code: "malformed", send: () => create({ uses: 0 }) },
  {
    what: "an invite link for more than may come by one",
    status: 400,
    code: "malformed",
    send: () => create({ uses: LIMITS.inviteLinkUses + 1 }),
  },
  {
    what: "an invite link that says to which meeting",
    status: 400,
    code: "malformed",
    send: () => create({ meeting: "mtg_" }),
  },
  {
    what: "an invite link of another size",
    status: 400,
    code: "malformed",
    send: () => create({ sealed: toBase64Url(random(LIMITS.inviteLinkBytes - 1)) }),
  },
  {
    what: "an invite link that is over",
    status: 400,
    code: "malformed",
    send: () => create({ expiresDay: dayOf(Date.now()) - 2 }),
  },
  {
    what: "a key that opens no invite link",
    status: 404,
    code: "not-found",
    send: () => post("/v1/invites/open", { json: { key: toBase64Url(random(32)), opening: toBase64Url(random(16)) } }),
  },
  {
    what: "a key that is too short to end an invite link",
    status: 400,
    code: "malformed",
    send: () => post("/v1/invites/end", { json: { key: toBase64Url(random(16)) } }),
  },
]
