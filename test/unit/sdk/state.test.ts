import { expect } from "chai"
import { newChatState } from "../../../client/sdk/chat/chat-state.js"
import { type ClientState, decodeState, encodeState, newState, NOTHING_UNSEEN } from "../../../client/sdk/state.js"
import { sampleAccount } from "../../support/formats/accounts.js"
import { random } from "../../support/people.js"

describe("a device's state", () => {
  const hash = new Uint8Array(32).fill(7)
  let empty: ClientState

  before(() => {
    const { secrets, genesisLink } = sampleAccount("alice")
    const head = { seq: 0, headHash: hash }
    empty = newState({
      url: "https://archive.example",
      instanceKey: hash,
      deviceName: "laptop",
      genesisLink,
      secrets,
      head,
    })
  })

  const withMeetings = (count: number): ClientState => {
    const hashes = Array.from({ length: count }, () => random(32))
    const heads = Array.from({ length: 5 }, () => ({ deviceKey: hash, counter: 70_000, hash }))
    return {
      ...empty,
      meetings: hashes.map((meetingHash) => ({
        meetingHash,
        known: [{ eventHash: hash, epoch: 0, secret: hash, adminSeed: null }],
        head: { seq: 0, hash },
        seen: { title: "A meeting", epoch: 0, members: 1, recordings: 0 },
        checkedEpochs: [hash],
        deletion: null,
        lookedAtSeq: 1,
        unseen: { ...NOTHING_UNSEEN },
      })),
      chats: hashes.map((meetingHash) => ({ ...newChatState(meetingHash), heads })),
    }
  }

  it("is read again with thousands of meetings and their chats", () => {
    const state = withMeetings(2_000)
    expect(decodeState(encodeState(state))).to.deep.equal(state)
  })

  it("is not written where it could not be read again", () => {
    expect(() => encodeState({ ...empty, searchKey: new Uint8Array(16 * 1024 * 1024) })).to.throw("is full")
    const [chat] = withMeetings(1).chats
    for (const seq of [Number.MAX_SAFE_INTEGER + 1, -1, 0.5]) {
      const readUntil = { incarnation: 0, seq }
      expect(() => encodeState({ ...empty, chats: [{ ...chat!, readUntil }] }), String(seq)).to.throw("can't be kept")
    }
  })
})
