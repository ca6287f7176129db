import type { ReactElement, ReactNode } from "react"
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components"

/** A question or a task above the page; Escape and a press beside it close it, unless it must be answered. */
export function Sheet({
  title,
  isOpen,
  onClose,
  mustAnswer = false,
  children,
}: {
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly mustAnswer?: boolean
  readonly children: ReactNode
}): ReactElement {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      isDismissable={!mustAnswer}
      isKeyboardDismissDisabled={mustAnswer}
      className="overlay"
    >
      <Modal className="sheet">
        <Dialog>
          <Heading slot="title">{title}</Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
