import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "chai"
import { root } from "../../../support/programs.js"

const APP = join(root, "client/web")
const TESTS = join(root, "test/e2e/web")

/** Every file with a screen, a sheet or a menu of the app, and a look that some test takes at each: what a look is, `test/support/browser.ts` says. */
const LOOKS: Readonly<Record<string, readonly string[]>> = {
  "account/confirm-phrase.tsx": ["confirm-phrase", "confirm-phrase-wrong"],
  "account/device-linked.tsx": ["device-linked", "device-linked-not-mine"],
  "account/device-name-form.tsx": ["create-account", "link-device"],
  "account/first-run.tsx": ["first-run"],
  "account/keep-devices.tsx": ["recover-keep"],
  "account/recover-account.tsx": ["recover", "recover-closed"],
  "account/recovered-page.tsx": ["recovered"],
  "account/show-pairing.tsx": ["link-device-code"],
  "account/show-phrase.tsx": ["recovery-phrase"],
  "account/when-registered.tsx": ["account-unregistered"],
  "app.tsx": ["insecure", "no-storage"],
  "chat/chat.tsx": ["chat-empty", "chat", "chat-delete", "chat-offline"],
  "chat/throw-away.tsx": ["chat-throw-away"],
  "crash-guard.tsx": ["crashed"],
  "devices/approve-device.tsx": ["approve-device-ask"],
  "devices/close-account.tsx": ["close-account", "close-account-ask"],
  "devices/devices.tsx": ["devices", "devices-unconfirmed"],
  "devices/enter-code.tsx": ["approve-device"],
  "devices/forget-device.tsx": ["forget-device"],
  "devices/remove-device.tsx": ["remove-device"],
  "devices/rename-device.tsx": ["rename-device"],
  "devices/replace-words.tsx": ["replace-words"],
  "devices/try-words.tsx": ["test-words-others", "test-words-wrong"],
  "devices/unsure-words.tsx": ["words-unsure", "words-old"],
  "imports/import-sheet.tsx": ["import-sheet"],
  "joining/join.tsx": ["join", "join-asked", "join-nothing"],
  "live/live-watch.tsx": ["live"],
  "live/live.tsx": ["live"],
  "live/save-capture.tsx": ["live-save"],
  "meeting-settings/end-meeting.tsx": ["leave-meeting", "delete-meeting"],
  "meeting/add-member.tsx": ["add-member"],
  "meeting/meeting.tsx": ["meeting-empty", "recordings", "members", "activity", "settings", "meeting-removed"],
  "meeting/members.tsx": ["remove-member"],
  "meeting/recording-menu.tsx": ["recording-menu", "recording-rename", "recording-delete"],
  "meetings/create-meeting.tsx": ["create-meeting"],
  "meetings/meetings.tsx": ["meetings", "meetings-empty", "meetings-invited"],
  "openings/event-menu.tsx": ["event-menu", "opening-event"],
  "openings/open-part.tsx": ["opening-choose", "opening-shows", "opening-made"],
  "people/manage-person.tsx": ["block", "remove-person"],
  "people/people.tsx": ["people", "people-empty", "my-card", "add-person"],
  "people/person.tsx": ["person", "rename-person", "person-self"],
  "people/verify.tsx": ["scan", "person-mismatch", "person-verified"],
  "record/capture-list.tsx": ["left", "discard"],
  "record/record.tsx": ["chosen", "recording", "paused", "unplugged", "no-room", "removed"],
  "search/search.tsx": ["search-empty", "search", "search-narrowed", "search-nothing", "search-away"],
  "signed-in/signed-in.tsx": ["not-found"],
  "uploads/chosen-sheet.tsx": ["upload-sheet"],
  "uploads/given-sheet.tsx": ["import-many"],
  "uploads/upload-row.tsx": ["upload-cancel", "upload-paused", "upload-offline", "upload-needs-file", "saving-changed"],
  "uploads/uploads.tsx": ["uploads-empty", "uploads-screen"],
  "watch/keys-sheet.tsx": ["watch-keys"],
  "watch/watch.tsx": ["watch-missing", "watch-deleted", "watch-earlier"],
  "watch/watch-recording.tsx": [
    "watch",
    "watch-seal",
    "watch-sound",
    "watch-file",
    "watch-unplayable",
    "watch-changed",
    "watch-imported",
    "watch-imported-hour",
    "watch-imported-chat",
  ],
}

describe("every screen and sheet of the app", () => {
  it("is looked at by some test", () => {
    const taken = new Set(
      sourcesIn(TESTS, ".test.ts").flatMap(({ text }) =>
        [...text.matchAll(/\b(?:look\w*|screenshots)\((?:[^()]*?,\s*)?["`]([\w-]+)["`],?\s*\)/g)].map(
          ([, name]) => name,
        ),
      ),
    )
    const missing = Object.values(LOOKS)
      .flat()
      .filter((name) => !taken.has(name))
    expect(missing).to.deep.equal([])
  })

  it("stands in this list", () => {
    const drawn = sourcesIn(APP, ".tsx")
      .filter(({ path, text }) => !path.startsWith("ui") && /<(?:Page|Sheet|Confirm|Menu|Modal)\b/.test(text))
      .map(({ path }) => path)
    expect(drawn.filter((path) => LOOKS[path] === undefined)).to.deep.equal([])
  })
})

function sourcesIn(folder: string, ending: string): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join(folder, path), "utf8") }))
}
