import type { ReactElement } from "react"
import { ProgressBar } from "react-aria-components"

/** How far something is: its name, in words behind it, and a bar beneath. */
export function LabelledProgress({
  label,
  value,
  maxValue,
  valueLabel,
}: {
  readonly label: string
  readonly value: number
  readonly maxValue: number
  readonly valueLabel: string
}): ReactElement {
  return (
    <ProgressBar aria-label={label} value={value} maxValue={maxValue} valueLabel={valueLabel}>
      {({ percentage, valueText }) => (
        <>
          <p>
            {label} <span className="faint">{valueText}</span>
          </p>
          <div className="meter">
            <div style={{ width: `${percentage ?? 0}%` }} />
          </div>
        </>
      )}
    </ProgressBar>
  )
}
