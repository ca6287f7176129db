import type { ErrorCode } from "../../shared/protocol/errors.js"
import type { LeftOutReason } from "../sdk/imports/plan.js"

const LIST = new Intl.ListFormat("en", { type: "conjunction" })

function listOf(names: readonly string[]): string {
  return LIST.format(names)
}

/** Every English text of the app, so that it can be translated: a section for each area, functions where something is put in. */
export const strings = {
  app: {
    name: "Taciturn",
    skip: "Skip to the content",
    navigation: "Main",
    meetings: "Meetings",
    search: "Search",
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
    youWithin: "you",
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
      beside: "Your account's other devices",
      notMine: "These are not my devices",
      notMineWhat:
        "Then this device was put into somebody else's account. Nothing of yours is lost: forget that account here, and begin again with a new code that nobody else sees.",
      notMineAction: "Forget this account",
      mine: "These are mine: go on",
    },
    recover: {
      title: "Recover with my 24 words",
      lead: "Type the words of your recovery phrase in their order, or paste them all into any field. They are checked on this device, and never sent.",
      action: "Open my account",
      keepTitle: "Which of these do you have in your hand?",
      keepLead:
        "This device is in. Every device that you don't tick is removed from your account: whoever has it can open nothing that comes from now on.",
      keepLegend: "I have this device, and nobody else does",
      onlyThis: "Your account had no other device.",
      keepAll: "Keep all of them",
      remove: (count: number) => `Remove ${count === 1 ? "the other device" : `${count} devices`}, and go on`,
      goOn: "Go on",
      doneTitle: "Your account is here again",
      meetings: (count: number) =>
        count === 0
          ? "It is in no meeting."
          : count === 1
            ? "One meeting is here again."
            : `${count} meetings are here again.`,
      removed: (names: string) => `Removed: ${names}.`,
      wordsStay: "Your 24 words stay as they are. If somebody else may have seen them, replace them under Devices.",
      finish: "Show my meetings",
    },
    words: {
      label: (position: number) => `Word ${position}`,
      group: "The 24 words",
      unknown: (position: number, word: string) => `Word ${position}: “${word}” is not in the list of words.`,
      missing: "Type all 24 words.",
      someUnknown: "Some of these are not in the list of words. Look at how they are written on your paper.",
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
      unregistered: "The server doesn't know your account yet",
      registering: "Telling the server of your account …",
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
      scan: "Scan it with the camera",
      stopScan: "Turn the camera off",
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
      idHint: "Your account id, by which others find you. It is no secret.",
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
  meetings: {
    title: "Meetings",
    lead: "Everything here is sealed on your device before it leaves it. Only a meeting's members open its recordings.",
    create: "New meeting",
    titleField: "What the meeting is called",
    titleHint: "Only its members can read this.",
    code: "The server's code",
    codeHint: "Whoever runs this server gives it to people who may make meetings.",
    codeWrong: "A code has 32 to 128 digits, from 0 to 9 and a to f.",
    titleMissing: "Give the meeting a name.",
    make: "Make the meeting",
    search: "Search your meetings",
    nothingFound: "No meeting is called that.",
    emptyTitle: "No meetings yet",
    emptySteps: [
      "Make a meeting: it is a place for recordings that only its members can open.",
      "Upload a recording, or record one here. It is sealed before it leaves this device.",
      "Add the people who were there. They find an invitation here, and can watch.",
    ],
    notLookedAt: "Not opened on this device yet",
    waiting: (count: number) => (count === 1 ? "1 message waits to be sent" : `${count} messages wait to be sent`),
    counts: (members: number, recordings: number) =>
      `${members === 1 ? "1 member" : `${members} members`} · ${recordings === 1 ? "1 recording" : `${recordings} recordings`}`,
    untitled: "A meeting that was not opened here yet",
    invitations: "Invitations",
    invitedBy: "From",
    accept: "Join",
    decline: "Decline",
    brokenInvitation: "An invitation that can't be opened",
    unknownInviter: "You don't know who sent this. Nothing is shown to them until you join.",
  },
  meeting: {
    tabs: {
      recordings: "Recordings",
      chat: "Chat",
      members: "Members",
      activity: "Activity",
      settings: "Settings",
    },
    opening: "Opening the meeting …",
    back: "Meetings",
    noMember: "This meeting does not open for you any more",
    noMemberLead:
      "An admin has taken you out of it, or its key was changed without you. Nothing of it opens here now: not what comes, and not what was recorded before. What you saved to your own disk stays yours. If you did not expect this, ask an admin by another way.",
    recordings: {
      emptyTitle: "No recordings yet",
      empty: "Upload one, or record here. Everybody in the meeting can watch it, and nobody else.",
      unreadable: "Begun before you could open this meeting",
      imported: "imported",
      states: {
        kept: "Stored",
        withdrawn: "Deleted",
        deleted: "Deleted with its meeting",
        outlived: "Gone, as this meeting keeps recordings for a time only",
        missing: "Missing: the server does not give it, and nobody said that it was deleted",
      },
      purge: (day: string) => `The bytes go on ${day}`,
      more: (title: string) => `More about ${title}`,
      rename: "Rename",
      renameField: "What it is called",
      remove: "Delete",
      removeTitle: (title: string) => `Delete “${title}”?`,
      removeMeaning:
        "For everybody, and nobody can take that back. The members are told who did it. The server removes the bytes some days later, on a day that is shown. Copies that members downloaded stay theirs.",
      removeAction: "Delete it for everybody",
    },
    members: {
      add: "Add somebody",
      addTitle: "Add somebody to the meeting",
      who: "Their card, account id or name in your contacts",
      whoHint: "They find both under People. It is safest to compare your safety words with them first.",
      asAdmin: "As an admin, who may add and remove people too",
      addAction: "Add and invite",
      roles: { admin: "Admin", member: "Member" },
      since: (day: string) => `since ${day}`,
      sinceUnknown: "since before you could see",
      leaving: "has said that they leave",
      remove: "Remove",
      removeTitle: (name: string) => `Remove ${name}?`,
      removeMeaning:
        "What is recorded from now on does not open for them. What they could open before, they may have kept: that can't be taken back.",
      removeAction: "Remove from the meeting",
      makeAdmin: "Make an admin",
      makeMember: "Make a member",
      inviteAgain: "Invite again",
      invited: "The invitation waits for them.",
      former: "Were members before",
      until: (day: string) => `until ${day}`,
    },
    activity: {
      lead: "Who came and went, and what changed about whose keys open this meeting. Nothing of that happens silently.",
      empty: "Nothing has happened yet.",
      added: "added",
      removed: "removed",
      madeAdmin: "made an admin of",
      madeMember: "took the admin's role from",
      policyShared: "let newcomers open everything from before",
      policyFromJoin: "let newcomers open only what comes after they joined",
      renamed: (title: string) => `called the meeting “${title}”`,
      left: "left",
      ended: "ended the meeting",
      deleted: "deleted the meeting",
      aRecording: "a recording",
      titled: (title: string) => `“${title}”`,
      openedAll: (what: string) =>
        `let it be known that somebody outside of the meeting was given all of ${what}, opened`,
      openedPart: (what: string, from: string, to: string) =>
        `let it be known that somebody outside of the meeting was given ${from} to ${to} of ${what}, opened`,
      openedFields: (names: string) =>
        `let it be known that somebody outside of the meeting was given an entry of this log (${names}), opened`,
      openedMessages: (count: number) =>
        `let it be known that somebody outside of the meeting was given ${count === 1 ? "a message" : `${count} messages`} of the chat, opened`,
      published: (title: string) => `added “${title}”`,
      publishedUnreadable: "added a recording that you can't open",
      withdrawn: "deleted a recording",
      wentLive: (title: string) => `began to record “${title}”`,
      wentLiveUnreadable: "began to record something that you can't open",
      announced: "announced a recording, of which nothing came",
      deviceAdded: "added a device",
      recovered: "used recovery words, which added a device",
      devicesRevoked: "removed a device",
      recoveryReplaced: "replaced the recovery words",
      closed: "closed the account",
      broken: "An entry that means nothing, since it was not made by the rules",
    },
  },
  settings: {
    newcomers: "What newcomers can open",
    policies: {
      shared: "Everything from before",
      "from-join": "Only what comes after they joined",
    },
    policyLead: "It holds for whoever is added from now on.",
    adminsOnly: "Only an admin of the meeting can change this.",
    retention: "How long recordings are kept",
    retentionDays: "Days after which the server deletes a recording",
    retentionHint:
      "Leave it empty to keep them until somebody deletes them. It holds for the recordings of before, too.",
    retentionWrong: "Give a whole number of days, from 1 to 36,500, or nothing.",
    retentionNow: (days: number | null) =>
      days === null
        ? "Recordings are kept until somebody deletes them."
        : `Recordings are deleted ${days} days after they were stored. Whoever downloaded one keeps that copy.`,
    storage: "What it takes on the server",
    stored: (bytes: string, count: number) => `${bytes} in ${count === 1 ? "1 recording" : `${count} recordings`}`,
    renewal: "Vouching for the members",
    renewalLead: (day: string) =>
      `An admin vouches at least every 30 days that the list of members is right. The next time is due by ${day}; uploading as an admin does it, too.`,
    renew: "Vouch for it now",
    renewed: "Done: the members know that the list is right.",
    links: "Invite links",
    linksLead:
      "For people who have no account yet. Whoever has the link can ask to be let in; you are asked before they are. Treat it like a key.",
    makeLink: "Make a link",
    linkIs: "Hand this over as you would a key. It is good for 7 days and one person.",
    linkCode: "The link as a code",
    ownLinks: "Links that you made for this meeting",
    linkUntil: (day: string) => `Good until ${day}`,
    linkRevoked: "Ended",
    revoke: "End it",
    offers: "They ask to be let in",
    approve: "Let in",
    refuse: "Refuse",
    leave: "Leave the meeting",
    leaveMeaning:
      "The others are told. What is recorded from then on doesn't open for you; you may still open what you could open before, as long as the server gives it to you.",
    leaveAction: "Leave",
    hasLeft: "You have said that you leave. The next change of members is without you.",
    remove: "Delete the meeting",
    removeMeaning:
      "For everybody, with every recording in it. Nobody can take that back. Whoever downloaded a recording keeps that copy.",
    removeAction: "Delete it for everybody",
    purge: (day: string) =>
      `Deleted. The members are told that you did it. The server says that it removes the bytes on ${day}.`,
  },
  joining: {
    title: "You were invited",
    lead: "Somebody gave you a link to a meeting whose recordings only its members can open. Ask to be let in: whoever made the link sees your account and what you call yourself.",
    name: "What you call yourself",
    nameHint: "Whoever made the link reads this. It proves nothing: they may want to compare your safety words.",
    ask: "Ask to be let in",
    asked: "You have asked to be let in.",
    askedLead:
      "Once whoever made the link has answered, your invitation waits under Meetings. You can close this page until then.",
    nothing: "There is no invitation here",
    nothingLead:
      "Open the whole link that you were given, with everything behind its #. It is not kept once you leave this page.",
  },
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
    tooManyTitle: "That is too much at once",
    tooMany: (most: string) =>
      `These are more than ${most} files, more than are taken at once. Nothing was read or sent: choose a folder inside of it.`,
    title: "Title",
    noTitle: "A recording needs a title.",
    capturedAt: "Recorded on",
    include: (name: string) => `Upload ${name}`,
    notMedia: "No video or sound, as far as its name tells. It is stored as it is.",
    captions: "Captions",
    noCaptions: "None",
    chapters: (name: string) => `With its chapters, from ${name}.`,
    strays: (count: number) =>
      count === 1
        ? "One file with captions has no recording of its name. Choose it at the recording it belongs to, or leave it out."
        : `${count} files with captions have no recording of their name. Choose them at the recordings they belong to, or leave them out.`,
    start: (count: number) => (count === 1 ? "Upload it" : `Upload ${count} recordings`),
    progress: (title: string) => `Upload of ${title}`,
    inMeeting: (title: string) => `to ${title}`,
    states: {
      waiting: "Waiting for its turn",
      recovering: "Fetching and checking what there is",
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
    recovered: "What there is of a recording that was interrupted",
    recoveringNow: (percent: string) => `Fetching and checking what there is: ${percent}`,
    cancelRecovery: (title: string) =>
      `Nothing of “${title}” was published. What was fetched for it is removed from this browser. What there is at the server stays there, and can be saved later.`,
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
    dismiss: "Clear",
    watch: "Watch",
    of: (action: string, title: string) => `${action}: ${title}`,
    cancelTitle: "Cancel this upload?",
    cancelText: (title: string) =>
      `Nothing of “${title}” was published. What was sent of it is deleted on the server. Your own file stays as it is.`,
    cancelAction: "Cancel the upload",
    cancelNot: "Let it go on",
  },
  imports: {
    title: "Bring in a recording from elsewhere",
    lead: "This is what was found. Nothing is sent before you say so; then it is sealed in this browser, as everything is.",
    looking: "Looking into the folder …",
    platform: "Where it comes from",
    platforms: { zoom: "Zoom", bbb: "BigBlueButton", folder: "Another program: each file with what has its name" },
    include: (title: string) => `Import ${title}`,
    of: (names: string) => `Of ${names}`,
    captions: (count: string) => `${count} captions`,
    people: (count: string) => `${count} people named`,
    lines: (count: string) => `${count} lines of chat`,
    unread: (count: number) =>
      count === 1
        ? "One line of the chat could not be read. It is kept as it is, and counted."
        : `${count} lines of the chat could not be read. They are kept as they are, and counted.`,
    offset: "The chat's clock offset",
    offsetHint:
      "What is added to the chat's times to have them from the recording's start, such as -0:21:00 or +90 for seconds. Change it if the lines below stand at the wrong place.",
    basis: {
      recording: "Worked out: its times count from the recording's start.",
      wall: "Worked out: its times are a clock's on the wall.",
      given: "As you say.",
    },
    noClock: "Nothing tells how the chat's clock stands to the recording's. Without an offset its lines get no place.",
    badOffset: "Give a time as -1:02:03, +90 or 12.5.",
    firstLine: (time: string, text: string) => `First line at ${time}: ${text}`,
    lastLine: (time: string, text: string) => `Last line at ${time}: ${text}`,
    withAudio: "Import the sound alone as well",
    leftOut: (count: number) => (count === 1 ? "One file is not imported" : `${count} files are not imported`),
    leftOutMore: (count: string) => `and ${count} more`,
    leftOutReasons: {
      "captions-too-many": () => "more files of captions than a recording can have",
      double: (of) => `the same as ${of}, in another form`,
      empty: () => "it is empty",
      hidden: () => "a hidden file",
      "imported-without": () => "its recording was imported without it",
      link: () => "a link, which may lead out of the folder",
      "no-captions": () => "there are no captions in it",
      "no-plain-file": () => "no plain file",
      "platforms-own": () => "a file of Zoom's own that holds no recording",
      slides: () => "slides and drawings are not imported",
      "spare-sound": () => "sound that its meeting's video has too",
      stray: () => "no video or sound of its name lies beside it",
      "too-deep": () => "too many folders in each other",
      "too-long": () => "longer than what is read of a text",
      unclear: () => "nothing tells which of several recordings it goes with",
      "unknown-kind": () => "not a kind of file that is imported",
      unreadable: () => "it can't be read",
    } satisfies Readonly<Record<LeftOutReason, (of: string) => string>>,
    label: (platform: string) =>
      `It is shown to everybody in the meeting as imported by you. ${platform} may have held all of it in plaintext, and nobody signed who said what.`,
    somePlatform: "Whatever it was recorded with",
    nothing: "There is nothing in this folder that could be imported.",
    start: (count: number) => (count === 1 ? "Import it" : `Import ${count} recordings`),
    plain: "Upload the files instead",
    reading: (title: string) => `Reading ${title}`,
    known: (titles: string) => `Imported into this meeting by you before, and not again: ${titles}.`,
    claimed: "Not imported: somebody else says to have imported it already",
    claimedBy: "imported by",
    claimedMeaning:
      "Look at their recording. If it is not what you have here, or you don't trust them with it, import yours all the same.",
    again: (count: number) => (count === 1 ? "Import mine all the same" : `Import my ${count} all the same`),
  },
  record: {
    action: "Record",
    title: "Record",
    lead: (meeting: string) =>
      `What you record is sealed in this browser before it is sent. Only the members of “${meeting}” can watch it.`,
    pageTitle: (app: string) => `● Recording – ${app}`,
    back: "Back to the meeting",
    what: "What is recorded",
    preview: "Preview",
    nothing: "Nothing is chosen yet",
    nothingLead: "Choose a screen, a camera or a microphone, or several. Nothing is recorded before you press Record.",
    soundAlone: "Sound alone is recorded",
    pictureAlone: "No sound is recorded: turn on the microphone if you mean to speak.",
    sources: {
      screen: {
        name: "Screen",
        lead: "A whole screen, a window, or a tab with its sound",
        choose: "Choose",
        again: "Choose another",
      },
      camera: { name: "Camera", lead: "You, as the camera sees you", choose: "Turn on", again: "Turn on" },
      microphone: { name: "Microphone", lead: "Your voice", choose: "Turn on", again: "Turn on" },
    },
    screenOn: "Chosen, without its sound",
    screenOnWithSound: "Chosen, with its sound",
    on: "On",
    leaveOut: "Leave out",
    of: (action: string, source: string) => `${action}: ${source}`,
    screenOrCamera: "This browser records either the screen or the camera: the screen is recorded while both are on.",
    cameraOnScreen: "The camera is shown in a corner of the screen.",
    device: (source: string) => `Which ${source.toLowerCase()}`,
    someDevice: (number: number) => `Device ${number}`,
    level: "How loud your microphone is",
    name: "What it is called",
    nameHint: "Sealed too: only members can read it.",
    nameMissing: "Give the recording a name.",
    nameLong: "That name is too long: shorten it a little.",
    defaultName: (meeting: string, moment: string) => `${meeting}, ${moment}`,
    partTitle: (title: string, part: number) => `${title} (part ${part})`,
    asked: "Who is asked",
    askedLead:
      "Before the first second the meeting is told that you record, and its members are asked whether they agree. Recording does not wait for their answers: ask them yourself, too.",
    nobodyAsked: "You are the only member of this meeting: nobody else is asked.",
    start: "Record",
    starting: "Telling the meeting that you record …",
    startAnyway: "Record all the same",
    elsewhere: "This meeting is being recorded in another tab of this browser",
    elsewhereLead: "One tab records at a time. Stop it there, or go on there.",
    otherMeeting: "You are recording in another meeting",
    otherMeetingLead: "One recording runs at a time. Stop that one first.",
    toRecorder: "Show the recorder",
    running: {
      region: "Recording",
      phases: { recording: "Recording", paused: "Paused", stopping: "Stopping …" },
      time: "Recorded time",
      pause: "Pause",
      resume: "Go on",
      stop: "Stop",
      safe: (time: string) => `${time} safe on this device`,
      nothingSafe: "The first second is on its way to this device's disk",
      sentAll: "All of it is stored at the server, sealed",
      sent: (percent: string) => `${percent} of it stored at the server, sealed`,
      waiting: "No connection: everything is kept on this device, and sent by itself when the network is back",
      refused: (what: string) => `The server does not take it now: ${what} Everything is kept on this device.`,
      turning:
        "The members changed. What comes next is a part of its own, which opens for who is a member now. You lose nothing: recording goes on.",
      part: (part: number) =>
        `Part ${part}: the members changed, so what comes now is a recording of its own, which opens for who is a member now. What came before is kept.`,
      gone: {
        microphone:
          "The microphone is gone: it was unplugged or taken by something else. What is recorded now has no voice.",
        all: "The microphone is gone: it was unplugged or taken by something else. It was all that was recorded, so the recording waits.",
        camera:
          "The camera is gone: it was unplugged or taken by something else. The picture stands still, and the sound goes on.",
        screen: "What was shown has ended.",
      },
      chooseMicrophone: "Use another microphone",
      leaveNote:
        "You can look at other screens of Taciturn meanwhile. Keep this tab open: closing it ends the recording, and loses at most its last two seconds.",
    },
    consent: {
      title: "Who agreed",
      lead: "Each member's own signed answer. They are asked in the meeting.",
      states: { agreed: "Agreed", unanswered: "No answer yet", withdrawn: "Does not agree" },
      none: "Nobody else is in this meeting.",
      unknown: "Who was asked is not known here yet.",
      withdrawn: "Somebody does not agree to be recorded. Talk to them, or stop.",
    },
    ended: {
      screen: {
        what: "The recording was ended",
        lead: "You stopped sharing the screen, so the recording ended with it. Everything until then is kept, and is being made ready.",
      },
      devices: {
        what: "The recording was ended",
        lead: "What was recorded is gone: its devices were unplugged, or the browser ended them. Everything until then is kept, and is being made ready.",
      },
      failed: { what: "The recording had to end", lead: "Everything until then is kept on this device." },
      removed: {
        what: "You are not in this meeting any more, so the recording ended",
        lead: "Somebody took you out of it while you recorded. Everything until then is kept on this device.",
      },
    },
    captures: {
      list: "Recordings of this browser",
      left: (title: string) => `You were recording “${title}”`,
      leftLead: (time: string) =>
        `The page was closed before it was finished. ${time} are safe on this device. Publish them, or discard them.`,
      leftEmpty: "The page was closed before anything was kept of it.",
      finish: "Finish and publish",
      discard: "Discard",
      discardTitle: (title: string) => `Discard “${title}”?`,
      discardMeaning:
        "What was recorded is deleted on this device and at the server, for everybody, and can't be brought back. Members who watched it live may have kept what they saw. That you recorded stays in the meeting's activity.",
      discardAction: "Discard the recording",
      states: {
        left: "Waits for you to decide",
        waiting: "Waits for its turn",
        ending: "Sending what is left",
        preparing: "Making it ready for watching",
        sending: "Sending it, ready for watching",
        storing: "All sent. The server is storing it",
        publishing: "Stored, and its receipt is verified. Publishing",
        failed: "Stopped",
        discarding: "Discarding",
        done: "Published: everyone in the meeting can watch it",
        gone: "Discarded",
        offline: "Waiting for the network. It goes on by itself",
      },
      safeHere: "It is safe on this device. If you close this page, it goes on when you come back.",
      progress: (title: string) => `Finishing ${title}`,
      failedLead: "What was recorded is still on this device.",
      takenOut:
        "You are not in this meeting any more, so it can't be published. It is still on this device: save it as a file, or discard it.",
      publishAnyway: "Publish all the same",
      save: "Save it as a file",
      watch: "Watch",
      dismiss: "Clear",
      of: (action: string, title: string) => `${action}: ${title}`,
    },
    troubles: {
      screen: {
        denied: {
          what: "No screen was chosen, or the browser may not record it.",
          todo: "Choose again. If nothing can be chosen, allow the browser to record the screen in your computer's privacy settings.",
        },
        none: { what: "There is nothing that could be shown.", todo: "Open a window or a screen and choose again." },
        busy: { what: "The computer did not give the picture of it.", todo: "Choose again, or another window." },
        unsupported: {
          what: "This browser can't record a screen, as those of phones can't.",
          todo: "Record the camera and the microphone, or come back with a computer.",
        },
        insecure: { what: "This page came over plain HTTP, where browsers record nothing.", todo: "Open it by HTTPS." },
        gone: { what: "What was shown has ended.", todo: "Choose another window or screen." },
        broken: { what: "The screen can't be recorded here.", todo: "Load the page again, or use another browser." },
      },
      camera: {
        denied: {
          what: "The camera is not allowed here.",
          todo: "Allow it for this site in the browser's settings, then turn it on again. You can record without it.",
        },
        none: {
          what: "There is no camera on this device.",
          todo: "Plug one in and turn it on again, or record without it.",
        },
        busy: {
          what: "The camera is in use, or does not answer.",
          todo: "Close what else uses it, then turn it on again.",
        },
        unsupported: {
          what: "This browser gives pages no camera.",
          todo: "Use another browser, or record without it.",
        },
        insecure: { what: "This page came over plain HTTP, where browsers give no camera.", todo: "Open it by HTTPS." },
        gone: {
          what: "The camera is gone: it was unplugged, or taken by something else.",
          todo: "Plug it in again, or choose another.",
        },
        broken: {
          what: "The camera does not work in this browser.",
          todo: "Load the page again, or record without it.",
        },
      },
      microphone: {
        denied: {
          what: "The microphone is not allowed here.",
          todo: "Allow it for this site in the browser's settings, then turn it on again. Without it your voice is not recorded.",
        },
        none: {
          what: "There is no microphone on this device.",
          todo: "Plug one in and turn it on again, or record without it.",
        },
        busy: {
          what: "The microphone is in use, or does not answer.",
          todo: "Close what else uses it, then turn it on again.",
        },
        unsupported: {
          what: "This browser gives pages no microphone.",
          todo: "Use another browser, or record without it.",
        },
        insecure: {
          what: "This page came over plain HTTP, where browsers give no microphone.",
          todo: "Open it by HTTPS.",
        },
        gone: {
          what: "The microphone is gone: it was unplugged, or taken by something else.",
          todo: "Plug it in again, or choose another.",
        },
        broken: {
          what: "The microphone does not work in this browser.",
          todo: "Load the page again, or record without it.",
        },
      },
    },
    unsupported: {
      what: "This browser can't record",
      lead: "Nothing is lost: everything else of Taciturn works here.",
      todo: "Update the browser or use another one. You can also record with this device's own recorder, and upload the file to the meeting.",
    },
  },
  openings: {
    action: "Open a part to somebody",
    actionAll: "Open it to somebody",
    title: "Open a part to somebody outside",
    titleAll: "Open it to somebody outside",
    lead: "You make a file that anybody can check and play without an account. It opens what you choose here, and proves whose device archived it.",
    which: "How much",
    part: "Some minutes",
    all: "All of it",
    onlyAll: "This is no film and no sound of which minutes could be cut out, so all of it is opened.",
    from: "From",
    to: "To",
    wrongTimes: "Give times such as 1:30 or 1:02:03, the end behind the beginning.",
    notThatLong: "The recording ends before these minutes. Nothing was made.",
    notCut: "This film or sound can't be cut. Nothing was made; open all of it instead.",
    look: "Show what that reveals",
    looking: "Looking which bytes these minutes need …",
    shows: "Whoever gets the file, and whoever they give it to, sees:",
    showsOf: {
      all: "All of the recording's file, with whatever it says of itself.",
      film: (from: string, to: string) =>
        `Picture and sound from ${from} to ${to}: a player can begin only at certain pictures, so it is a little more than you chose.`,
      borders: (opened: string, all: string) =>
        `What stands beside it in the ${opened} of ${all} segments that are opened: up to 64 KiB at each border, with moments before, behind, or from the recording's beginning.`,
      index:
        "How long the whole recording is, how large each of its pictures is and when it is shown; and what the file says of itself, such as which program made it.",
      file: "The size, kind and hashes of the whole file, and how many files the recording has.",
      author: (name: string, when: string) =>
        `By its keys, which account signed it (${name}) and when (${when}), in which meeting, by its number; and that account's public keys up to then.`,
      receipt: "Which server stored it, and on which day.",
      noReceipt: "No receipt: the server gave none that fits, so only the author's own clock says when it was stored.",
      entry: (seq: number) =>
        `That this is entry ${seq} of the meeting's log, of which kind it is, and how many fields it has.`,
    },
    absent:
      "Not in it: the title, who else is in the meeting, the chat, other recordings, and any key to what is not opened.",
    absentOfEvent: "Not in it: what you did not choose, other entries, recordings, the chat, and any key.",
    forGood: "You can't take it back: whoever gets it can pass it on, and it proves what it shows to everybody.",
    tell: "Tell the meeting's members",
    tellHint: "A signed entry in the meeting's activity says what you opened. Otherwise nobody is told.",
    make: "Make the file",
    making: "Making the file …",
    back: "Back",
    made: "The file is made",
    madeLead:
      "Whoever gets it checks it with the command taciturn verify, or with verify.html, one page for a browser that comes with Taciturn. Neither needs an account or a network.",
    told: "The meeting's members were told.",
    notTold: "The meeting's members were not told.",
    fileOf: (from: string, to: string) => `from ${from} to ${to}.opening`.replaceAll(":", "."),
    fileOfAll: "recording.opening",
    fileOfEvent: (seq: number) => `entry ${seq}.opening`,
    more: (seq: number) => `More about entry ${seq}`,
    eventAction: "Open it to somebody outside",
    eventTitle: "Open this entry to somebody outside",
    eventLead:
      "You make a file that anybody can check without an account: it proves who made this entry of the meeting's log, on which device, and when. Choose what else it shows.",
    noFields: "This entry says nothing more than that.",
    /** What entries of the log say, by the names of their fields. */
    fields: {
      roster: "Everybody in the meeting then, by the keys of their accounts, with their roles",
      admins: "The admins then, by the keys of their accounts",
      title: "The title that it gave",
      policy: "What newcomers could open",
      days: "For how many days recordings are kept",
      recording: "The number of the recording",
      header: "The first bytes of the sealed file that it is about",
      mediaType: "What kind of file it is",
      opened: "What it says was opened",
    },
    fileField: (number: number) => `Size, kind and hashes of file ${number} of the recording`,
  },
  watch: {
    title: "Recording",
    opening: "Opening the recording …",
    player: (title: string) => `Player: ${title}`,
    scrubber: "Place in the recording",
    timeOf: (at: string, length: string) => `${at} of ${length}`,
    waiting: "Waiting for the next part …",
    chapters: "Chapters",
    timeline: {
      title: "Said and written",
      search: "Search what was said and written",
      found: (count: number) => (count === 1 ? "1 place" : `${count} places`),
      nothing: "Nothing here has all of these words.",
      follow: "Follow the recording",
      before: "Before the recording",
      during: "During the recording",
      after: "After the recording",
      placeless: "Imported, without a place",
      loading: "Loading what was written …",
      more: "Load what was written before",
      noStart:
        "Nobody noted when this recording begins, so only messages that were written beside it, with their place in it, are shown.",
      seek: (time: string) => `Go to ${time}`,
      seekAbout: (time: string) => `Go to ≈ ${time}`,
    },
    /** Of a recording that was brought in from elsewhere. */
    imported: {
      title: "Imported",
      from: (source: string) => `Imported from ${source}`,
      by: "Brought in by",
      elsewhere: "The platform that it comes from",
      sources: { zoom: "Zoom", bigbluebutton: "BigBlueButton", folder: "a folder" },
      meaning: (source: string) =>
        `${source} may have held all of it in plaintext. Who said and wrote what is its word, and the importer's: nobody signed it here.`,
      failed: "What was imported along with it could not be had unchanged, so it is not shown.",
      clock: {
        recording: (offset: string) => `The chat's times count from the recording's start (offset ${offset}).`,
        wall: (offset: string) => `The chat's times are a clock's on the wall; its offset was worked out as ${offset}.`,
        given: (offset: string) => `The chat's offset was given by whoever imported it: ${offset}.`,
      },
      noClock: "Nothing tells where in the recording the chat's lines belong, so none is given a place.",
      unread: (count: number) =>
        count === 1
          ? "One line of it could not be read, and stands as it was."
          : `${count} lines of it could not be read, and stand as they were.`,
      chat: "The imported chat",
      quoted: (name: string) => `“${name}”`,
      line: "imported",
      lineTo: (name: string) => `imported, to “${name}”`,
      answers: (text: string) => `answers “${text}”`,
      reacts: (text: string) => `reacts to “${text}”`,
      takesBack: (text: string) => `takes back a reaction to “${text}”`,
      notRead: "Could not be read, and stands as it was",
    },
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
      live: "This is not published yet",
      liveLead: "It is still being recorded, or made ready. It can be watched until then.",
      toLive: "Watch it now",
      missing: "this recording is not in this meeting",
      perhapsEarlier: "This recording doesn't open for you",
      perhapsEarlierLead:
        "Nothing that you can open in this meeting has this address. It may have been added while you were no member of it; some meetings let newcomers open only what comes after they joined. Ask whoever gave you the link.",
      earlier: "This recording doesn't open for you",
      earlierLead:
        "It was begun before you were in the meeting, or before your account's present keys could open it. Nothing is wrong with it: whoever was a member then can watch it. Ask one of them to show it to you.",
    },
  },
  live: {
    title: "Live",
    opening: "Opening what is being recorded …",
    missing: "nothing is recorded under this link, or it does not open for you",
    began: (moment: string) => `recording since ${moment}`,
    fromStart: "Watch from the beginning",
    list: {
      label: "Being recorded",
      states: {
        asking: "Being recorded",
        nothing: "Announced",
        live: "Live",
        interrupted: "Interrupted",
        finishing: "Being finished",
        gone: "Given up",
        failed: "Not reached",
      },
      said: (title: string, state: string) => `${title}: ${state}`,
      live: "You can watch while it is recorded.",
      interrupted: (moment: string) => `Nothing new has come since ${moment}. It may go on; what came can be watched.`,
      finishing: (name: string | null) =>
        name === null
          ? "It has ended. Your device makes it ready, and it appears here by itself."
          : `It has ended. The device of ${name} makes it ready, and it appears here by itself.`,
      nothing: (title: string) => `“${title}” was announced, and nothing of it has come yet.`,
      gone: (title: string) => `“${title}” was begun, and given up.`,
    },
    save: {
      action: "Save what there is",
      heading: (title: string) => `Save what there is of “${title}”?`,
      what: "All that reached the server is fetched, checked against what the recording device signed, made ready for watching, and published here.",
      meaning: (author: string) =>
        author === "You"
          ? "It becomes a recording of its own, beside the one that your other device began."
          : `It becomes a recording of yours: the others see that you saved it. That every part of it comes from the device of ${author} is checked now, by this device; afterwards it is your word.`,
      twice: (author: string) =>
        author === "You"
          ? "If your other device comes back, it can still finish the whole. Then there are two, and you can delete one."
          : `If the device of ${author} comes back, it can still finish the whole. Then there are two, and one can be deleted.`,
      titled: (title: string) => `${title} (what was saved)`,
      confirm: "Save it",
      saving: "It is being saved. The meeting shows how far it is.",
      toMeeting: "Go to the meeting",
    },
    mark: {
      live: "Live",
      isLive: "Live: you see the newest",
      newest: "Newest so far",
      behind: (time: string) => `${time} behind`,
      isBehind: (time: string) => `${time} behind. Go to the newest`,
      over: "Ended",
    },
    standing: {
      published: "The recording is ready",
      publishedLead:
        "What you watched here is stored as a recording now: it starts anywhere at once, and can be downloaded.",
      watch: "Watch the recording",
      goesOn: "The recording goes on in another part",
      goesOnLead: "Who is in the meeting has changed, so what comes now is sealed for exactly those who are in it.",
      toNext: "Watch what is recorded now",
      finished: "The recording has ended",
      finishedLead: (author: string) =>
        author === "You"
          ? "Your device makes it ready now, so that it starts anywhere at once. It appears here by itself, and all of it can be watched until then."
          : `The device of ${author} makes it ready now, so that it starts anywhere at once. It appears here by itself, and all of it can be watched until then.`,
      replaced: "This is not live any more",
      replacedLead: (author: string) =>
        author === "You"
          ? "It was taken off the server: because the recording is about to appear in its place, or because you gave it up. The meeting shows which."
          : `${author} took it off the server: because the recording is about to appear in its place, or because it was given up. The meeting shows which.`,
      offline: "The server can't be reached",
      offlineLead: "What came until now can be watched. It goes on here by itself as soon as the server answers.",
      interrupted: "Nothing new has come for a while",
      interruptedLead: (author: string) =>
        `${author === "You" ? "You" : author} may have paused, or lost the network. It goes on here by itself when something comes. What came until now can be watched.`,
      nothing: "Nothing of it has come yet",
      nothingLead: (author: string) =>
        `${author === "You" ? "You" : author} announced this recording, and nothing of it reached the server until now. It begins here by itself.`,
    },
    broken: {
      title: "Watching was stopped: the server sent something that was not recorded so",
      stopped: "Watching was stopped",
      changed: (author: string) =>
        `What the server sent is not what ${author === "You" ? "your device" : `the device of ${author}`} signed, or is older than what it sent before.`,
      about: (time: string) => `It lies at about ${time} or later.`,
      place: (place: string) => `Exactly: ${place}.`,
      meaning: "Nothing of that was shown. All that was played until then had passed the check.",
      todo: (author: string) =>
        `Try again. If it stays so, tell ${author === "You" ? "the others" : author} by another way, and whoever runs the server: the recording on that device is not touched by this.`,
      removed: "You are not in this meeting any more",
      removedMeaning:
        "Somebody took you out of it while you watched. Nothing that is recorded since then comes to you, or opens for you.",
      unplayable: "This browser can't play what is being recorded",
      unplayableLead: (author: string) =>
        `${author === "You" ? "Your other device" : `The browser of ${author}`} records in a way that this one can't follow. Nothing is lost: the recording appears in the meeting when it is done, made ready for watching. Another browser may be able to follow it now.`,
    },
    seal: {
      signed: "signed every second",
      parts: "every part is checked before it plays",
      broken: "the server sent something else",
      author: "Recorded by",
      heads: "Signature",
      headsAre:
        "About every second the recording device signs how far it is, and a fingerprint of all until then. This device checks each: nothing in between can be changed, left out or added unseen.",
      device: "Signing device",
      deviceIs: "Its public key, as its owner named it in the meeting's log when the recording began.",
      bytesAre: "Each part is checked on this device against the newest signed fingerprint before it is shown.",
      bytesAreNot: "Something did not pass the check, so watching was stopped. What was played before had passed it.",
      newest: "The newest",
      newestIs: "A server can hold back what is newest. If nothing comes for 30 seconds, this screen says so.",
    },
  },
  chat: {
    goingBack: "Going back to that message …",
    notThere: "The message that this link leads to is not here any more, or never was.",
    opening: "Opening the chat …",
    emptyTitle: "No messages yet",
    empty:
      "What you write here is sealed on this device. Everybody in the meeting can open it, now and later, and nobody else.",
    list: "Messages",
    begin: "This is where the chat begins.",
    notKept: (day: string) =>
      `Older messages were not to be kept: an admin had the server delete what was written before ${day}.`,
    maybeNotKept:
      "Older messages are not here. What was to be kept was said in a part of this meeting's log that is closed to you: an admin may have had them deleted, or the server does not give them.",
    older: "Loading older messages …",
    olderFailed: "Older messages could not be loaded.",
    newest: "Go to the newest",
    newestWith: (count: number) => (count === 1 ? "1 new message" : `${count} new messages`),
    fresh: "New since you looked",
    atLeast: (count: string, isMore: boolean) => (isMore ? `${count}+` : count),
    tabUnread: (count: number, isMore: boolean) =>
      isMore ? `at least ${count} new messages` : count === 1 ? "1 new message" : `${count} new messages`,
    tabMentioned: "you are mentioned",
    tabTrouble: "something is wrong",
    /** Said aloud as messages come. */
    came: (name: string, text: string) => `${name}: ${text}`,
    cameMore: (count: number) => `${count} new messages`,
    broken: "The chat can't be trusted as it is given now",
    away: "The newest messages can't be fetched just now. They come by themselves as soon as the server answers.",
    states: {
      sending: "Sending …",
      kept: "Kept on this device, not sent yet",
      refused: "Not sent",
      stored: "Stored",
      changing: "A change of yours is being sent …",
    },
    /** What each of these means, where the pointer rests on it. */
    stateMeanings: {
      sending: "It is on this device, and on its way.",
      kept: "It is on this device and survives closing the app. It is sent as soon as the server answers.",
      refused: "The server did not take it. It stays on this device.",
      stored: "The server keeps it, sealed.",
    },
    writing: (names: readonly string[]) => `${listOf(names)} ${names.length === 1 ? "writes" : "write"} …`,
    waiting: (count: number) =>
      count === 1 ? "One message of yours is not sent yet." : `${count} messages of yours are not sent yet.`,
    waitingAway:
      "They are kept on this device, also when you close the app, and go out by themselves once the server answers.",
    sendAgain: "Try again now",
    sendAnyway: "Send all the same",
    discard: (count: number) => (count === 1 ? "Throw it away" : "Throw the first away"),
    discardTitle: "Throw this away?",
    discardMeaning:
      "It is on this device alone, as far as the server says. It is asked once more; if it still refuses, this is gone for good, and what waits behind it is sent.",
    discardAction: "Throw it away",
    /** What is not shown by its own words. */
    discarded: {
      edit: "A change of a message of yours.",
      reaction: "A reaction of yours.",
      deletion: "A deletion of a message.",
    },
    unverified: "From someone unverified",
    unverifiedMeaning:
      "You have neither their card nor compared words with them, so the name is only what you were told.",
    late: "Late, not vouched for",
    lateMeaning:
      "Nobody vouches that this was written before its author could be removed from the meeting. It may have been put there afterwards.",
    missingBefore: (count: number) =>
      count === 1
        ? "A message that its device wrote before this one is missing."
        : `${count} messages that its device wrote before this one are missing.`,
    conflicts: {
      fork: "Its device wrote two messages in one place: others may have been shown something else.",
      link: "It follows another message than the one before it here: others may have been shown something else.",
      order: "It stands behind a later message of its device: the server changed their order.",
    },
    ahead: "Its author saw more of this meeting than the server shows you.",
    clockOff: (day: string) => `Its author's clock is off: the server got it on ${day}.`,
    gap: (count: number) => (count === 1 ? "A message is missing here" : `${count} messages are missing here`),
    gapMeaning: "The server counted it, and does not give it.",
    refusedLine: "A message is not shown",
    refusedMeaning: "Nobody can be told to have written it.",
    refusedAuthor: "The author that it names did not sign it, or was not in the meeting then.",
    closed: (count: number) =>
      count === 1
        ? "A message from before you could open this chat"
        : `${count} messages from before you could open this chat`,
    without: {
      edit: "A change of a message, which counts for nothing",
      reaction: "A reaction, which counts for nothing",
      deletion: "A deletion, which counts for nothing",
      other: "Something that this version of the app does not know",
      text: "A message",
    },
    withoutReasons: {
      late: "It is late, or contradicts others of its device.",
      "not-authorised": "Its author may not do that.",
      "no-target": "What it names is not among the messages that are loaded.",
      "unknown-type": "A newer version may show it.",
    },
    by: "By",
    edited: (when: string) => `changed ${when}`,
    deleted: "Deleted",
    deletedByOther: (name: string) => `Deleted by ${name}`,
    replyTo: (name: string) => `In reply to ${name}`,
    replyMissing: "In reply to a message that is not loaded",
    replyOther: "In reply to a message that is not the one that is here",
    mentionsYou: "Mentions you",
    mentions: "Mentions",
    whole: "Show the whole message",
    picture: (alt: string) => (alt === "" ? "Picture" : `Picture: ${alt}`),
    files: {
      add: "Add files",
      save: (name: string, size: string) => `Save ${name} ${size}`,
      remove: (name: string) => `Leave out ${name}`,
      sending: (percent: number) => `Sealing and sending … ${percent} %`,
      waiting: (name: string, size: string) => `${name} (${size})`,
    },
    actions: (name: string) => `What can be done with the message of ${name}`,
    reply: "Reply",
    react: "React",
    edit: "Change",
    remove: "Delete",
    person: "About the author",
    reactionField: "Another reaction",
    reactionLong: "That is too long for a reaction.",
    moreReactions: (count: number) => (count === 1 ? "Show one more reaction" : `Show ${count} more reactions`),
    reactionsHidden: (count: number) => `and ${count} more`,
    reactionBy: (names: readonly string[]) => `, by ${listOf(names)}`,
    addReaction: "Add it",
    removeTitle: "Delete this message?",
    removeMeaning:
      "Everybody is told to show it no more, and the app doesn't. That takes nothing back: whoever was in the meeting can still open it with their own keys, may have copied it, and the server keeps the sealed message as long as the chat.",
    removeFiles:
      "Its files are deleted at the server, too: nobody can fetch them from then on, and the server removes their bytes some days later. Whoever saved one has it.",
    removeFilesOld:
      "Its files were sent by an app of before, which did not keep what deletes them: they are shown no more, and the server keeps them as long as the meeting's recordings.",
    removeFilesOther:
      "Its files are shown no more. Only its author can delete them at the server, which keeps them as long as the meeting's recordings.",
    removeAction: "Delete the message",
    composer: {
      label: "Your message",
      hint: "Enter sends, Shift+Enter begins a new line, ↑ changes your last message. Markdown is shown.",
      placeholder: "Write a message",
      send: "Send",
      save: "Save the change",
      editing: "You are changing a message. Members can still open what it said before.",
      replying: (name: string) => `You reply to ${name}`,
      stop: "Don't",
      tooLong: (count: string) => `Too long by ${count} bytes: shorten it, or send it in parts.`,
      people: "Whom to mention",
      suggestions: (count: number) =>
        count === 1 ? "1 person: Enter takes them" : `${count} people: arrows choose, Enter takes one`,
    },
  },
  search: {
    title: "Search",
    lead: "Titles, messages, captions and names of files, in all of your meetings. You search on this device alone: what you look for is sent to nobody.",
    words: "What to search for",
    filters: "Narrow it down",
    meeting: "Meeting",
    allMeetings: "All meetings",
    by: "Written or said by",
    anybody: "Anybody",
    people: "People",
    claimed: "Names in captions and imports",
    from: "From this day on",
    until: "Until this day",
    hasFile: "Only with a file",
    clear: "Clear all",
    found: (count: number, total: string, isWhole: boolean) =>
      count === 0
        ? "Nothing was found."
        : !isWhole
          ? `More than ${total} places. The latest were searched first: another word narrows it down.`
          : count === 1
            ? "1 place"
            : `${total} places`,
    more: (count: string) => `Show ${count} more`,
    results: "What was found",
    nothing: "Nothing was found",
    nothingTodo: "Try fewer words, or only how one begins. A filter may also leave out what you look for.",
    nothingYet: "Not everything was read yet: what is still to come is searched by itself.",
    emptyTitle: "What was it about?",
    empty: [
      "Type some words, or only how they begin. What has all of them is found, also where an accent is missing or a letter is wrong.",
      "What you find leads to its place: to the message in its chat, or to the second at which it was said.",
      "A filter is enough: choose a person, a day or “Only with a file”, and the newest come first.",
    ],
    noMeetings: "There is nothing to search yet",
    noMeetingsTodo: "Once you have meetings, all that is said, written and recorded in them is found here.",
    toMeetings: "Go to your meetings",
    kinds: {
      meeting: "Meeting",
      recording: "Recording",
      message: "Message",
      caption: "Said in a recording",
      imported: "Imported chat",
    },
    untitled: "Untitled",
    at: (title: string, time: string) => `${title} at ${time}`,
    before: (title: string) => `before ${title}`,
    beside: (time: string) => `Watch what was recorded then, at ${time}`,
    claimedBy: (name: string) => `“${name}”`,
    claimedMeaning: "A name that a transcript or another platform wrote. Nobody signed it here.",
    file: (names: string) => `File: ${names}`,
    reading: "Reading what is new in your meetings",
    readingFirst: "Reading your meetings, so that they can be searched",
    readingMeetings: (done: number, all: number) => `${done} of ${all} meetings`,
    readingMessages: (count: string) => `, ${count} messages of the next`,
    readingMeaning:
      "It is done once; later only what is new is read. You can search what is there already, and leave this screen: it goes on.",
    away: "The server can't be reached, so only what was read before is searched. It goes on by itself.",
    unread: (count: number) =>
      count === 1
        ? "One meeting could not be read anew. What was read of it before is searched."
        : `${count} meetings could not be read anew. What was read of them before is searched.`,
    withoutCaptions: (count: number) =>
      count === 1
        ? "The captions of one recording could not be had unchanged, so they are not searched."
        : `The captions of ${count} recordings could not be had unchanged, so they are not searched.`,
    tooOld: "This browser can't tell words apart",
    tooOldTodo: "Searching needs a newer version of it. Everything else works.",
  },
  news: {
    label: "News",
    invited: (title: string | null) =>
      title === null ? "An invitation came that can't be opened" : `You are invited to “${title}”`,
    look: "Look at it",
    changed: "Others changed who holds keys",
    more: (count: number) => `${count} more: see each meeting's activity.`,
    aside: "Seen",
    unseen: ({
      recordings,
      members,
      changes,
      questions,
      messages,
      mentions,
      isMore,
    }: Readonly<Record<"recordings" | "members" | "changes" | "questions" | "messages" | "mentions", number>> & {
      /** There may be more messages than were counted. */
      readonly isMore: boolean
    }) =>
      [
        questions > 0 ? "you are asked to be recorded" : "",
        messages === 1 && !isMore
          ? "1 new message"
          : messages > 0
            ? `${messages}${isMore ? "+" : ""} new messages`
            : "",
        mentions > 0 ? "you are mentioned" : "",
        recordings > 0 ? (recordings === 1 ? "1 new recording" : `${recordings} new recordings`) : "",
        members > 0 ? (members === 1 ? "1 new member" : `${members} new members`) : "",
        changes > 0 ? (changes === 1 ? "1 change" : `${changes} changes`) : "",
      ]
        .filter((part) => part !== "")
        .join(", "),
  },
  /** What the operator tells of requests by authorities. */
  notices: {
    ofMeeting: "An authority asked the operator about this meeting",
    ofAccount: "An authority asked the operator about your account",
    asked: {
      preserve: (day: string) => `On ${day} it was noted that an authority asked to keep it for now.`,
      produce: (day: string) => `On ${day} it was noted that an authority asked to hand it over.`,
      "erase-objection": (day: string) => `On ${day} it was noted that an authority asked not to erase it.`,
      emergency: (day: string) => `On ${day} it was noted that an authority asked to hand it over, in an emergency.`,
    },
    what: (assetCount: number | null) =>
      assetCount === null ? "all of it" : assetCount === 1 ? "one file of it" : `${assetCount} files of it`,
    days: (from: string | null, to: string | null) =>
      from === null && to === null
        ? ""
        : `, as far as it was uploaded${from === null ? "" : ` from ${from}`}${to === null ? " on" : ` to ${to}`},`,
    held: (what: string, days: string, until: string | null) =>
      `${what}${days} is kept${until === null ? "" : ` until the end of ${until}`}, also what is deleted meanwhile`,
    released: (what: string) => `${what} is not kept any more; what was deleted meanwhile is removed`,
    produced: (what: string, days: string) => `${what}${days} was handed over, as ciphertext`,
    closed: "the request was closed",
    hash: "How to recognise what was handed over: its SHA-512",
    late: (day: string) => `You could not be told before ${day}.`,
    caseIs: "If you ask the operator about it, name",
    meaning:
      "This is the operator's own word. What was kept or handed over is ciphertext: without a key of a participant's device it opens nothing.",
    aside: "Put aside on this device",
    notAsked: "Whether the operator has something to tell of authorities could not be asked.",
    inActivity: "An authority's request:",
  },
  presence: {
    title: "Here now",
    /** What it is, where the pointer rests on it. */
    meaning:
      "Who has this meeting open at this moment. They say so to each other, sealed; the server can't read it, and nothing of it is kept.",
    onlyYou: "Only you",
    came: (names: readonly string[]) => `${listOf(names)} ${names.length === 1 ? "is" : "are"} here.`,
    went: (names: readonly string[]) => `${listOf(names)} ${names.length === 1 ? "is" : "are"} not here any more.`,
  },
  consent: {
    label: "You are asked",
    isAboutTo: (name: string) => `${name} is about to record, or records already.`,
    isRecording: (name: string) => `${name} is recording.`,
    beganAt: (name: string, moment: string) => `${name} began to record at ${moment}.`,
    question: "Do you agree to be recorded?",
    by: "Asked by",
    meaning:
      "Everybody in the meeting sees your answer, and you can change it later. It is your signed word. It stops no recording: only whoever records can.",
    agree: "I agree",
    refuse: "I don't agree",
    withdraw: "I don't agree any more",
    later: "Later",
    more: (count: number) =>
      count === 1 ? "One more recording waits for your answer." : `${count} more recordings wait for your answer.`,
    waiting: (count: number) =>
      count === 1 ? "1 recording waits for your answer" : `${count} recordings wait for your answer`,
    waitingLead:
      "Do you agree to be recorded in these? Everybody in the meeting sees your answer, and you can change it on the recording's page. Until you answer, you count neither as agreed nor as refused.",
    announced: "A recording that was announced, and is not here yet",
    answersTitle: "Who agreed to be recorded",
    announcedAt: (moment: string) => `It was announced on ${moment}, before it began, as its author says.`,
    unannounced: "It was not announced before it began: answers count from when it was added.",
    otherwiseNamed:
      "What this was announced as belongs to something else, announced or added earlier. No answer counts for it.",
    unknownMembers: "It is from before you could open this meeting, so who was asked can't be shown.",
    states: {
      agreed: "Agreed",
      unanswered: "Has not answered",
      withdrawn: "Does not agree",
    },
    keeps: "An answer deletes nothing and stops nothing. Its author, or an admin, can delete a recording.",
  },
  people: {
    title: "People",
    lead: "Whom you know, and how surely. Only you see the names.",
    add: "Add somebody",
    card: "Show my card",
    search: "Search",
    listLabel: "People you know",
    nothingFound: "Nobody here has that name.",
    empty: "Nobody yet",
    emptyLead:
      "Ask somebody for their card, or show them yours. With a card in hand, nobody can be put in the other's place, not even by the server.",
    marks: "What the marks mean",
    changed: "Changed",
    newLinks: "Their account changed since",
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
      "Nothing is encrypted for what it shows. Speak with them by another way, and tell whoever runs the server. Once it is explained, remove them here and add them by their card.",
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
