import type { ReactElement } from "react"
import { strings } from "../strings.js"
import type { KnownState } from "./naming.js"

/** Drawn on 16 by 16, so that the state is told by more than its colour. */
const ICONS: Readonly<Record<KnownState, string>> = {
  verified: "M8 1.5 13.5 3.5V8c0 3.3-2.3 5.5-5.5 6.5C4.8 13.5 2.5 11.3 2.5 8V3.5zM5.3 8l2 2 3.6-4",
  card: "M1.5 3.5h13v9h-13zM4 9.5h4M4 7h2.5M11 6.5v3",
  id: "M6 2.5 5 13.5M11 2.5l-1 11M2.5 6h11M2.5 10h11",
  handle: "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2",
  unknown: "M5.5 5.5a2.5 2.5 0 1 1 3.7 2.2C8.3 8.2 8 8.7 8 9.8M8 12.6v.2",
  self: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.6-2.8 2.7-4 5.5-4s4.9 1.2 5.5 4",
}

/** How well somebody is known, with a sentence on what that means. */
export function KnownMark({ state }: { readonly state: KnownState }): ReactElement {
  return (
    <span className={`known known-${state}`} title={strings.common.knownMeaning[state]}>
      <svg className="known-icon" aria-hidden="true" viewBox="0 0 16 16">
        <path d={ICONS[state]} />
      </svg>
      {strings.common.known[state]}
    </span>
  )
}
