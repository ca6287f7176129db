import type { PlayHead, PlayRequest } from "./messages.js"

/** A page has its answer at hand: one that says nothing for so long is frozen or gone. */
const PATIENCE_MS = 10_000

export interface PageAnswer {
  readonly head: PlayHead & { readonly kind: "head" }
  /** Gives the body. */
  readonly port: MessagePort
  /** The page's id. */
  readonly page: string
}

/**
 * The answer of the page that asks; where a browser names none, as for a download, or that one knows nothing, of any page of the app.
 * @returns `unknown` where pages answered that they know no such playback, `no-page` where none answered.
 */
export async function askPages(
  clients: Clients,
  asking: string,
  request: PlayRequest,
): Promise<PageAnswer | "unknown" | "no-page"> {
  const first = asking === "" ? undefined : await clients.get(asking)
  const own = first === undefined ? "no-page" : await askPage(first, request)
  if (typeof own !== "string") return own
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true })
  const others = pages.filter(({ id }) => id !== asking)
  const answers = others.map(async (page) => {
    const answer = await askPage(page, request)
    // The first that knows it is taken, however long another is silent.
    if (typeof answer === "string") throw new Silence(answer)
    return answer
  })
  try {
    return await Promise.any(answers)
  } catch (error) {
    const silences = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [error]
    const said = silences.map((silence) => (silence instanceof Silence ? silence.answer : "no-page"))
    return [own, ...said].includes("unknown") ? "unknown" : "no-page"
  }
}

class Silence extends Error {
  readonly answer: "unknown" | "no-page"

  constructor(answer: "unknown" | "no-page") {
    super(answer)
    this.answer = answer
  }
}

async function askPage(page: Client, request: PlayRequest): Promise<PageAnswer | "unknown" | "no-page"> {
  const { port1: port, port2: given } = new MessageChannel()
  const head = await new Promise<PlayHead | null>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS, null)
    port.onmessage = ({ data }: MessageEvent<PlayHead>) => {
      clearTimeout(timer)
      resolve(data)
    }
    page.postMessage(request, [given])
  })
  if (head?.kind === "head") return { head, port, page: page.id }
  port.close()
  return head === null ? "no-page" : "unknown"
}
