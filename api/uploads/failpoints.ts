/** Where the API can be made to die, before and after each durable step of an upload. */
export const UPLOAD_FAILPOINTS = [
  "upload.create.before-commit",
  "upload.create.after-commit",
  "upload.piece.before-write",
  "upload.piece.before-sync",
  "upload.piece.after-sync",
  "upload.piece.before-commit",
  "upload.piece.after-commit",
  "upload.nudge.before-enqueue",
  "upload.nudge.after-enqueue",
  "upload.piece.before-answer",
  "upload.finish.before-commit",
  "upload.finish.after-commit",
  "upload.finish.before-answer",
  "upload.cancel.before-commit",
  "upload.cancel.after-commit",
] as const
