import { expect } from "chai"
import { fromHex, toHex } from "../../../shared/protocol/bytes.js"
import { isArchiveError } from "../../../shared/protocol/errors.js"
import { auditPath, leafHash, MerkleAccumulator, merkleRoot, rootFromPath } from "../../../shared/protocol/merkle.js"

/** Leaves, roots and paths of Certificate Transparency's reference implementation (certificate-transparency, merkle_tree_test.cc; RFC 6962 §2.1). */
const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
const PATHS = [
  { leaf: 0, count: 1, path: [] },
  {
    leaf: 0,
    count: 8,
    path: [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  },
  {
    leaf: 5,
    count: 8,
    path: [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  },
  { leaf: 2, count: 3, path: ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"] },
  {
    leaf: 1,
    count: 5,
    path: [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  },
]

const leaves = LEAVES.map((data) => leafHash(fromHex(data)))

describe("the Merkle tree of RFC 6962", () => {
  ROOTS.forEach((root, count) => {
    it(`has Certificate Transparency's root over ${count} leaves`, () => {
      expect(toHex(merkleRoot(leaves.slice(0, count)))).to.equal(root)
    })
  })

  PATHS.forEach(({ leaf, count, path }) => {
    it(`has Certificate Transparency's path for leaf ${leaf} of ${count}`, () => {
      expect(auditPath(leaves.slice(0, count), leaf).map(toHex)).to.deep.equal(path)
    })
  })

  it("every path of every tree up to 20 leaves leads to its root, and from no other place", () => {
    const many = Array.from({ length: 20 }, (_, index) => leafHash(Uint8Array.of(index)))
    for (let count = 1; count <= many.length; count++) {
      const tree = many.slice(0, count)
      const root = toHex(merkleRoot(tree))
      tree.forEach((leaf, index) => {
        const path = auditPath(tree, index)
        expect(toHex(rootFromPath(leaf, index, count, path))).to.equal(root)
        const elsewhere = (index + 1) % count
        if (elsewhere !== index) expect(rootOrCode(leaf, elsewhere, count, path)).not.to.equal(root)
      })
    }
  })

  it("a path of another length, and a leaf that is none, are refused as integrity", () => {
    const path = auditPath(leaves, 5)
    const [leaf, step] = [leaves[5] as Uint8Array, leaves[0] as Uint8Array]
    const wrong = [
      [5, 8, path.slice(1)],
      [5, 8, [...path, step]],
      [8, 8, path],
      [-1, 8, path],
      [0.5, 8, path],
      [0, 0, []],
      [5, 9, path],
    ] as const
    for (const [index, count, steps] of wrong)
      expect(rootOrCode(leaf, index, count, steps), `${index} of ${count}`).to.equal("integrity")
  })

  it("no leaf can stand for a node", () => {
    const [left, right] = [leaves[0] as Uint8Array, leaves[1] as Uint8Array]
    expect(toHex(leafHash(Uint8Array.of(...left, ...right)))).not.to.equal(ROOTS[2])
  })

  it("the accumulator has the root of what it took so far, at every step", () => {
    const accumulator = new MerkleAccumulator()
    leaves.forEach((leaf, index) => {
      accumulator.add(leaf)
      expect(toHex(accumulator.root())).to.equal(ROOTS[index + 1])
      expect(accumulator.count).to.equal(index + 1)
    })
  })
})

function rootOrCode(leaf: Uint8Array, index: number, count: number, path: readonly Uint8Array[]): string {
  try {
    return toHex(rootFromPath(leaf, index, count, path))
  } catch (error) {
    return isArchiveError(error) ? error.code : "another error"
  }
}
