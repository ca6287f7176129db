import type { ReactElement, ReactNode } from "react"
import { FieldError, Input, Label, Text, TextArea, TextField, type TextFieldProps } from "react-aria-components"

export interface FieldProps extends Omit<TextFieldProps, "children" | "className" | "style"> {
  readonly label: string
  readonly hint?: ReactNode
  /** Shown with the field, and spoken with it, where it is wrong. */
  readonly error?: string | null
  readonly isLong?: boolean
  readonly placeholder?: string
}

/** A labelled line, or lines, of text. Unless it says so the browser keeps nothing of what is typed: it would, in the clear, to offer it again or to restore a tab. */
export function Field({
  label,
  hint,
  error = null,
  isLong = false,
  placeholder,
  autoComplete = "off",
  ...rest
}: FieldProps): ReactElement {
  const given = placeholder === undefined ? {} : { placeholder }
  return (
    <TextField {...rest} autoComplete={autoComplete} isInvalid={error !== null} className="field">
      <Label>{label}</Label>
      {isLong ? <TextArea rows={4} {...given} /> : <Input {...given} />}
      {hint === undefined ? null : (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  )
}
