/** Where a client can be made to die, around each durable step of what it does. */
export const CLIENT_FAILPOINTS = [
  "meeting.kept",
  "meeting.created",
  "member.invitation-kept",
  "member.epoch-appended",
  "chat.kept",
  "chat.sent",
  "device.rekeys-kept",
  "device.revoked",
  "upload.journal-kept",
  "upload.announced",
  "upload.created",
  "upload.input-kept",
  "upload.leaves-kept",
  "upload.piece-acknowledged",
  "upload.all-acknowledged",
  "upload.receipt-verified",
  "upload.receipt-kept",
  "upload.event-kept",
  "upload.event-appended",
  "upload.published",
  "upload.journal-removed",
  "export.file-named",
] as const

export type ClientFailpoint = (typeof CLIENT_FAILPOINTS)[number]
