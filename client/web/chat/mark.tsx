import type { ReactElement, ReactNode } from "react"

/** Drawn on 16 by 16, so that a state is told by more than its colour. */
const ICONS = {
  sending: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 4.6V8l2.4 1.6",
  kept: "M3 2.5h8l2 2v9H3zM5.5 2.5v3.5h4.5V2.5M5.5 13.5v-4h5v4",
  stored: "M2.5 8.5l3.5 3.5 7.5-8",
  refused: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M5.5 5.5l5 5M10.5 5.5l-5 5",
  late: "M4.5 2h7M4.5 14h7M5 2v2.2L8 8l3-3.8V2M5 14v-2.2L8 8l3 3.8V14",
  unverified: "M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2",
  gap: "M2 8h2.5M7 8h2M11.5 8H14M5.5 3.5v9M10.5 3.5v9",
  conflict: "M4 2.5v4c0 2 1.5 2.5 4 4.5v2.5M12 2.5v4c0 2-1.5 2.5-4 4.5",
  clock: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 4.6V8H5.4",
  closed: "M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
} as const

/** What a person must know of a message: an icon, and the words. */
export function Mark({
  kind,
  title,
  children,
}: {
  readonly kind: keyof typeof ICONS
  readonly title?: string
  readonly children: ReactNode
}): ReactElement {
  return (
    <span className={`mark mark-${kind}`} title={title}>
      <svg className="mark-icon" aria-hidden="true" viewBox="0 0 16 16">
        <path d={ICONS[kind]} />
      </svg>
      <span>{children}</span>
    </span>
  )
}
