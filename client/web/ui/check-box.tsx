import type { ReactElement, ReactNode } from "react"
import { CheckboxButton, CheckboxField } from "react-aria-components"

/** Something that is so or not. */
export function CheckBox({
  isSelected,
  onChange,
  children,
}: {
  readonly isSelected: boolean
  readonly onChange: (isSelected: boolean) => void
  readonly children: ReactNode
}): ReactElement {
  return (
    <CheckboxField isSelected={isSelected} onChange={onChange}>
      <CheckboxButton className="checkbox">
        <span className="checkbox-box" aria-hidden="true" />
        {children}
      </CheckboxButton>
    </CheckboxField>
  )
}
