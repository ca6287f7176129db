import type { LeftOut, LeftOutReason } from "../../sdk/imports/plan.js"
import { MOST_CAPTIONS, TEXT_LIMIT_BYTES } from "../../sdk/imports/read-beside.js"
import { MOST_LEVELS } from "./scan-folder.js"

const TEXTS: Readonly<Record<LeftOutReason, (of: string) => string>> = {
  "captions-too-many": () => `more than ${MOST_CAPTIONS} files of captions`,
  double: (of) => `the same as ${of}, in another form`,
  empty: () => "it is empty",
  hidden: () => "a hidden file",
  "imported-without": () => "its recording was imported without it: delete that one, and import again",
  link: () => "a link, which may lead out of the folder",
  "no-captions": () => "there are no captions in it",
  "no-plain-file": () => "no plain file",
  "platforms-own": () => "a file of Zoom's own that holds no recording",
  slides: () => "not what a recording is made of here: slides and drawings are not imported",
  "spare-sound": () => "sound that its meeting's video has too: --with-audio imports it as well",
  stray: () => "no video or sound of its name lies beside it",
  "too-deep": () => `more than ${MOST_LEVELS} folders in each other`,
  "too-long": () => `longer than the ${TEXT_LIMIT_BYTES >> 20} MiB that are read`,
  unclear: () => "nothing tells which of several recordings it goes with",
  "unknown-kind": () => "not a kind of file that is imported",
  unreadable: () => "it can't be read",
}

/** Why a file is not imported, in words. */
export function leftOutText({ reason, of = "" }: LeftOut): string {
  return TEXTS[reason](of)
}
