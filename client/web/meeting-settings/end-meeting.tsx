import { type ReactElement, useState } from "react"
import { includesHash } from "../../../shared/protocol/hash.js"
import { deleteMeeting } from "../../sdk/deletion.js"
import { leaveMeeting } from "../../sdk/standing.js"
import type { MeetingPartProps } from "../meeting/meeting.js"
import { useClient } from "../signed-in/client-context.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Confirm } from "../ui/confirm.js"
import { formatDayNumber } from "../ui/format.js"
import { Notice } from "../ui/notice.js"
import { Section } from "./section.js"

/** Leaving, and deleting for everybody: each says what it means before it is done. */
export function EndMeeting({ log, mayAct }: MeetingPartProps & { readonly mayAct: boolean }): ReactElement {
  const client = useClient()
  const texts = strings.settings
  const [asked, setAsked] = useState<"leave" | "remove" | null>(null)
  const [purgeDay, setPurgeDay] = useState<number | null>(null)
  const close = (): void => {
    setAsked(null)
  }
  const hasLeft = includesHash(log.standing.left, client.state.current.secrets.genesisHash)
  return (
    <>
      <Section title={texts.leave}>
        <p>{hasLeft ? texts.hasLeft : texts.leaveMeaning}</p>
        {hasLeft ? null : (
          <div className="actions">
            <Action
              kind="danger"
              onPress={() => {
                setAsked("leave")
              }}
            >
              {texts.leaveAction}
            </Action>
          </div>
        )}
      </Section>
      {mayAct ? (
        <Section title={texts.remove}>
          {purgeDay === null ? (
            <>
              <p>{texts.removeMeaning}</p>
              <div className="actions">
                <Action
                  kind="danger"
                  onPress={() => {
                    setAsked("remove")
                  }}
                >
                  {texts.removeAction}
                </Action>
              </div>
            </>
          ) : (
            <Notice kind="good">{texts.purge(formatDayNumber(purgeDay))}</Notice>
          )}
        </Section>
      ) : null}
      <Confirm
        title={texts.leave}
        action={texts.leaveAction}
        isOpen={asked === "leave"}
        onClose={close}
        onConfirm={async () => {
          await leaveMeeting(client, log.meetingId)
        }}
      >
        <p>{texts.leaveMeaning}</p>
      </Confirm>
      <Confirm
        title={texts.remove}
        action={texts.removeAction}
        isOpen={asked === "remove"}
        onClose={close}
        onConfirm={async () => {
          setPurgeDay(await deleteMeeting(client, log.meetingId))
        }}
      >
        <p>{texts.removeMeaning}</p>
      </Confirm>
    </>
  )
}
