import type { ErrorCode } from "../../shared/protocol/errors.js"

/** Every English text of the app, so that it can be translated: a section for each area, functions where something is put in. */
export const strings = {
  app: {
    name: "Taciturn",
    skip: "Skip to the content",
    navigation: "Main",
    meetings: "Meetings",
    people: "People",
    devices: "Devices",
    uploads: "Uploads",
    opening: "Opening your keys …",
    notFound: "There is nothing at this address",
    notFoundLead: "The link may be cut off, or of another kind. Nothing of yours is lost.",
    toMeetings: "Go to your meetings",
    insecure: "This address can't keep your recordings private",
    insecureLead:
      "Browsers give encryption, playback and capture only to pages that come over HTTPS, or from this very computer. This page came over plain HTTP.",
    insecureTodo: (secure: string) =>
      `Open ${secure} instead. If that does not work, ask whoever runs this server to set it up with HTTPS.`,
    noStorage: "This browser can't keep your keys",
    noStorageLead:
      "Taciturn keeps your keys in this browser's own storage, which is turned off here, as it is in some private windows. Allow this site to store data, or open it in an ordinary window.",
    crashed: "This screen stopped working",
    crashedLead: "Nothing that was sent is lost, and your keys are where they were. Load the page again to go on.",
    reload: "Load the page again",
  },
  common: {
    cancel: "Cancel",
    close: "Close",
    save: "Save",
    copy: "Copy",
    copied: "Copied",
    remove: "Remove",
    tryAgain: "Try again",
    loading: "Loading …",
    you: "You",
    unknownPerson: "Somebody you don't know yet",
    details: (message: string, place: string | undefined) =>
      `In detail: ${message}${place === undefined ? "" : ` (${place})`}`,
    /** How well somebody is known, the same on every screen. */
    known: {
      verified: "Verified",
      card: "Known by their card",
      id: "Known by their account id",
      handle: "Known by name alone",
      unknown: "Unknown",
      self: "You",
    },
  },
  account: {
    title: "Welcome to Taciturn",
    lead: "Taciturn keeps recordings of your meetings so that only the people in those meetings can open them. Your device locks everything before it sends it: whoever runs the server stores it, and can neither watch nor read it. The keys are on your devices and nowhere else, so there is no password, and nobody who could reset one.",
    ways: {
      create: {
        title: "Create an account",
        lead: "You are new here. You need nothing but a minute, and paper for 24 words.",
        action: "Create an account",
      },
      link: {
        title: "Link this device to my account",
        lead: "You use Taciturn on another device, and have it at hand.",
        action: "Link this device",
      },
      recover: {
        title: "Recover with my 24 words",
        lead: "Your other devices are lost, or out of reach. You have your recovery phrase on paper.",
        action: "Recover my account",
      },
    },
    back: "Back",
    deviceName: "What this device is called",
    deviceNameHint: "So that you know it among your devices. Only you can read it.",
    deviceNameMissing: "Give this device a name.",
    deviceNameLong: "That name is too long: shorten it a little.",
    browserOn: (browser: string, system: string) => `${browser} on ${system}`,
    someBrowser: "Browser",
    someSystem: "this computer",
    create: {
      title: "Create an account",
      lead: "Your keys are made on this device, and stay here. The server is told of no name, no e-mail address and no telephone number.",
      action: "Make my keys",
    },
    phrase: {
      title: "Your recovery phrase",
      lead: "These 24 words open your account if all of your devices are lost. They are shown this once and stored nowhere: write them down in their order, or print them.",
      warning: "Whoever has these words has your account.",
      warningTodo:
        "Keep the paper where you keep a passport. No photo, no screenshot, no file: those get copied to places that you don't see.",
      list: "The 24 words, in their order",
      print: "Print",
      written: "I have them on paper",
      printTitle: "Taciturn: recovery phrase",
      printed: (day: string, server: string) => `Printed on ${day}, for the account at ${server}`,
      printTodo: (address: string) =>
        `If all of your devices are lost: open ${address}, choose "Recover with my 24 words", and type them in this order. Whoever has this paper has your account. Keep it safe, and show it to nobody.`,
      confirmTitle: "Four words from your paper",
      confirmLead: "So that you know that your paper is right. Type these four of the 24 words.",
      word: (position: number) => `Word ${position}`,
      missing: (position: number) => `Type word ${position}.`,
      wrong: (position: number) => `That is not word ${position}. Look at your paper once more.`,
      again: "Show the words again",
      confirm: "Confirm",
    },
  },
  devices: {},
  meetings: {},
  meeting: {
    tabs: {
      recordings: "Recordings",
      members: "Members",
      activity: "Activity",
      settings: "Settings",
    },
    opening: "Opening the meeting …",
    back: "Meetings",
  },
  settings: {},
  joining: {},
  uploads: {
    lead: "What this browser is sending, and what it has not finished. Closing the page stops nothing for good: it goes on when you come back.",
    empty: "Nothing is being uploaded",
    emptyLead:
      "Open a meeting and drop recordings on it, or press Upload there. They are sealed in this browser before anything is sent.",
    toMeetings: "Go to your meetings",
    upload: "Upload",
    uploadFolder: "Upload a folder",
    drop: "Drop recordings here",
    dropLead: "They are sealed in this browser before anything is sent.",
    list: "Uploads",
    sheet: (count: number) => (count === 1 ? "Upload a recording" : `Upload ${count} recordings`),
    sheetLead: "Titles are sealed too: only members of the meeting can read them.",
    none: "There is no file in what you chose that could be uploaded.",
    title: "Title",
    noTitle: "A recording needs a title.",
    capturedAt: "Recorded on",
    include: (name: string) => `Upload ${name}`,
    notMedia: "No video or sound, as far as its name tells. It is stored as it is.",
    captions: "Captions",
    noCaptions: "None",
    captionsHint: (name: string) => `${name} has no recording of its name.`,
    strays: (count: number) =>
      count === 1
        ? "One file with captions has no recording of its name. Choose it at the recording it belongs to, or leave it out."
        : `${count} files with captions have no recording of their name. Choose them at the recordings they belong to, or leave them out.`,
    start: (count: number) => (count === 1 ? "Upload it" : `Upload ${count} recordings`),
    progress: (title: string) => `Upload of ${title}`,
    inMeeting: (title: string) => `to ${title}`,
    states: {
      waiting: "Waiting for its turn",
      preparing: "Preparing",
      sending: "Sending",
      storing: "All sent. The server is storing it",
      publishing: "Stored, and its receipt is verified. Publishing",
      paused: "Paused",
      "needs-file": "Needs its file again",
      cancelling: "Cancelling",
      failed: "Stopped",
      done: "Done",
      offline: "Waiting for the network. It goes on by itself",
    },
    connecting: "Asking the server how far it is …",
    preparingNow: (percent: string) => `Preparing: ${percent}`,
    preparingLead: "Made ready for watching: beginning at once, a picture, the line of sound.",
    sent: (sent: string, total: string) => `Sent ${sent} of ${total}`,
    stored: (stored: string) => `stored ${stored}`,
    speed: (bytes: string) => `${bytes} a second`,
    left: (time: string) => `${time} left`,
    done: "Stored, its receipt is verified, and everyone in the meeting can watch it.",
    needsFile: (name: string) =>
      `This browser no longer has the file. Choose ${name} again: what was sent of it is not sent twice.`,
    beganAnew:
      "This is not the file that was begun with. It is sent from the beginning, under a new key: nothing of the two was mixed.",
    pause: "Pause",
    resume: "Go on",
    cancel: "Cancel",
    chooseAgain: "Choose the file",
    sendAnyway: "Send all the same",
    dismiss: "Remove from this list",
    watch: "Watch",
    of: (action: string, title: string) => `${action}: ${title}`,
    cancelTitle: "Cancel this upload?",
    cancelText: (title: string) =>
      `Nothing of "${title}" was published. What was sent of it is deleted on the server. Your own file stays as it is.`,
    cancelAction: "Cancel the upload",
    cancelKeep: "Keep it",
  },
  watch: {},
  people: {},
  record: {},
} as const

