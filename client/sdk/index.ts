/** What developers build on. docs/sdk.md shows its use. */
export { cardLink, formatCard } from "../../shared/protocol/card.js"
export { ArchiveError, type ErrorCode, isArchiveError } from "../../shared/protocol/errors.js"
export {
  type AccountId,
  type AssetId,
  formatId,
  type MeetingId,
  parseId,
  type RecordingId,
} from "../../shared/protocol/ids.js"
export { parseInviteUrl } from "../../shared/protocol/invite-link.js"
export { nodePrimitives } from "../crypto/node-primitives.js"
export { type SegmentPrimitives, sodiumPrimitives } from "../crypto/primitives.js"
export { sodiumReady } from "../crypto/sodium.js"
export { prepareAccount, registerAccount, whoAmI } from "./account.js"
export { type Client, createClient } from "./client.js"
export { CLIENT_FAILPOINTS, type ClientFailpoint } from "./failpoints.js"
export {
  addContact,
  findContact,
  findPerson,
  type ListedContact,
  listContacts,
  ownCard,
  readHandle,
  removeContact,
  renameContact,
  setHandle,
  verifyContact,
} from "./contacts.js"
export { Http, type Transport } from "./http.js"
export { blockAccount, blockMeeting, listBlocked, unblockAccount, unblockMeeting } from "./blocks.js"
export {
  acceptInvitation,
  declineInvitations,
  dismissInvitation,
  listInvitations,
  type WaitingInvitation,
} from "./invitations.js"
export {
  type ListedDevice,
  listDevices,
  rekeyPending,
  type RekeyReport,
  renameDevice,
  revokeDevices,
} from "./devices.js"
export { refreshKeys } from "./links.js"
export {
  approveDevice,
  beginPairing,
  type BegunPairing,
  completePairing,
  readPairing,
  type RequestedDevice,
} from "./pairing.js"
export {
  accountRisks,
  type AccountRisks,
  checkPhrase,
  recoverAccount,
  type RecoveredAccount,
  replacePhrase,
} from "./recovery.js"
export { createInviteLink, type InviteLinkOptions, listInviteLinks, revokeInviteLink } from "./invite-links.js"
export { offerByLink } from "./join.js"
export {
  type AdmissionReport,
  admitPreApproved,
  approveOffer,
  listOffers,
  refuseOffer,
  type WaitingOffer,
} from "./offers.js"
export { fetchInstance } from "./instance.js"
export { adoptKeyring, readKeyring } from "./keyring.js"
export { type RecordingPlace, textContent } from "../../shared/protocol/message-content.js"
export { bringUpToDate, isOver, isUpToDate, type NotIndexed } from "./search/bring-up-to-date.js"
export type { IndexOptions } from "./search/index-options.js"
export { bestOf, findIn, type FoundInMeeting } from "./search/find.js"
export { type Findable, type Found, type IndexedAuthors, type SearchFilter, SearchShard } from "./search/shard.js"
export { openSearchFolder, type SearchFolder } from "./node/search-folder.js"
export { type Imported, type PlacedLine, readImported } from "./imports/read-imported.js"
export {
  type ChatLine,
  type ChatMention,
  type ChatReaction,
  type ChatText,
  type ChatWithoutEffect,
  ChatFold,
  foldChat,
  foldUnsent,
} from "./chat/fold.js"
export { deleteMessage, type FilesReport, settleAllFiles, settleFiles } from "./chat/delete-files.js"
export { type NewFile, readSentFile, uploadSentFile } from "./chat/files.js"
export { ChatFollower, followChat, type FollowChatOptions } from "./chat/follow.js"
export type { NotKept } from "./chat/kept.js"
export { ChatReader, type ChatReadOptions } from "./chat/read.js"
export {
  type DeletedMessage,
  discardMessage,
  flushChat,
  flushChats,
  type FlushOptions,
  queueDeletion,
  queueMessage,
  sendMessage,
  type SendReport,
  type UnsentMessage,
  unsentMessages,
  waitingChats,
} from "./chat/send.js"
export { authorStateOf, isClockOff } from "./chat/states.js"
export { lookAtChat, lookForMessages, rememberUnread } from "./chat/unread.js"
export { addMember, inviteAgain, rekeyMeeting, removeMember, setPolicy, setRole } from "./epochs.js"
export { watchMeeting, type WatchOptions } from "./live.js"
export { watchAccount, type WatchAccountOptions } from "./live-account.js"
export { hasNewEvents, lookAtMeeting } from "./unseen.js"
export { shareLooks } from "./share-looks.js"
export { Presence, type PresenceOptions, type PresentMember } from "./presence.js"
export { Typing } from "./typing.js"
export { closeAccount, type ClosingPlan, isAccountClosed, planClosing } from "./closing.js"
export { type DeletedRecording, deleteMeeting, deleteRecording, renameRecording, setRetention } from "./deletion.js"
export {
  type Keeping,
  type MeetingStorage,
  readKeeping,
  readStorage,
  readStoredRecordings,
  type RecordingFate,
  type StoredAsset,
  type StoredRecording,
} from "./keeping.js"
export {
  announceCapture,
  type ConsentPage,
  consentOf,
  giveConsent,
  locateConsent,
  type MemberConsent,
  waitingForConsent,
  withdrawConsent,
} from "./consent.js"
export { type OpenableEvent, openableEvent, makeEventOpening } from "./openings/event-opening.js"
export { makeOpening, type MakeOptions, noteOpening, openingBytes } from "./openings/make-opening.js"
export {
  makeMessageOpening,
  type MessageChoice,
  type OpenableMessage,
  type OpenableMessages,
  openableMessages,
} from "./openings/message-opening.js"
export { type OpeningPlan, planOpening } from "./openings/plan-opening.js"
export {
  accountNotices,
  heedNotices,
  meetingNotices,
  type Notice,
  type NoticeStep,
  unheededNotices,
} from "./notices.js"
export { flushOutbox } from "./outbox.js"
export { createMeeting, readMeeting } from "./meetings.js"
export {
  type AccountChange,
  accountChanges,
  activityOf,
  memberAccountChanges,
  type MeetingChange,
  type News,
} from "./activity.js"
export { type CurrentMember, type EpochMoment, type FormerMember, membersOf } from "./membership.js"
export { expireMeeting, leaveMeeting, renewalDueMs, renewMeeting, type SealingOptions } from "./standing.js"
export { fileSource } from "./node/file-source.js"
export { createNodeTransport } from "./node/transport.js"
export { createSegmentThread } from "./node/segment-thread.js"
export { openJournalFolder } from "./node/journal-folder.js"
export { createStateFile, openStateFile } from "./node/state-file.js"
export { findRecording, type OpenRecording, readAsset, titleOf } from "./recordings.js"
export { type AssetReader, openAsset, type ReaderOptions } from "./reader/asset-reader.js"
export { type ClientState, type Contact, type StateBox } from "./state.js"
export {
  archiveCapture,
  type Capture,
  type CapturedFile,
  capturedSource,
  type CaptureOptions,
  type CaptureState,
  finishCapture,
  type NewCapture,
  openCaptured,
  startCapture,
} from "./live-capture/capture.js"
export { type LiveCapture, liveCapturesOf, runningCapturesOf } from "./live-capture/captures.js"
export {
  followLive,
  type FollowOptions,
  type LiveEnd,
  type LiveState,
  recoverCapture,
  type RecoverOptions,
  watchHeads,
  type WatchHeadsOptions,
} from "./live-capture/follow.js"
export { LiveView, type LiveViewOptions } from "./live-capture/live-view.js"
export { livePlaceIn, placeByHead } from "./live-capture/place.js"
export { isCapture } from "./live-capture/sealing.js"
export { type AssetSource, type JournalStore } from "./upload/journal.js"
export { type UploadProgress } from "./upload/progress.js"
export { abandonUpload, closePublished, describeUpload, type UnfinishedUpload } from "./upload/unfinished.js"
export {
  type UploadAsset,
  type UploadedRecording,
  type UploadOptions,
  uploadRecording,
} from "./upload/upload-recording.js"
