import type { ReactElement } from "react"
import { equalBytes } from "../../../shared/protocol/bytes.js"
import { idOfHash, type MeetingId } from "../../../shared/protocol/ids.js"
import { approveOffer, listOffers, refuseOffer, type WaitingOffer } from "../../sdk/offers.js"
import { useClient } from "../signed-in/client-context.js"
import { PersonName } from "../signed-in/person-name.js"
import { strings } from "../strings.js"
import { Action } from "../ui/button.js"
import { Failure } from "../ui/notice.js"
import { useLoaded } from "../ui/use-loaded.js"
import { useTask } from "../ui/use-task.js"
import { Section } from "./section.js"

/** Who asks to be let in by a link that this account made; nothing where nobody does. */
export function Offers({ meetingId }: { readonly meetingId: MeetingId }): ReactElement | null {
  const client = useClient()
  const offers = useLoaded(
    async () =>
      (await listOffers(client)).filter(({ offer }) => equalBytes(idOfHash("meeting", offer.meetingHash), meetingId)),
    [client, meetingId.join()],
  )
  if (offers.state === "failed") return <Failure error={offers.error} />
  if (offers.value === null || offers.value.length === 0) return null
  return (
    <Section title={strings.settings.offers}>
      <ul className="rows">
        {offers.value.map((waiting) => (
          <OfferRow
            key={waiting.offer.newcomerGenesisHash.join()}
            meetingId={meetingId}
            waiting={waiting}
            onDone={offers.reload}
          />
        ))}
      </ul>
    </Section>
  )
}

function OfferRow({
  meetingId,
  waiting: { offer, problem },
  onDone,
}: {
  readonly meetingId: MeetingId
  readonly waiting: WaitingOffer
  readonly onDone: () => void
}): ReactElement {
  const client = useClient()
  const accountId = idOfHash("account", offer.newcomerGenesisHash)
  const approving = useTask(async () => {
    await approveOffer(client, meetingId, accountId)
    onDone()
  })
  const refusing = useTask(async () => {
    await refuseOffer(client, meetingId, accountId)
    onDone()
  })
  return (
    <li>
      <div>
        {offer.name === "" ? null : <strong>“{offer.name}” </strong>}
        <PersonName genesisHash={offer.newcomerGenesisHash} />
        <Failure error={problem ?? approving.error ?? refusing.error} />
      </div>
      <div className="actions">
        {problem === null ? (
          <Action kind="primary" isPending={approving.isBusy} onPress={approving.run}>
            {strings.settings.approve}
          </Action>
        ) : null}
        <Action isPending={refusing.isBusy} onPress={refusing.run}>
          {strings.settings.refuse}
        </Action>
      </div>
    </li>
  )
}
