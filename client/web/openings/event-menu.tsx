import { type ReactElement, Suspense, useState } from "react"
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components"
import type { MeetingId } from "../../../shared/protocol/ids.js"
import { lazily } from "../lazily.js"
import { strings } from "../strings.js"
import { Busy } from "../ui/busy.js"
import { Sheet } from "../ui/dialog.js"

const OpenEvent = lazily(async () => (await import("./open-event.js")).OpenEvent)
const texts = strings.openings

/** What can be done with an entry of a meeting's log. */
export function EventMenu({ meetingId, seq }: { readonly meetingId: MeetingId; readonly seq: number }): ReactElement {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => {
    setOpen(false)
  }
  return (
    <>
      <MenuTrigger>
        <Button className="action action-quiet" aria-label={texts.more(seq)}>
          <span aria-hidden="true">⋯</span>
        </Button>
        <Popover placement="bottom end" className="menu">
          <Menu
            onAction={() => {
              setOpen(true)
            }}
          >
            <MenuItem id="open" className="menu-item">
              {texts.eventAction}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <Sheet title={texts.eventTitle} isOpen={isOpen} onClose={close}>
        <Suspense fallback={<Busy label={strings.common.loading} />}>
          {isOpen ? <OpenEvent meetingId={meetingId} seq={seq} onClose={close} /> : null}
        </Suspense>
      </Sheet>
    </>
  )
}
