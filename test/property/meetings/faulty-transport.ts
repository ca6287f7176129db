import { setTimeout as delay } from "node:timers/promises"
import { ArchiveError, type Transport } from "../../../client/sdk/index.js"
import type { TransportRequest, TransportResponse } from "../../../client/sdk/http.js"
import type { Chance } from "../../support/chance.js"

/** A way to the server on which requests and answers get lost, come late and come twice. */

export interface FaultyTransport {
  readonly transport: Transport
  /** Nothing goes wrong from now on, and nothing is under way any more. */
  heal(): Promise<void>
  readonly faults: () => number
}

const ANSWER_LIMIT_BYTES = 32 * 1024 * 1024
const LATEST_MS = 30
/** One in so many requests that change something, and of the others, meets a fault. */
const WRITES = 9
const READS = 90

/** @param saw each request, before anything happens to it. */
export function faultyTransport(
  transport: Transport,
  chance: Chance,
  saw: (request: TransportRequest) => void,
): FaultyTransport {
  const underWay = new Set<Promise<unknown>>()
  let isHealed = false
  let faults = 0

  async function answered(request: TransportRequest): Promise<void> {
    const response = await transport(request)
    await response.bytes(ANSWER_LIMIT_BYTES)
  }

  function later(request: TransportRequest): void {
    const delivery = delay(chance.below(LATEST_MS))
      .then(async () => {
        await answered(request)
      })
      .catch(() => undefined)
      .finally(() => underWay.delete(delivery))
    underWay.add(delivery)
  }

  return {
    faults: () => faults,
    heal: async () => {
      isHealed = true
      await Promise.all(underWay)
    },
    transport: async (request): Promise<TransportResponse> => {
      saw(request)
      const isWrite = request.method !== "GET" && request.method !== "HEAD" && !/(challenges|tokens)$/.test(request.url)
      if (isHealed || !chance.oneIn(isWrite ? WRITES : READS)) return await transport(request)
      faults += 1
      const kind = chance.pick(["not sent", "answer lost", "late", "twice", "slow"] as const)
      switch (kind) {
        case "not sent":
          throw lost()
        case "answer lost":
          await answered(request)
          throw lost()
        case "late":
          // Whoever tries again is overtaken by what it sent first, or overtakes it.
          later(request)
          throw lost()
        case "twice":
          await answered(request)
          return await transport(request)
        case "slow":
          await delay(chance.below(LATEST_MS))
          return await transport(request)
      }
    },
  }
}

function lost(): ArchiveError {
  return new ArchiveError("unavailable", "this got lost on the way")
}