/** Of a failure: what happened, what it means for the person's data, what to do. */
export interface ErrorText {
  readonly what: string
  readonly meaning: string
  readonly todo: string
}

const UNTOUCHED = "Nothing was changed."
const KEPT = "Nothing is lost: what you have on this device stays as it is."

export const errorTexts: Readonly<Record<ErrorCode, ErrorText>> = {
  malformed: {
    what: "The server sent something that can't be right.",
    meaning: "It was not used. Your keys and recordings are as they were.",
    todo: "Load the page again. If it happens again, tell whoever runs this server.",
  },
  "too-large": {
    what: "That is larger than allowed.",
    meaning: UNTOUCHED,
    todo: "Try something smaller, or split it.",
  },
  "unsupported-version": {
    what: "This was made by a newer Taciturn.",
    meaning: "It can't be read here. It stays as it is.",
    todo: "Load the page again, so that you get the newest version.",
  },
  "cannot-open": {
    what: "Your keys don't open this.",
    meaning: "Nothing of it was shown.",
    todo: "If somebody gave you this, ask them for it again.",
  },
  "bad-signature": {
    what: "A signature does not fit.",
    meaning: "What it stood on was not used: somebody may have changed it on the way.",
    todo: "Load the page again. If it happens again, warn the others in the meeting and whoever runs the server.",
  },
  "bad-chain": {
    what: "The server's history of an account or a meeting does not hold together.",
    meaning: "This device stopped before it sealed anything to it. Your recordings are safe.",
    todo: "Warn the others by another way, and don't go on until it is explained.",
  },
  "bad-boxes": {
    what: "Somebody's new keys did not fit what they announced.",
    meaning: "The change has no effect, and nothing is sealed under it.",
    todo: "Ask an admin of the meeting to make the change again.",
  },
  fork: {
    what: "The server shows this device another history than before.",
    meaning: "This device stopped: it sends nothing while that is so. Your recordings are safe.",
    todo: "Compare with the others by another way, and tell whoever runs the server.",
  },
  rollback: {
    what: "The server shows less than it did before.",
    meaning: "This device stopped: it sends nothing while that is so. What you have seen is still on record here.",
    todo: "The server may have been restored from a backup: ask whoever runs it. Then load the page again.",
  },
  "not-authorised": {
    what: "You can't do or open this.",
    meaning: UNTOUCHED,
    todo: "Ask an admin of the meeting.",
  },
  integrity: {
    what: "The bytes are not the ones that were published.",
    meaning: "Nothing of the changed part was shown. The recording was changed or damaged on the server.",
    todo: "Try again. If it stays so, tell whoever recorded it, who may have a copy, and whoever runs the server.",
  },
  truncated: {
    what: "A part of the recording is missing.",
    meaning: "What was shown is real, but it is not all.",
    todo: "Try again. If it stays so, tell whoever recorded it and whoever runs the server.",
  },
  replayed: {
    what: "Something old came again as if it were new.",
    meaning: "It was not used.",
    todo: "Load the page again.",
  },
  "bad-receipt": {
    what: "The server's receipt is not valid.",
    meaning: "This recording does not count as stored. Keep your copy.",
    todo: "Try again. If it stays so, tell whoever runs the server.",
  },
  "instance-changed": {
    what: "This is not the server that you signed up with.",
    meaning: "This device sends nothing to it.",
    todo: "Check the address. If it is right, ask whoever runs the server by another way.",
  },
  "not-found": {
    what: "That is not there.",
    meaning: UNTOUCHED,
    todo: "Check the link, or ask whoever gave it to you.",
  },
  gone: {
    what: "That was deleted.",
    meaning: "It can't be opened any more.",
    todo: "The meeting's activity says who deleted it and when.",
  },
  conflict: {
    what: "Somebody else changed it at the same moment.",
    meaning: "Your change was not made. Theirs was.",
    todo: "Look at what is there now, and try again.",
  },
  exists: {
    what: "That is there already.",
    meaning: UNTOUCHED,
    todo: "Use what is there, or choose another name.",
  },
  unauthenticated: {
    what: "The server did not accept this device's proof.",
    meaning: KEPT,
    todo: "Try again. If it stays so, this device may have been removed from your account.",
  },
  forbidden: {
    what: "The server does not allow this.",
    meaning: UNTOUCHED,
    todo: "You may have been removed, or a code may be needed: ask an admin or whoever runs the server.",
  },
  "rate-limited": {
    what: "That was a lot at once.",
    meaning: KEPT,
    todo: "Wait a minute and try again.",
  },
  unavailable: {
    what: "The server can't be reached.",
    meaning: KEPT,
    todo: "Check your connection, and try again.",
  },
  "out-of-space": {
    what: "There is no space left.",
    meaning: KEPT,
    todo: "Free some space on this device, or tell whoever runs the server if it is theirs that is full.",
  },
  "quota-exceeded": {
    what: "This meeting may hold no more.",
    meaning: UNTOUCHED,
    todo: "Delete recordings that nobody needs, or ask whoever runs the server for more.",
  },
  "inbox-full": {
    what: "That person has too many invitations waiting.",
    meaning: "They are in the meeting, but their invitation did not reach them.",
    todo: "Ask them to look through their invitations, then invite them again.",
  },
  "not-accepted": {
    what: "They have not accepted yet.",
    meaning: UNTOUCHED,
    todo: "Ask them to open their invitation first.",
  },
  "not-renewed": {
    what: "No admin has confirmed this meeting for 30 days.",
    meaning: "Until one does, this device does not know whether somebody was removed.",
    todo: "Ask an admin to open the meeting, or go on knowingly.",
  },
  timeout: {
    what: "That took too long.",
    meaning: KEPT,
    todo: "Try again.",
  },
  interrupted: {
    what: "That was stopped.",
    meaning: "What was done until then is kept.",
    todo: "Begin again to go on from there.",
  },
  usage: {
    what: "That can't be done like this.",
    meaning: UNTOUCHED,
    todo: "Look at what was entered, and try again.",
  },
  changed: {
    what: "The file is not the one it was.",
    meaning: "Two versions are never mixed: nothing of the changed file was published under the old one.",
    todo: "Choose the file again to begin anew.",
  },
  unsupported: {
    what: "This browser can't do that.",
    meaning: KEPT,
    todo: "Update the browser, or try another one.",
  },
  internal: {
    what: "Something went wrong in the app.",
    meaning: KEPT,
    todo: "Load the page again. If it happens again, tell whoever runs the server.",
  },
}
