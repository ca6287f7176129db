import type { MeetingId, RecordingId } from "../../../shared/protocol/ids.js"
import { giveConsent, withdrawConsent } from "../../sdk/consent.js"
import { useClient } from "../signed-in/client-context.js"
import { type Task, useTask } from "../ui/use-task.js"

/** This account's answer to whether it agrees to be recorded, either way. */
export function useAnswer(
  meetingId: MeetingId,
  recordingId: RecordingId,
): { readonly agree: Task; readonly refuse: Task } {
  const client = useClient()
  const agree = useTask(async () => await giveConsent(client, recordingId, meetingId))
  const refuse = useTask(async () => await withdrawConsent(client, recordingId, meetingId))
  return { agree, refuse }
}
