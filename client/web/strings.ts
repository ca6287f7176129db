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
    copyFailed: "It can't be copied here: mark the text and copy it yourself.",
    scan: {
      asking: "Asking for the camera …",
      looking: "Hold the code in front of the camera, so that all of it is in the picture.",
      picture: "What the camera sees",
      failures: {
        denied: {
          what: "The camera is not allowed here.",
          todo: "Allow it for this site in the browser's settings and open this again, or type what you were given.",
        },
        none: {
          what: "There is no camera on this device.",
          todo: "Type or paste what you were given instead.",
        },
        busy: {
          what: "The camera is in use.",
          todo: "Close what else uses it and open this again, or type what you were given.",
        },
        broken: {
          what: "The camera does not work in this browser.",
          todo: "Type or paste what you were given instead.",
        },
      },
    },
    /** How well somebody is known, the same on every screen. */
    known: {
      verified: "Verified",
      card: "Known by their card",
      id: "Known by their account id",
      handle: "Known by name alone",
      unknown: "Unknown",
      self: "You",
    },
    /** What each of these means, in a sentence. */
    knownMeaning: {
      verified: "You compared words with them, or scanned the code on their own screen: this is their account.",
      card: "They gave you their card, so nobody else's account can be shown in their place. Compare words to be sure that the card was theirs.",
      id: "You added them by their account id. Compare words to be sure that it is theirs.",
      handle:
        "You only know a name that the server looked up, and it could point at anybody. Nothing is encrypted for them until you compare words or get their card.",
      unknown: "You have not added them. Compare words, or ask for their card, before you trust that it is them.",
      self: "This is your own account.",
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
  uploads: {},
  prepare: {},
  watch: {},
  people: {
    title: "People",
    lead: "Whom you know here, and how surely. Names that you give are for your eyes only.",
    add: "Add somebody",
    card: "Show my card",
    search: "Search",
    listLabel: "People you know",
    nothingFound: "Nobody here has that name.",
    empty: "Nobody yet",
    emptyLead:
      "Ask somebody for their card, or show them yours. With a card in hand, nobody can be put in the other's place, not even by the server.",
    looking: "Asking the server how they are …",
    marks: "What the marks mean",
    changed: "Changed",
    newLinks: "Devices changed since",
    blocked: "Blocked people",
    blockedLead: "Invitations from them are dropped, and you are not told.",
    unblock: "Unblock",
    unblocked: (name: string) => `${name} can invite you again.`,
    unnamed: (account: string) => `No name yet (${account})`,
    handleOf: (handle: string) => `@${handle}`,
    ownCard: {
      title: "My card",
      lead: "Whoever has it can be shown no other account in your place. It holds no secret: show it to anybody.",
      code: "QR code of your card",
      link: "Link to your card",
      account: "Your account id",
      words: "Your safety words",
      handle: "Your handle",
      handleHint:
        "A name by which others find you on this server, such as ada.l: a hint for finding you, no proof that it is you. Small letters and digits, with single dots, dashes or underscores between them.",
      noHandle: "You have none. Nobody needs one.",
      saveHandle: "Save handle",
      dropHandle: "Give it up",
      saved: (handle: string) => `Others find you as @${handle}.`,
      dropped: "You have no handle any more.",
      taken: "Somebody else has this handle. Choose another one.",
      wrong: "A handle has 3 to 32 small letters and digits, with single dots, dashes or underscores between them.",
    },
    adding: {
      title: "Add somebody",
      who: "Their card",
      whoHint: "The link to their card, which is best. Their account id (acct_…) or a @handle work, too.",
      name: "What you call them",
      nameHint: "Only you see this.",
      scan: "Scan their code",
      stopScan: "Stop the camera",
      scanned: "Their card was read.",
      notCard: "That code is not somebody's card. Ask them to open “People” and “Show my card”.",
      handleWarning:
        "A handle is only a hint: the server could point it at anybody. Nothing is encrypted for them until you compare words or get their card.",
      add: "Add",
      own: "This is your own card. Show it to others; add theirs here.",
      unreadable: "This is no card, account id or @handle. It may be cut off: ask for it again.",
      otherServer: "This card is of another server than yours: people there can't be added here. Nothing was added.",
      otherAccount:
        "The server now points this handle at another account than the one that you know. Nothing was added: ask them for their card.",
      nobody: "Nobody has this handle or account id here. Check how it is written.",
      tooLong: "This name is too long.",
    },
  },
  person: {
    opening: "Looking at their account …",
    back: "People",
    rename: "Rename",
    nameThem: "Add to your people",
    name: "What you call them",
    nameHint: "Only you see this.",
    account: "Account id",
    handle: "Handle",
    devices: "Devices",
    self: "This is you",
    selfLead: "Others verify you with your card or your words.",
    problem: "The server shows another account or other keys in their place",
    problemTodo:
      "Nothing is encrypted for what it shows. Speak with them by another way before you send anything, and tell whoever runs the server.",
    closed: "This account was closed",
    closedLead: "It has no devices any more, and nobody can use it again.",
    verify: "Is it really them?",
    verifyLead:
      "Meet them, or call them and know their voice. You read your words to them, they read theirs to you: each side checks that all 24 are the same, in the same order.",
    verifyChat: "Don't send the words by a chat or mail: whoever stands between you could change them there.",
    yours: "Your words",
    yoursTodo: "Read these to them. They see them under your name.",
    theirs: (name: string) => `The words of ${name}`,
    theirsTodo: "They read theirs to you. Follow along here.",
    match: "They match",
    noMatch: "They don't match",
    scan: "Scan their code instead",
    scanTitle: "Scan the code on their screen",
    scanLead: "They open “People” and “Show my card”. The code says the same as all 24 words.",
    paste: "No camera? The link to their card, handed to you in person",
    check: "Compare",
    verified: "Verified",
    verifiedLead: "You made sure that this account is theirs. That stays so when they add or change devices.",
    again: "Compare again",
    hide: "Close",
    mismatch: "Nothing was marked as verified",
    mismatchMeaning:
      "If a word is wrong, what you see here is not the account that the other person uses: somebody may stand between you and them, or one of you looks at another person.",
    mismatchTodo:
      "Check that both of you look at the right person. If so, share nothing with this account; get their card from them in person, and tell the others.",
    compareAgain: "Compare again",
    scanned: {
      right: "The code is theirs",
      rightLead: "It names exactly the account that you see here. They are verified.",
      wrong: "This is another account's code",
      wrongLead:
        "It is not the account that you see here. Nothing was marked. If this code was really on their screen, the account here is not theirs: share nothing with it.",
      own: "This is your own code",
      ownLead: "Scan the one on their screen.",
      notCard: "This is no card",
      notCardLead: "Ask them to open “People” and “Show my card”.",
      otherServer: "This card is of another server",
      otherServerLead: "Nothing was marked.",
    },
    meetings: "Meetings you share",
    noMeetings: "You share none.",
    lookingAtMeetings: "Looking through your meetings …",
    notLookedAt: (count: number) =>
      count === 1 ? "One meeting can't be read at the moment." : `${count} meetings can't be read at the moment.`,
    changes: "What happened to their account",
    noChanges: "Nothing since it was made.",
    since: { verified: "since you verified them", added: "since you added them" },
    change: {
      "device-added": "A device was added",
      recovered: "The account was recovered with the recovery phrase",
      "devices-revoked": "Devices were removed",
      "recovery-replaced": "The recovery phrase was replaced",
      closed: "The account was closed",
    },
    manage: "Manage",
    remove: "Remove from your people",
    removeTitle: (name: string) => `Remove ${name}?`,
    removeLead:
      "Their name and how you know them are forgotten on all of your devices. They stay in the meetings that they are in.",
    block: "Block",
    blockTitle: (name: string) => `Block ${name}?`,
    blockLead:
      "Their invitations are dropped from now on, and they are not told. They stay in the meetings that you share.",
    isBlocked: "You blocked them: their invitations are dropped.",
    unblock: "Unblock",
  },
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
