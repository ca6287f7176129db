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
  uploads: {},
  prepare: {},
  watch: {
    title: "Recording",
    opening: "Opening the recording …",
    player: (title: string) => `Player: ${title}`,
    scrubber: "Place in the recording",
    timeOf: (at: string, length: string) => `${at} of ${length}`,
    waiting: "Waiting for the next part …",
    chapters: "Chapters",
    unplayable: "This browser can't play this recording",
    unplayableLead:
      "It is whole, and opens with your keys, but was recorded in a way that this browser doesn't know. Save it and watch it in another program, or try another browser.",
    file: "A file",
    fileLead: "This is no video and no sound, so it is not shown here. It is opened and checked while it is saved.",
    extrasFailed:
      "The captions, the picture or the sound's outline that go along with this recording could not be had unchanged, so they are not shown. The recording itself is checked by itself.",
    controls: {
      group: "Controls",
      tip: (what: string, key: string) => `${what} (${key})`,
      begin: "Play the recording",
      play: "Play",
      pause: "Pause",
      back: "Back 10 seconds",
      forward: "Forward 10 seconds",
      mute: "Mute",
      unmute: "Unmute",
      volume: "Volume",
      captions: "Captions",
      noCaptions: "Hide the captions",
      captionsIn: "Captions in",
      captionsOff: "No captions",
      captionsOf: (language: string | null, number: number) =>
        language === null
          ? `Captions ${number}`
          : (new Intl.DisplayNames(undefined, { type: "language" }).of(language) ?? language),
      speed: "Speed",
      rate: (rate: number) => `${new Intl.NumberFormat().format(rate)}×`,
      picture: "Small window above others",
      leavePicture: "Back from the small window",
      keys: "All keys",
      full: "Full screen",
      leaveFull: "Leave full screen",
    },
    said: {
      volume: (percent: number) => `Volume ${percent} %`,
      rate: (rate: number) => `Speed ${new Intl.NumberFormat().format(rate)}×`,
      moved: (seconds: number) => `${seconds > 0 ? "Forward" : "Back"} ${Math.abs(seconds)} seconds`,
      muted: "Muted",
      heard: "Sound on",
      captionsOn: "Captions on",
      captionsOff: "Captions off",
      refused: "This browser does not allow that here",
    },
    keys: {
      title: "Keys of the player",
      lead: "They work anywhere on this screen, but not while you type. ↑ and ↓ work while the player is focused.",
      rows: [
        [["Space", "K"], "Play or pause"],
        [["←", "→"], "5 seconds back or forward"],
        [["J", "L"], "10 seconds back or forward"],
        [["0", "–", "9"], "To the beginning, to 10 % … 90 %"],
        [["↑", "↓"], "Louder or quieter"],
        [["M"], "Sound off or on"],
        [["<", ">"], "Slower or faster"],
        [["C"], "Captions"],
        [["F"], "Full screen"],
        [["I"], "Small window above others"],
        [["?"], "These keys"],
      ],
    },
    link: {
      copy: "Copy link to this moment",
      copied: (at: string) => `Link to ${at} copied. It opens for members of the meeting only.`,
      refused: "The browser did not let the link be copied.",
    },
    save: {
      action: "Download",
      saving: "Saving the opened recording …",
      progress: (done: string, all: string) => `${done} of ${all}`,
      saved: "Saved. Every part was checked. The file is not encrypted any more: keep it where it is safe.",
      handedOver:
        "Your browser saves it now. Stay on this page until it is done: each part is opened here. The file is not encrypted any more, so keep it where it is safe.",
      incomplete: "What was saved so far is not the whole recording.",
    },
    seal: {
      by: "Sealed by",
      signed: "signature checked",
      parts: "every part is checked as it plays",
      broken: "a part is not what was published",
      more: "What this means",
      author: "Recorded by",
      known: {
        verified: () => "You compared safety words with them, so this is really them.",
        self: () => "This is your own account.",
        card: (name: string) => `You have ${name}'s card. To be certain that it is them, compare safety words.`,
        id: () => "You know their account id. To be certain that it is them, compare safety words.",
        handle: () => "You know them by a name that the server told. Compare safety words before you rely on it.",
        unknown: () => "You don't know yet who this is. Compare safety words before you rely on it.",
      },
      compare: "Compare safety words",
      signature: "Signature",
      signatureIs:
        "Checked on this device, when the meeting was opened: this account published this recording, with this title and size.",
      bytes: "Picture and sound",
      bytesAre:
        "Each part is checked on this device before it is shown. Parts that were not played yet were not checked yet.",
      bytesAreNot: "One part did not pass the check, so playback was stopped. What was played before had passed it.",
      published: "Published",
      size: "Size",
      sizes: (size: string, bytes: string, stored: string) =>
        `${size} (${bytes} bytes). On the server it takes ${stored}: it is padded there, so that the size says less.`,
      epoch: "Members at the time",
      epochIs: (capture: number, publishing: number) =>
        capture === publishing
          ? `Sealed for the meeting's members in epoch ${capture}: a period in which they did not change.`
          : `Begun for the meeting's members in epoch ${capture}, published in epoch ${publishing}: an epoch is a period in which they did not change.`,
      asset: "Asset id",
      root: "Merkle root",
      rootIs: "The fingerprint of every part together. Its author signed it; each part is checked against it.",
    },
    broken: {
      title: "Playback was stopped: a part is not what was published",
      stopped: "Playback was stopped",
      changed: (author: string) =>
        `A part of this recording is not what ${author === "You" ? "you" : author} published: it was changed or damaged on the server.`,
      about: (from: string, to: string) =>
        from === to ? `It lies at about ${from}.` : `It lies between about ${from} and ${to}.`,
      place: (place: string, first: string, last: string) =>
        `Exactly: ${place}, bytes ${first} to ${last} of the file.`,
      meaning: (at: string) =>
        `Nothing of that part was shown. Playback stood at ${at}; what was played until then had passed the check.`,
    },
    notThere: {
      deleted: "This recording was deleted",
      deletedLead: "It can't be opened any more. The meeting's activity says more.",
      missing: "this recording is not in this meeting",
      earlier: "This recording doesn't open for you",
      earlierLead:
        "It was begun before you were in the meeting, or before your account's present keys could open it. Nothing is wrong with it: whoever was a member then can watch it. Ask one of them to show it to you.",
    },
  },
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
