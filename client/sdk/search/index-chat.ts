import { compareChatPlaces } from "../../../shared/protocol/read-marks.js"
import type { ChatEntry, StandingMessage } from "../../crypto/chat-order.js"
import type { MeetingLog } from "../../crypto/meeting-log.js"
import { foldChat } from "../chat/fold.js"
import { ChatReader } from "../chat/read.js"
import type { Client } from "../client.js"
import type { Findable } from "./findable.js"
import { messageFindable, messageKey } from "./findables.js"
import { type IndexOptions, PORTION } from "./index-options.js"
import type { SearchShard } from "./shard.js"
import { type LetGoVolume, SearchVolume } from "./volume.js"

/** Reads back to where it read before, and further where something that came since changes what stands there. Of a long chat little is held at once. */
export async function indexChat(
  client: Client,
  log: MeetingLog,
  shard: SearchShard,
  options: IndexOptions,
): Promise<void> {
  const { chat } = shard.readUntil
  const open = async (): Promise<ChatReader> => await ChatReader.open(client, log.meetingId, { ...options, log })
  const reader = await open()
  const newest = reader.entries().findLast((entry) => entry.kind !== "gap")
  const incarnation = newest?.served.incarnation ?? 0
  // Places of an older incarnation tell nothing.
  const wanted = chat?.incarnation === incarnation ? chat.until : 0
  const { until } = reader
  if (chat?.incarnation === incarnation && wanted === until) return
  if (!(await passThrough(reader, wanted, shard, options))) await readWhole(await open(), wanted, shard, options)
  shard.readUntil = { ...shard.readUntil, chat: { incarnation, until } }
}

type Change = StandingMessage & { readonly content: { readonly type: "edit" | "deletion" } }

/**
 * Page by page, the newest first; an edit or a deletion waits for what it changes.
 * @returns whether that was all; else nothing tells but the whole chat.
 */
async function passThrough(
  reader: ChatReader,
  wanted: number,
  shard: SearchShard,
  options: IndexOptions,
): Promise<boolean> {
  const { pageMessages, onProgress, breathe } = options
  const batch = new NewestFirst(shard, options)
  const { until } = reader
  let waiting: readonly Change[] = []
  const take = async (entries: readonly ChatEntry[]): Promise<void> => {
    const said = entries.filter((entry) => entry.kind === "authentic")
    const here = new Set(said.map(({ messageId }) => messageKey(messageId)))
    const later: Change[] = []
    const lines = foldChat(
      [...said, ...waiting].toSorted((a, b) => compareChatPlaces(a.served, b.served)),
      reader.log.epochs,
    )
    for (const [index, line] of lines.toReversed().entries()) {
      if (index % PORTION === PORTION - 1) await breathe?.()
      if (line.kind === "text") await batch.put(messageKey(line.message.messageId), messageFindable(line))
      else if (line.kind === "without-effect" && line.reason === "no-target" && isChange(line.message))
        if (!here.has(targetOf(line.message))) later.push(line.message)
    }
    waiting = later
  }
  // What came since and changes what was indexed before.
  const isBehind = (change: Change): boolean =>
    change.served.seq >= wanted && shard.has(targetOf(change)) && !reader.has(change.content.target.messageId)
  for (;;) {
    const settled = reader.letGo()
    if (settled === null) return false
    await take(settled)
    onProgress?.({ recordings: 0, messages: until - reader.from })
    if (reader.from <= wanted && !waiting.some(isBehind)) break
    if (!(await reader.readOlder(pageMessages, wanted))) break
  }
  await take(reader.entries())
  // What was said after it was changed was let go of.
  if (waiting.some(({ content }) => reader.has(content.target.messageId))) return false
  await batch.end()
  return true
}

/** As `passThrough`, with all of it held. */
async function readWhole(
  reader: ChatReader,
  wanted: number,
  shard: SearchShard,
  { pageMessages, onProgress, breathe }: IndexOptions,
): Promise<void> {
  const { until } = reader
  while (reader.from > wanted && (await reader.readOlder(pageMessages, wanted)))
    onProgress?.({ recordings: 0, messages: until - reader.from })
  while (changesWhatStandsBefore(reader, wanted, shard) && (await reader.readOlder(pageMessages)));
  for (const [index, line] of foldChat(reader.entries(), reader.log.epochs).entries()) {
    if (index % PORTION === PORTION - 1) await breathe?.()
    if (line.kind !== "text") continue
    const findable = messageFindable(line)
    if (findable === null) shard.remove(messageKey(line.message.messageId))
    else shard.put(findable)
  }
}

/** Whether something new names a message that was indexed before and isn't read again yet. */
function changesWhatStandsBefore(reader: ChatReader, wanted: number, shard: SearchShard): boolean {
  return reader
    .entries()
    .some(
      (entry) =>
        entry.kind === "authentic" &&
        entry.served.seq >= wanted &&
        isChange(entry) &&
        shard.has(targetOf(entry)) &&
        !reader.has(entry.content.target.messageId),
    )
}

/** What comes the newest first, put behind what a shard has in the order in which it was said. */
class NewestFirst {
  readonly #shard: SearchShard
  readonly #options: IndexOptions
  /** The oldest first. */
  readonly #full: (SearchVolume | LetGoVolume)[] = []
  /** What the shard has of what is in these: it has it until all was read, so that who is interrupted finds it again. */
  readonly #replaced: string[] = []
  #volume: SearchVolume

  constructor(shard: SearchShard, options: IndexOptions) {
    this.#shard = shard
    this.#options = options
    this.#volume = SearchVolume.empty(options.volumeMessages)
  }

  /** @param findable `null` for what was deleted. What a shard has as it is stays. */
  async put(id: string, findable: Findable | null): Promise<void> {
    if (findable === null) this.#shard.remove(id)
    else if (this.#shard.textOf(id) !== findable.text) this.#volume.add(findable)
    if (!this.#volume.isFull) return
    this.#replaced.push(...this.#volume.ids().filter((each) => this.#shard.has(each)))
    this.#full.unshift((await this.#options.letGo?.(this.#volume)) ?? this.#volume)
    this.#volume = SearchVolume.empty(this.#options.volumeMessages)
  }

  async end(): Promise<void> {
    const rows = this.#volume.rows({})
    for (const [index, row] of rows.toReversed().entries()) {
      if (index % PORTION === PORTION - 1) await this.#options.breathe?.()
      this.#shard.put(this.#volume.read(row))
    }
    for (const id of this.#replaced) this.#shard.remove(id)
    this.#shard.append(this.#full)
  }
}

function isChange(message: StandingMessage): message is Change {
  return message.content.type === "edit" || message.content.type === "deletion"
}

function targetOf({ content }: Change): string {
  return messageKey(content.target.messageId)
}
