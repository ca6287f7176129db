import type { ReactElement } from "react"
import { ProgressBar } from "react-aria-components"

/** Something is under way, and how far it is unknown. */
export function Busy({ label }: { readonly label: string }): ReactElement {
  return (
    <ProgressBar isIndeterminate aria-label={label} className="busy">
      <span className="spinner" aria-hidden="true" />
      <span>{label}</span>
    </ProgressBar>
  )
}
