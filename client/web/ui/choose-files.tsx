import { type ReactElement, type ReactNode, useRef } from "react"
import { FileTrigger } from "react-aria-components"

/** Makes the button within it choose files. What they are called stays with the caller: a browser keeps on its disk what a page's fields hold. */
export function ChooseFiles({
  isFolder = false,
  onChoose,
  children,
}: {
  readonly isFolder?: boolean
  readonly onChoose: (files: readonly File[]) => void
  readonly children: ReactNode
}): ReactElement {
  const input = useRef<HTMLInputElement>(null)
  return (
    <FileTrigger
      ref={input}
      {...(isFolder ? { acceptDirectory: true } : { allowsMultiple: true })}
      onSelect={(list) => {
        const files = [...(list ?? [])]
        if (input.current !== null) input.current.value = ""
        if (files.length > 0) onChoose(files)
      }}
    >
      {children}
    </FileTrigger>
  )
}
