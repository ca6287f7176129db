import type { ReactElement, ReactNode } from "react"
import { Button as AriaButton, type ButtonProps } from "react-aria-components"

export interface ActionProps extends Omit<ButtonProps, "children" | "className" | "style"> {
  readonly children: ReactNode
  /** `primary` once a screen, `danger` for what can't be undone, `quiet` for what stands in rows. */
  readonly kind?: "primary" | "plain" | "danger" | "quiet"
}

/** A button. `isPending` keeps it focused and says that something is under way. */
export function Action({ kind = "plain", children, ...rest }: ActionProps): ReactElement {
  return (
    <AriaButton {...rest} className={`action action-${kind}`}>
      {children}
    </AriaButton>
  )
}
