/** The bounds of every structure; above them input is refused before it is decoded. */
export const LIMITS = {
  linkBytes: 16_384,
  links: 1_000,
  devices: 20,
  epochEventBytes: 8 * 1024 * 1024,
  eventBytes: 256 * 1024,
  assetsPerEvent: 64,
  members: 1_000,
  fields: 128,
  fieldNameBytes: 64,
  /** So that one in base64url fits in what a socket takes at once. */
  messageBytes: 40_960,
  messageTextBytes: 16_384,
  reactionBytes: 64,
  mentions: 64,
  filesPerMessage: 8,
  /** Earlier sealings that a message names. */
  replacedSealings: 16,
  /** Of every device that ever wrote in a meeting. */
  chatHeads: 20_000,
  titleBytes: 512,
  fileNameBytes: 512,
  mediaTypeBytes: 128,
  deviceNameBytes: 128,
  contactNameBytes: 128,
  handleBytes: 32,
  keyringRecordBytes: 4_096,
  /** Some thousand meetings and contacts, and the hashes of all records before. */
  keyringSnapshotBytes: 4 * 1024 * 1024,
  declinedPerRecord: 64,
  readMarksPerRecord: 16,
  invitationBytes: 4_096,
  invitationPaddedBytes: 2_960,
  /** So that the committed seal of it is 1,104 bytes. */
  inviteLinkPaddedBytes: 1_023,
  inviteLinkBytes: 1_104,
  inviteLinkUses: 100,
  inviteLinkDays: 30,
  offerNameBytes: 128,
  receiptBytes: 512,
  retentionDays: 36_500,
  serverKeyBytes: 512,
  certificateBytes: 256,
  assetRecordBytes: 64 * 1024 * 1024,
  /** The largest holds a link's statement. */
  pairingMessageBytes: 20_480,
  /** A record of an import; several go along with a recording whose chat is longer. */
  importRecordBytes: 4 * 1024 * 1024,
  importLines: 30_000,
  /** So that its lines leave room for all else in a record. */
  importLinesBytes: 2 * 1024 * 1024,
  importFiles: 256,
  importPeople: 5_000,
  /** Likewise. */
  importPeopleBytes: 1024 * 1024,
  importNameBytes: 512,
  importTypeBytes: 32,
  importTextBytes: 65_536,
  /** A link that another device's comes before is offered again. */
  pairingMessages: 16,
  /** The longest chain and the largest fields. */
  openingHeadBytes: 32 * 1024 * 1024,
  /** Hashes and secrets of 128 segments. */
  openingBlockBytes: 16_384,
  openingRanges: 16_384,
  openingMessages: 500,
  keystoreBytes: 16 * 1024 * 1024,
} as const
