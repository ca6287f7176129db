import { LIMITS } from "../../../shared/protocol/limits.js"
import type { ChatText } from "../../sdk/chat/fold.js"

/** What is being written: something new, an answer, or a message of one's own, changed. */
export interface Draft {
  readonly text: string
  /** To be sealed and sent with it. */
  readonly files: readonly File[]
  readonly about: { readonly kind: "reply" | "edit"; readonly line: ChatText } | null
}

export const NO_DRAFT: Draft = { text: "", files: [], about: null }

/** What was not sent yet, by meeting: it stays while one looks at other screens; not on the disk. */
export class Drafts {
  readonly #drafts = new Map<string, Draft>()
  readonly #listeners = new Set<() => void>()

  of(meeting: string): Draft {
    return this.#drafts.get(meeting) ?? NO_DRAFT
  }

  write(meeting: string, draft: Draft): void {
    this.#drafts.set(meeting, draft)
    for (const listener of this.#listeners) listener()
  }

  /** What could not be sent stands in front of what was written since. */
  putBack(meeting: string, { text, files, about }: Draft): void {
    const since = this.of(meeting)
    this.write(meeting, {
      text: [text, since.text].filter((part) => part !== "").join("\n"),
      files: [...files, ...since.files].slice(0, LIMITS.filesPerMessage),
      about,
    })
  }

  /** @returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
