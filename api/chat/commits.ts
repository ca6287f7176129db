import { toHex } from "../../shared/protocol/bytes.js"
import { ArchiveError } from "../../shared/protocol/errors.js"
import type { MeetingId } from "../../shared/protocol/ids.js"
import {
  type KeptMessage,
  type PostedMessage,
  postMessages,
  type PostResult,
} from "../../shared/server/catalog/messages.js"
import type { ByteCaps } from "../../shared/server/config.js"
import type { Catalog } from "../../shared/server/ports.js"

/** In one commit, at most. */
const MESSAGES_PER_COMMIT = 64
/** Of one meeting, in this process; more would only wait longer. */
const WAITING_MESSAGES = 1_024

interface Waiting {
  readonly posted: PostedMessage
  readonly settle: (result: PostResult) => void
}

interface Line {
  readonly meetingId: MeetingId
  readonly waiting: Waiting[]
}

/** Messages that are kept, and about to be said. */
interface Unsaid {
  readonly messages: KeptMessage[]
  /** Whether they waited for a commit that was under way already. */
  hasWaited: boolean
}

/**
 * Messages of one meeting are committed together: whoever comes while a commit is under way is in the next one, so nobody waits for more than that.
 * Each is answered once its commit stands, and they stand in the order in which they came to this process.
 */
export class MessageCommits {
  readonly #catalog: Catalog
  readonly #caps: ByteCaps
  readonly #kept: (meetingId: MeetingId, messages: readonly KeptMessage[]) => void
  readonly #lines = new Map<string, Line>()
  readonly #unsaid = new Map<string, Unsaid>()

  /** @param kept told of messages that stand since now, by seq. */
  constructor(
    catalog: Catalog,
    caps: ByteCaps,
    kept: (meetingId: MeetingId, messages: readonly KeptMessage[]) => void,
  ) {
    this.#catalog = catalog
    this.#caps = caps
    this.#kept = kept
  }

  /** @throws {@link ArchiveError} why it was not taken: `conflict`, `forbidden`, `gone`, `quota-exceeded`; `rate-limited` where too many wait. */
  async post(meetingId: MeetingId, posted: PostedMessage): Promise<Exclude<PostResult, ArchiveError>> {
    const result = await new Promise<PostResult>((settle) => {
      this.#add(meetingId, { posted, settle })
    })
    if (result instanceof ArchiveError) throw result
    return result
  }

  #add(meetingId: MeetingId, one: Waiting): void {
    const key = toHex(meetingId)
    const line = this.#lines.get(key)
    if (line === undefined) {
      const begun = { meetingId, waiting: [one] }
      this.#lines.set(key, begun)
      void this.#commitAll(key, begun)
    } else if (line.waiting.length >= WAITING_MESSAGES)
      one.settle(new ArchiveError("rate-limited", "too many messages of this meeting are waiting to be kept"))
    else line.waiting.push(one)
  }

  async #commitAll(key: string, line: Line): Promise<void> {
    while (line.waiting.length > 0) {
      const batch = line.waiting.splice(0, MESSAGES_PER_COMMIT)
      const results = await this.#commit(line.meetingId, batch)
      for (const [index, { settle }] of batch.entries())
        settle(results[index] ?? new ArchiveError("internal", "a message without an answer"))
      const unsaid = this.#unsaid.get(key) ?? { messages: [], hasWaited: false }
      for (const [index, { posted }] of batch.entries()) unsaid.messages.push(...keptOf(posted, results[index]))
      if (unsaid.messages.length === 0) continue
      this.#unsaid.set(key, unsaid)
      // To say it to many takes a moment: the answers, what came meanwhile, and the next commit, go before.
      setImmediate(() => {
        this.#say(key, line.meetingId)
      })
    }
    this.#lines.delete(key)
  }

  /** Where the next commit is under way, what it keeps is said along with this: what falls behind shares packets. Nothing waits for more than that one. */
  #say(key: string, meetingId: MeetingId): void {
    const unsaid = this.#unsaid.get(key)
    if (unsaid === undefined) return
    if (this.#lines.has(key) && !unsaid.hasWaited) unsaid.hasWaited = true
    else {
      this.#unsaid.delete(key)
      this.#kept(meetingId, unsaid.messages)
    }
  }

  async #commit(meetingId: MeetingId, batch: readonly Waiting[]): Promise<readonly PostResult[]> {
    try {
      return await postMessages(
        this.#catalog,
        this.#caps,
        meetingId,
        batch.map(({ posted }) => posted),
      )
    } catch (error) {
      const refusal =
        error instanceof ArchiveError ? error : new ArchiveError("internal", "unexpected", { cause: error })
      return batch.map(() => refusal)
    }
  }
}

function keptOf({ raw }: PostedMessage, result: PostResult | undefined): readonly KeptMessage[] {
  if (result === undefined || result instanceof ArchiveError || result.createdDay === null) return []
  const { seq, incarnation } = result.place
  return [{ seq, incarnation, day: result.createdDay, message: raw }]
}
