import { EMPTY_KEYRING } from "../../../../client/crypto/keyring-record.js"
import { toBase64Url } from "../../../../shared/protocol/bytes.js"
import { encodeCbor } from "../../../../shared/protocol/cbor.js"
import { formatId } from "../../../../shared/protocol/ids.js"
import { LIMITS } from "../../../../shared/protocol/limits.js"
import { accountPath } from "../../../support/api-client.js"
import { random } from "../../../support/people.js"
import { type Case, flipped, post, get, account, keyring, keyringRecord } from "./world.js"

export const ACCOUNTS: readonly Case[] = [
  { what: "no JSON", status: 400, code: "malformed", send: () => post("/v1/accounts", { json: "{" }) },
  { what: "JSON that is no object", status: 400, code: "malformed", send: () => post("/v1/accounts", { json: [] }) },
  { what: "no body", status: 415, code: "unsupported", send: () => post("/v1/accounts") },
  {
    what: "another media type",
    status: 415,
    code: "unsupported",
    send: () => post("/v1/accounts", { bytes: random(8) }),
  },
  {
    what: "a compressed body",
    status: 415,
    code: "unsupported",
    send: () => post("/v1/accounts", { json: {}, headers: { "content-encoding": "gzip" } }),
  },
  {
    what: "an unknown field",
    status: 400,
    code: "malformed",
    send: ({ anna }) =>
      post("/v1/accounts", { json: { genesis: toBase64Url(anna.account.genesisLink), boxes: [], extra: 1 } }),
  },
  {
    what: "bytes that are no base64url",
    status: 400,
    code: "malformed",
    send: () => post("/v1/accounts", { json: { genesis: "a+b=", boxes: [] } }),
  },
  {
    what: "base64url that is not canonical",
    status: 400,
    code: "malformed",
    send: ({ bert }) => post("/v1/accounts", { json: { genesis: "AB", boxes: bert.account.boxes.map(toBase64Url) } }),
  },
  {
    what: "a link beyond its limit",
    status: 413,
    code: "too-large",
    send: () => post("/v1/accounts", { json: { genesis: toBase64Url(random(LIMITS.linkBytes + 8)), boxes: [] } }),
  },
  {
    what: "a body beyond its limit",
    status: 413,
    code: "too-large",
    send: () => post("/v1/accounts", { json: { genesis: "A".repeat(300_000), boxes: [] } }),
  },
  {
    what: "a link of noise",
    status: 400,
    code: "malformed",
    send: ({ bert }) => account(random(200), bert.account.boxes),
  },
  {
    what: "a link with a byte flipped (L14)",
    status: 422,
    code: "bad-signature",
    send: ({ bert }) => account(flipped(bert.account.genesisLink), bert.account.boxes),
  },
  {
    what: "a link followed by a byte",
    status: 400,
    code: "malformed",
    send: ({ bert }) => account(new Uint8Array([...bert.account.genesisLink, 0]), bert.account.boxes),
  },
  {
    what: "other boxes than the link names",
    status: 422,
    code: "bad-chain",
    send: ({ bert }) =>
      account(
        bert.account.genesisLink,
        bert.account.boxes.map((box) => flipped(box)),
      ),
  },
  {
    what: "boxes in another order",
    status: 422,
    code: "bad-chain",
    send: ({ bert }) => account(bert.account.genesisLink, bert.account.boxes.toReversed()),
  },
  {
    what: "one box of two",
    status: 422,
    code: "bad-chain",
    send: ({ bert }) => account(bert.account.genesisLink, bert.account.boxes.slice(1)),
  },
  {
    what: "an id of another kind",
    status: 400,
    code: "malformed",
    send: ({ meeting: { meetingId } }) => get(`/v1/accounts/${formatId("meeting", meetingId)}/chain`),
  },
  {
    what: "an id with a typing error",
    status: 400,
    code: "malformed",
    send: ({ anna }) => get(accountPath(anna, "chain").replace(/_./, (start) => (start === "_a" ? "_b" : "_a"))),
  },
  {
    what: "an account that is not there",
    status: 404,
    code: "not-found",
    send: ({ bert }) => get(accountPath(bert, "chain")),
  },
  {
    what: "a challenge for an account that is not there",
    status: 404,
    code: "not-found",
    send: ({ bert }) => post(accountPath(bert, "challenges")),
  },
  {
    what: "an address that cannot be decoded",
    status: 400,
    code: "malformed",
    send: () => get("/v1/accounts/%E0%A4%A/chain"),
  },
  { what: "an address that is not there", status: 404, code: "not-found", send: () => get("/v1/secrets") },
  {
    what: "an invitation that is too short (I1)",
    status: 400,
    code: "malformed",
    send: ({ anna }) => post(accountPath(anna, "inbox"), { bytes: random(LIMITS.invitationBytes - 1) }),
  },
  {
    what: "an invitation that is too long",
    status: 413,
    code: "too-large",
    send: ({ anna }) => post(accountPath(anna, "inbox"), { bytes: random(LIMITS.invitationBytes + 1) }),
  },
  {
    what: "an invitation to nobody",
    status: 404,
    code: "not-found",
    send: ({ bert }) => post(accountPath(bert, "inbox"), { bytes: random(LIMITS.invitationBytes) }),
  },
  {
    what: "a keyring read from a negative place",
    status: 400,
    code: "malformed",
    send: ({ anna, session }) => get(accountPath(anna, "keyring?from=-1"), { token: session }),
  },
  {
    what: "a keyring read with an unknown parameter",
    status: 400,
    code: "malformed",
    send: ({ anna, session }) => get(accountPath(anna, "keyring?upto=1"), { token: session }),
  },
  { what: "a keyring record of noise", status: 400, code: "malformed", send: (world) => keyring(world, random(500)) },
  {
    what: "a keyring record of another version",
    status: 400,
    code: "unsupported-version",
    send: (world) => keyring(world, encodeCbor([2, 0, new Uint8Array(32), 1, random(336)])),
  },
  {
    what: "a keyring record that leaves a gap",
    status: 409,
    code: "conflict",
    send: (world) => keyring(world, keyringRecord(world, { seq: 4, hash: random(32) })),
  },
  {
    what: "a keyring record at the largest place",
    status: 409,
    code: "conflict",
    send: (world) => keyring(world, keyringRecord(world, { seq: Number.MAX_SAFE_INTEGER - 1, hash: random(32) })),
  },
  {
    what: "a rival of the first keyring record",
    status: 409,
    code: "conflict",
    send: (world) => keyring(world, keyringRecord(world, EMPTY_KEYRING)),
  },
]
