import * as z from "zod"
import { ASSET_ROLES } from "../../../shared/protocol/recording.js"

export const preparedAssetSchema = z.object({
  role: z.enum(ASSET_ROLES),
  mediaType: z.string(),
  sizeBytes: z.number().int().min(0),
  /** Its name among the kept files; `null` where it is the very file that was chosen, which is then needed again. */
  keptName: z.string().nullable(),
})

/** What a file became before its upload: its assets, the media first. */
export const preparedSchema = z.object({
  assets: z.array(preparedAssetSchema).min(1),
  durationMs: z.number().int().min(0).nullable(),
  prepared: z.enum(["as-is", "remuxed"]),
})

export type Prepared = Readonly<z.infer<typeof preparedSchema>>
export type PreparedAsset = Prepared["assets"][number]
