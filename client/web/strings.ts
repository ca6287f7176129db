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
    link: {
      title: "Link this device to my account",
      lead: "This device makes keys of its own and shows a code. Your other device reads it, and lets this one in.",
      action: "Show the code",
      codeTitle: "Show this code to your other device",
      codeLead: "There, open Devices and choose “Link another device”. Scan the code, or paste it as text.",
      qr: "The code, as a QR code",
      text: "The code, as text",
      secret: "Show it to nobody but yourself: whoever has this code can put this device into an account of theirs.",
      until: (time: string) => `This code is good until ${time}.`,
      waiting: "Waiting for your other device …",
      newCode: "Show a new code",
      doneTitle: "This device is linked",
      doneLead: "It can open all that your other devices can.",
      joining: "Fetching what your account knows …",
      beside: "Your account’s other devices",
      notMine: "These are not my devices",
      notMineWhat:
        "Then this device was put into somebody else’s account. Nothing of yours is lost: forget that account here, and begin again with a new code that nobody else sees.",
      notMineAction: "Forget this account",
      mine: "These are mine: go on",
    },
    recover: {
      title: "Recover with my 24 words",
      lead: "Type the words of your recovery phrase in their order, or paste them all into any field. They are checked on this device, and never sent.",
      action: "Open my account",
      missing: "Type all 24 words.",
      keepTitle: "Which of these do you have in your hand?",
      keepLead:
        "This device is in. Every device that you don't tick is removed from your account: whoever has it can open nothing that comes from now on.",
      keepLegend: "I have this device, and nobody else does",
      onlyThis: "Your account had no other device.",
      keepAll: "Keep all of them",
      remove: (count: number) => `Remove ${count === 1 ? "the other device" : `${count} devices`}, and go on`,
      goOn: "Go on",
      doneTitle: "Your account is here again",
      meetings: (count: number) => (count === 1 ? "One meeting is here again." : `${count} meetings are here again.`),
      removed: (names: string) => `Removed: ${names}.`,
      wordsStay: "Your 24 words stay as they are. If somebody else may have seen them, replace them under Devices.",
      finish: "Show my meetings",
    },
    words: {
      label: (position: number) => `Word ${position}`,
      group: "The 24 words",
      unknown: (position: number, word: string) => `Word ${position}: “${word}” is not in the list of words.`,
      wrong: "These are not the words of a recovery phrase.",
      wrongMeaning:
        "Each of them is a real word of the list, but one is another than on your paper, or stands in another place.",
      wrongTodo: "Compare every word and its number with your paper.",
      nobody: "No account at this server has these words.",
      nobodyMeaning: "Nothing was changed. The words may have been replaced by newer ones, or the account was closed.",
      nobodyTodo: (server: string) =>
        `Check that ${server} is the server that you use, and that this is your newest paper.`,
    },
    notices: {
      label: "Your account",
      unregistered: "The server doesn't know your account yet.",
      unregisteredMeaning:
        "Your keys are safe in this browser. Others can't find you until the server was told; it is told again by itself.",
      unconfirmed: "You have not shown yet that you have your recovery words on paper.",
      unconfirmedTodo:
        "Without them, whoever loses all devices loses everything. Test the words that you wrote down, or make new ones.",
      toWords: "See to my words",
      removed: "This device was removed from your account.",
      removedMeaning:
        "Another device of yours removed it, or somebody did who has your words. It gets nothing more from the server.",
      removedTodo:
        "If that was you, forget the account here. If it was not, act from another device at once: remove what you don't know, and replace your words.",
      closed: "This account was closed.",
      closedMeaning: "It opens nothing at the server any more.",
      forget: "Forget this account here",
    },
    addedOn: (day: string) => `Added on ${day}`,
    unnamedDevice: "A device without a name",
    rekeyed: (count: number) => (count === 1 ? "One meeting has a new key." : `${count} meetings have new keys.`),
    notRekeyed: (title: string) => `“${title}” could not be given a new key yet. It is tried again by itself.`,
    rekeying: (count: number) =>
      count === 1 ? "One meeting is still to get a new key …" : `${count} meetings are still to get new keys …`,
    someMeeting: "A meeting",
  },
  devices: {
    title: "Devices",
    lead: "Every device here can open all that your account can open.",
    link: "Link another device",
    list: "Your devices",
    loading: "Asking the server for your devices …",
    thisDevice: "This device",
    rename: "Rename",
    renameOf: (name: string) => `Rename ${name}`,
    renameTitle: "Rename a device",
    name: "What it is called",
    removeOf: (name: string) => `Remove ${name}`,
    removeTitle: (name: string) => `Remove “${name}”?`,
    removeWhat:
      "It keeps what it has fetched until now. It gets nothing more from the server, and every meeting of yours gets a new key that it doesn't have. It can't be undone: to come back, it is linked anew.",
    removeLinks: "Invite links that you made end with it, since it knew them. Make new ones where they are needed.",
    removeAction: "Remove this device",
    removed: (name: string) => `“${name}” is removed.`,
    only: "This is your only device",
    onlyTodo:
      "If it is lost, only your 24 words open your account. Link another device, so that you don't depend on paper alone.",
    pending: "Some meetings still have a key that a removed device, or your old words, could know.",
    pendingTodo: "Your device tries again at every visit.",
    approve: {
      title: "Link another device",
      lead: "On the new device, open this address and choose “Link this device to my account”. It shows a code.",
      code: "The code that the new device shows",
      codeHint: "It begins with pair_ and is good for ten minutes.",
      malformed: "That is not a whole code. Copy all of it, from pair_ to its end.",
      gone: "No device waits with this code. Let the new device show a new code, and use the same server on both.",
      find: "Go on",
      askTitle: (name: string) => `Add “${name}” to your account?`,
      askWhat:
        "It can then open all that this device can open, and add or remove devices itself. Add it only if it is yours and in your hand, showing this code now.",
      add: "Add this device",
      waiting: "Waiting for the new device to answer. Keep its page open …",
      added: (name: string) => `“${name}” is a device of your account now.`,
    },
    words: {
      title: "Recovery phrase",
      lead: "24 words on paper that open your account if all of your devices are lost.",
      confirmed: "You have shown that you have it.",
      unconfirmed: "You have not shown yet that you have it.",
      drill: "Test my words",
      drillTitle: "Test your words",
      drillLead:
        "Take your paper, and type the 24 words. They are compared on this device, sent nowhere and kept nowhere.",
      compare: "Compare",
      right: "These are the words of your account. Your paper is right.",
      notYours: "These are the words of another account, or old words of yours.",
      notYoursMeaning: "Nothing was changed. These words would not open this account.",
      notYoursTodo: "Look for your newest paper. If you can't find it, replace the words.",
      replace: "Replace the words",
      replaceTitle: "New recovery words",
      replaceLead:
        "You get 24 new words to write down. Once you have shown that you have them on paper, the old ones open nothing any more, and every meeting of yours gets a new key.",
      replaceWhen: "Do this if somebody may have seen your words, or if you can't find your paper.",
      make: "Make new words",
      sending: "Putting the new words in the place of the old ones …",
      replaced: "The new words count from now on. Destroy the paper with the old ones.",
      unsureTitle: "It is not known yet whether the new words count",
      unsureLead: "Keep both papers until it is.",
      look: "Find out which words count",
      oldTitle: "Your old words still count",
      oldLead:
        "The new ones never reached the server. Destroy the paper with them, keep the old one, and try again when you like.",
    },
    account: {
      title: "This account",
      id: "Account id",
      idHint: "By which others find you. It is no secret.",
    },
    leave: {
      title: "Leave",
      forget: "Sign out and forget this device",
      forgetLead: "Takes your keys from this browser. Your account and its recordings stay.",
      forgetTitle: "Forget this device?",
      forgetWhat: "Your keys are erased from this browser, with uploads that are not finished.",
      forgetLast:
        "Without another device of yours, or your 24 words, nobody can open your recordings ever again: not you, and not whoever runs the server.",
      forgetRemove: "Afterwards, remove this device on another one, so that its place in your account is closed too.",
      forgetAction: "Erase my keys here",
      close: "Close my account",
      closeLead: "Ends your account on all devices, for good.",
      closeTitle: "Close your account",
      closePageLead: "Nobody can take this back.",
      planning: "Looking at your meetings …",
      leaves: "You leave these meetings",
      leavesLead: "What you recorded stays with the others in them. Delete your recordings first, if they are to go.",
      deletes: "These meetings are deleted, since nobody else is in them",
      unreadable: "These meetings can't be read, and so not be left",
      blocked: "Others need an admin first",
      blockedLead:
        "You are the only admin in these meetings. Make somebody else an admin there, or delete the meeting.",
      none: "You are in no meeting.",
      devices: "All of your devices stop working, and your 24 words open nothing any more.",
      chain:
        "The server deletes your inbox and your sealed address book. Your public keys stay there, so that what you signed can still be checked.",
      closeAction: "Close my account for good",
      closeAsk: "Close your account for good?",
      closedTitle: "Your account is closed",
      closedLead: "What is left of it in this browser opens nothing at the server any more.",
    },
  },
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
