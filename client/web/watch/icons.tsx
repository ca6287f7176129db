import type { ReactElement } from "react"

/** Drawn in 24 by 24, by their outlines. */
const PATHS = {
  play: "M8 5.2v13.6L19 12z",
  pause: "M7 5h3.6v14H7zM13.4 5H17v14h-3.6z",
  back: "M11 6 4 12l7 6zM20 6l-7 6 7 6z",
  forward: "M13 6l7 6-7 6zM4 6l7 6-7 6z",
  sound:
    "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM14.5 8.4v7.2a4 4 0 0 0 0-7.2zM14.5 4.6v2a6 6 0 0 1 0 10.8v2a7.8 7.8 0 0 0 0-14.8z",
  muted:
    "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM21.2 9.7l-1.4-1.4-2.3 2.3-2.3-2.3-1.4 1.4 2.3 2.3-2.3 2.3 1.4 1.4 2.3-2.3 2.3 2.3 1.4-1.4-2.3-2.3z",
  captions:
    "M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zm1 2v10h14V7zm2 3h5v1.6H7zm6.5 0H17v1.6h-3.5zM7 13h3v1.6H7zm4.5 0H17v1.6h-5.5z",
  picture: "M3 5h18v14H3zm2 2v10h14V7zm7 4.5h5.5v4H12z",
  full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  smaller: "M8 4h2v6H4V8h4zM14 4h2v4h4v2h-6zM4 14h6v6H8v-4H4zM14 14h6v2h-4v4h-2z",
  keys: "M3 6h18v12H3zm2 2v8h14V8zm1.5 1.5h2v2h-2zm3.5 0h2v2h-2zm3.5 0h2v2h-2zm3.5 0h1v2h-1zM7 13h10v1.8H7z",
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path d={PATHS[name]} fill="currentColor" fillRule="evenodd" />
    </svg>
  )
}
