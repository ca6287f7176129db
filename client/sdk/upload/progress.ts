import { storedBytesOfFile } from "../../../shared/protocol/padding.js"
import type { JournalAsset } from "./journal.js"

/** How far a recording's upload is, over all of its assets, in sealed bytes. */
export interface UploadProgress {
  readonly phase: "sending" | "storing" | "publishing"
  readonly sealedBytes: number
  /** What the server acknowledged. */
  readonly sentBytes: number
  /** What the server has in its store. */
  readonly storedBytes: number
  /** `null` while a source's length is not known. */
  readonly totalBytes: number | null
}

type AssetProgress = Pick<UploadProgress, "sealedBytes" | "sentBytes" | "storedBytes">

export class ProgressMeter {
  readonly #assets: () => readonly JournalAsset[]
  readonly #onProgress: ((progress: UploadProgress) => void) | undefined
  readonly #running = new Map<number, AssetProgress>()

  constructor(assets: () => readonly JournalAsset[], onProgress: ((progress: UploadProgress) => void) | undefined) {
    this.#assets = assets
    this.#onProgress = onProgress
  }

  report(index: number, progress: Partial<AssetProgress>): void {
    const known = this.#running.get(index) ?? { sealedBytes: 0, sentBytes: 0, storedBytes: 0 }
    this.#running.set(index, { ...known, ...progress })
    this.#tell("storedBytes" in progress ? "storing" : "sending")
  }

  publishing(): void {
    this.#tell("publishing")
  }

  #tell(phase: UploadProgress["phase"]): void {
    if (this.#onProgress === undefined) return
    const assets = this.#assets()
    const sum = (name: keyof AssetProgress): number =>
      assets.reduce(
        (total, asset, index) => total + (asset.done?.storedBytes ?? this.#running.get(index)?.[name] ?? 0),
        0,
      )
    const totalBytes = assets.reduce<number | null>(
      (total, { trueBytes }) => (total === null || trueBytes === null ? null : total + storedBytesOfFile(trueBytes)),
      0,
    )
    this.#onProgress({
      phase,
      sealedBytes: sum("sealedBytes"),
      sentBytes: sum("sentBytes"),
      storedBytes: sum("storedBytes"),
      totalBytes,
    })
  }
}
