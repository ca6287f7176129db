import { expect } from "chai"
import { sha256 } from "../../../../shared/protocol/hash.js"
import {
  accountAnswer,
  accountPath,
  accountToken,
  call,
  meetingAnswer,
  meetingPath,
  postAccount,
} from "../../../support/api-client.js"
import { makePerson, random } from "../../../support/people.js"
import { type World, type BadRequest, type Case, post, get, append } from "./world.js"

const accountTokens = (world: World, json: unknown): BadRequest => post(accountPath(world.anna, "tokens"), { json })
const meetingTokens = (world: World, json: unknown): BadRequest => post(meetingPath(world.meeting, "tokens"), { json })

export const CAPABILITIES: readonly Case[] = [
  { what: "no token", status: 401, code: "unauthenticated", send: ({ anna }) => get(accountPath(anna, "inbox")) },
  {
    what: "a token that is none",
    status: 401,
    code: "unauthenticated",
    send: ({ anna }) => get(accountPath(anna, "inbox"), { token: "x" }),
  },
  {
    what: "a token that was never given",
    status: 401,
    code: "unauthenticated",
    send: ({ anna }) => get(accountPath(anna, "inbox"), { token: random(32) }),
  },
  {
    what: "a token of another scheme",
    status: 401,
    code: "unauthenticated",
    send: ({ anna }) => get(accountPath(anna, "inbox"), { headers: { authorization: "Basic YTpi" } }),
  },
  {
    what: "a session of another account (T3)",
    status: 403,
    code: "forbidden",
    send: ({ bert, session }) => get(accountPath(bert, "keyring"), { token: session }),
  },
  {
    what: "a meeting's token at an account",
    status: 403,
    code: "forbidden",
    send: ({ anna, access }) => get(accountPath(anna, "inbox"), { token: access }),
  },
  {
    what: "an account's session at a meeting",
    status: 403,
    code: "forbidden",
    send: (world) => get(meetingPath(world.meeting, "events"), { token: world.session }),
  },
  {
    what: "another meeting's token (T3)",
    status: 403,
    code: "forbidden",
    send: (world) => get(meetingPath(world.meeting, "events"), { token: world.otherAccess }),
  },
  {
    what: "a token before the body is read",
    status: 401,
    code: "unauthenticated",
    send: (world) => append(world.meeting, random(32), random(1_000_000)),
  },
  {
    what: "a challenge answered twice (T1)",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const json = await accountAnswer(world.url, world.anna)
      expect((await call(world.url, "POST", accountPath(world.anna, "tokens"), { json })).status).to.equal(201)
      return accountTokens(world, json)
    },
  },
  {
    what: "a challenge that has expired (T1)",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const json = (await accountAnswer(world.url, world.anna)) as object
      await world.catalog.query("UPDATE challenges SET expires_at = expires_at - interval '60 s'", [])
      return accountTokens(world, json)
    },
  },
  {
    what: "a token that has expired (T3)",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const token = await accountToken(world.url, world.anna)
      await world.catalog.query("UPDATE tokens SET expires_at = expires_at - interval '10 min' WHERE token_hash = $1", [
        sha256(token),
      ])
      return get(accountPath(world.anna, "inbox"), { token })
    },
  },
  {
    what: "a challenge of another account (T1)",
    status: 401,
    code: "unauthenticated",
    send: async (world) => {
      const carl = makePerson("carl")
      await postAccount(world.url, carl)
      const stolen = (await accountAnswer(
        world.url,
        carl,
        { subject: world.anna.chain.accountId },
        world.anna.author.signer,
      )) as object
      return accountTokens(world, stolen)
    },
  },
  {
    what: "a challenge whose end was put off",
    status: 401,
    code: "unauthenticated",
    send: async (world) => accountTokens(world, await postponed(world)),
  },
  {
    what: "a challenge answered for an origin that is not ours (T2)",
    status: 403,
    code: "forbidden",
    send: async (world) =>
      accountTokens(world, await accountAnswer(world.url, world.anna, { origin: "https://proxy.example" })),
  },
  {
    what: "a challenge signed for another origin (T2)",
    status: 401,
    code: "unauthenticated",
    send: async (world) =>
      accountTokens(world, {
        ...((await accountAnswer(world.url, world.anna, {
          origin: world.url.replace("127.0.0.1", "localhost"),
        })) as object),
        origin: world.url,
      }),
  },
  {
    what: "a challenge signed by a key that is no device (T1)",
    status: 401,
    code: "unauthenticated",
    send: async (world) =>
      accountTokens(world, await accountAnswer(world.url, world.anna, {}, makePerson("mallory").author.signer)),
  },
  {
    what: "a meeting's challenge signed with another scope (T1)",
    status: 401,
    code: "unauthenticated",
    send: async (world) =>
      meetingTokens(world, await meetingAnswer(world.url, world.meeting, "admin", { scope: "access" })),
  },
  {
    what: "the access key asking for the admin scope",
    status: 401,
    code: "unauthenticated",
    send: async (world) =>
      meetingTokens(world, await meetingAnswer(world.url, world.meeting, "admin", {}, world.meeting.keys.access)),
  },
  {
    what: "the access key of another meeting",
    status: 401,
    code: "unauthenticated",
    send: async (world) =>
      meetingTokens(world, await meetingAnswer(world.url, world.meeting, "access", {}, world.other.keys.access)),
  },
  {
    what: "an old access key for the new epoch",
    status: 401,
    code: "unauthenticated",
    send: async (world) =>
      meetingTokens(world, await meetingAnswer(world.url, world.meeting, "access", {}, world.before.keys.access)),
  },
  {
    what: "an epoch that is yet to come",
    status: 404,
    code: "not-found",
    send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "access", { epoch: 9 })),
  },
  {
    what: "an epoch beyond numbers",
    status: 400,
    code: "malformed",
    send: async (world) =>
      meetingTokens(world, {
        ...((await meetingAnswer(world.url, world.meeting, "access")) as object),
        epoch: 2 ** 60,
      }),
  },
  {
    what: "the admin capability of an older epoch (T4)",
    status: 403,
    code: "forbidden",
    send: async (world) => meetingTokens(world, await meetingAnswer(world.url, world.meeting, "admin", { epoch: 0 })),
  },
  {
    what: "an unknown scope",
    status: 400,
    code: "malformed",
    send: async (world) =>
      meetingTokens(world, { ...((await meetingAnswer(world.url, world.meeting, "access")) as object), scope: "root" }),
  },
]

/** A true answer to a challenge whose time was changed, and signed so. */
async function postponed(world: World): Promise<unknown> {
  const json = (await accountAnswer(world.url, world.anna, { expiresAtMs: 4_000_000_000_000 })) as object
  return { ...json, expiresAtMs: 4_000_000_000_000 }
}
