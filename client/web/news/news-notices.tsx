import { type ReactElement, useId } from "react"
import { toHex } from "../../../shared/protocol/bytes.js"
import { AccountSentence, MeetingSentence } from "../meeting/sentences.js"
import { hrefOf, useRoute } from "../routes.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import "../styles/news.css"
import { Action } from "../ui/button.js"
import { Notice } from "../ui/notice.js"
import { type ToldNews, updateNews } from "./news-store.js"
import { useNews } from "./use-news.js"

const texts = strings.news
const AT_ONCE = 3

/** Above every screen, calmly: that an invitation came, and what others changed about who holds keys, until it is put aside. */
export function NewsNotices(): ReactElement | null {
  const { invitations, seenInvitations, told } = useNews()
  const isList = useRoute().screen === "meetings"
  const fresh = (invitations ?? []).filter(({ sealedHash }) => !seenInvitations.includes(toHex(sealedHash)))
  // The list of meetings shows them itself.
  const [newest] = isList ? [] : fresh
  if (newest === undefined && told.length === 0) return null
  return (
    <aside className="above news-notices" aria-label={texts.label}>
      {newest === undefined ? null : (
        <Notice title={texts.invited(newest.invitation?.title ?? null)}>
          {newest.invitation === null ? null : (
            <p>
              {strings.meetings.invitedBy} <PersonName genesisHash={newest.invitation.inviterGenesisHash} />
            </p>
          )}
          <div className="actions">
            <a className="action" href={hrefOf({ screen: "meetings" })}>
              {texts.look}
            </a>
            <Action
              onPress={() => {
                updateNews({
                  seenInvitations: [...seenInvitations, ...fresh.map(({ sealedHash }) => toHex(sealedHash))],
                })
              }}
            >
              {strings.consent.later}
            </Action>
          </div>
        </Notice>
      )}
      {told.length === 0 ? null : <Told told={told} />}
    </aside>
  )
}

function Told({ told }: { readonly told: readonly ToldNews[] }): ReactElement {
  const heading = useId()
  const shown = told.slice(-AT_ONCE).toReversed()
  return (
    <div className="notice" role="status" aria-labelledby={heading}>
      <strong id={heading}>{texts.changed}</strong>
      <ul>
        {shown.map((news, index) => (
          <li key={told.length - index}>
            {news.of === "meeting" ? (
              <>
                <a href={hrefOf({ screen: "meeting", meetingId: news.log.meetingId, tab: "activity" })}>
                  {news.log.current.title}
                </a>
                : <MeetingSentence change={news.change} recordings={news.log.recordings} />
              </>
            ) : (
              <AccountSentence change={news.change} />
            )}
          </li>
        ))}
      </ul>
      {told.length > shown.length ? <p className="faint">{texts.more(told.length - shown.length)}</p> : null}
      <div className="actions">
        <Action
          onPress={() => {
            updateNews({ told: [] })
          }}
        >
          {texts.aside}
        </Action>
      </div>
    </div>
  )
}
