import { accountFormats } from "./accounts.js"
import { assetFormats } from "./assets.js"
import { chatFormats } from "./chat.js"
import type { Format } from "./format.js"
import { importFormats } from "./imports.js"
import { liveFormats } from "./live.js"
import { joiningFormats } from "./joining.js"
import { meetingFormats } from "./meetings.js"
import { openingOfMessages } from "./opened-messages.js"
import { openingFormats } from "./openings.js"
import { presenceFormats } from "./presence.js"
import { pairingFormats } from "./pairing.js"
import { noteFormats } from "./notes.js"
import { recordingFormats } from "./recordings.js"
import { sealFormats } from "./seals.js"
import { serverFormats } from "./server.js"
import { textFormats } from "./texts.js"

/** Every format of SPEC.md that something decodes. libsodium must be ready. */
export function allFormats(): readonly Format[] {
  return [
    ...serverFormats(),
    ...assetFormats(),
    ...sealFormats(),
    ...accountFormats(),
    ...pairingFormats(),
    ...meetingFormats(),
    ...joiningFormats(),
    ...recordingFormats(),
    ...importFormats(),
    ...noteFormats(),
    ...liveFormats(),
    ...chatFormats(),
    ...presenceFormats(),
    ...openingFormats(),
    openingOfMessages(),
    ...textFormats(),
  ]
}
