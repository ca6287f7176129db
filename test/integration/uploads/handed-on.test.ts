import { expect } from "chai"
import { ArchiveError } from "../../../shared/protocol/errors.js"
import { SEGMENT_BYTES } from "../../../shared/protocol/sizes.js"
import { acquireLease } from "../../../shared/server/catalog/leases.js"
import type { Spool } from "../../../shared/server/ports.js"
import type { Answer } from "../../support/api-client.js"
import { create, makeAsset, offsetOf, patch, reconcile, type Stack, startStack, type TestAsset } from "./support.js"

/** A spool whose first file becomes durable only when it is told to. */
interface HeldSpool {
  readonly of: (spool: Spool) => Spool
  /** Resolves when the first piece is here, and the second is being received. */
  readonly bothHere: Promise<void>
  /** Lets the first piece's sync end, or fail. */
  end(failure?: Error): void
}

function heldSpool(): HeldSpool {
  let settle = (_failure?: Error): void => undefined
  const held = new Promise<void>((resolve, reject) => {
    settle = (failure) => {
      if (failure === undefined) resolve()
      else reject(failure)
    }
  })
  held.catch(() => undefined)
  let secondCame = (): void => undefined
  const bothHere = new Promise<void>((resolve) => (secondCame = resolve))
  let files = 0
  return {
    of: (spool) => ({
      ...spool,
      create: async (name) => {
        const file = await spool.create(name)
        if (++files === 2) secondCame()
        if (files > 1) return file
        return {
          ...file,
          commit: async () => {
            await held
            return await file.commit()
          },
        }
      },
    }),
    bothHere,
    end: (failure) => {
      settle(failure)
    },
  }
}

describe("a lease that is handed on", () => {
  async function twoUnderWay(
    act: (stack: Stack, asset: TestAsset, spool: HeldSpool, answers: Promise<readonly Answer[]>) => Promise<void>,
  ): Promise<void> {
    const spool = heldSpool()
    const stack = await startStack({ spoolOf: spool.of })
    try {
      const asset = makeAsset(2 * SEGMENT_BYTES)
      await create(stack, asset)
      const first = patch(stack, asset, 0, SEGMENT_BYTES)
      const second = patch(stack, asset, SEGMENT_BYTES, 2 * SEGMENT_BYTES)
      await spool.bothHere
      await act(stack, asset, spool, Promise.all([first, second]))
    } finally {
      spool.end()
      await stack.stop()
    }
  }

  const codesOf = (answers: readonly Answer[]): readonly unknown[] =>
    answers.map(({ status, json }) => (status === 204 ? 204 : (json as { readonly code?: string }).code))

  it("lets a piece be received while the one before is being made durable, and acknowledges both in order", async () => {
    await twoUnderWay(async (stack, asset, spool, answers) => {
      expect(await stack.catalog.query("SELECT 1 FROM pieces", [])).to.deep.equal([])
      spool.end()
      expect(codesOf(await answers)).to.deep.equal([204, 204])
      expect(await offsetOf(stack, asset)).to.equal(2 * SEGMENT_BYTES)
      // One lease for both, and one for the question after them.
      const [row] = await stack.catalog.query("SELECT lease_token, lease_until FROM assets", [])
      expect(row).to.deep.equal({ lease_token: 2, lease_until: null })
    })
  })

  it("ends with a piece that could not be made durable: the one behind is refused, and nothing stays of either", async () => {
    await twoUnderWay(async (stack, asset, spool, answers) => {
      spool.end(new ArchiveError("unavailable", "the spool can't be used now"))
      expect(codesOf(await answers)).to.deep.equal(["unavailable", "conflict"])
      expect(await offsetOf(stack, asset)).to.equal(0)
      expect(await stack.spooledFiles()).to.deep.equal([])
      expect(await stack.catalog.query("SELECT 1 FROM assets WHERE lease_until IS NOT NULL", [])).to.deep.equal([])
      expect(codesOf([await patch(stack, asset, 0, SEGMENT_BYTES)])).to.deep.equal([204])
    })
  })

  it("is lost to another process for both", async () => {
    await twoUnderWay(async (stack, asset, spool, answers) => {
      await acquireLease(stack.catalog, asset.assetId, 30_000, true)
      spool.end()
      expect(codesOf(await answers)).to.deep.equal(["conflict", "conflict"])
      expect(await offsetOf(stack, asset)).to.equal(0)
      expect(await stack.spooledFiles()).to.deep.equal([])
    })
  })

  it("keeps the files of both from being taken for a killed request's", async () => {
    await twoUnderWay(async (stack, _asset, spool, answers) => {
      await reconcile(stack)
      expect(await stack.spooledFiles()).to.have.length(2)
      spool.end()
      expect(codesOf(await answers)).to.deep.equal([204, 204])
      await reconcile(stack)
      expect(await stack.spooledFiles()).to.have.length(2)
    })
  })

  it("counts what is not acknowledged yet to what waits: no more comes in than may", async () => {
    const spool = heldSpool()
    const stack = await startStack({ spoolOf: spool.of, unstoredBytes: 1.5 * SEGMENT_BYTES })
    try {
      const asset = makeAsset(2 * SEGMENT_BYTES)
      await create(stack, asset)
      const first = patch(stack, asset, 0, SEGMENT_BYTES)
      const second = await patch(stack, asset, SEGMENT_BYTES, 2 * SEGMENT_BYTES)
      spool.end()
      expect(codesOf([await first, second])).to.deep.equal([204, "unavailable"])
      expect(await offsetOf(stack, asset)).to.equal(SEGMENT_BYTES)
      expect(await stack.spooledFiles()).to.have.length(1)
    } finally {
      await stack.stop()
    }
  })
})
