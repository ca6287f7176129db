import { type ReactElement, type ReactNode, useEffect, useRef } from "react"
import { showPageTitle } from "./page-title.js"

/** A screen: its heading takes the focus when it appears, so that whoever can't see it hears where they are. */
export function Page({
  title,
  lead,
  back,
  actions,
  isWide = false,
  children,
}: {
  readonly title: string
  readonly lead?: ReactNode
  /** Where one came from. */
  readonly back?: { readonly href: string; readonly label: string }
  readonly actions?: ReactNode
  readonly isWide?: boolean
  readonly children: ReactNode
}): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    showPageTitle()
    heading.current?.focus({ preventScroll: true })
    scrollTo({ top: 0 })
  }, [])
  return (
    <main className={isWide ? "page page-wide" : "page"}>
      {back === undefined ? null : (
        <a className="back" href={back.href}>
          <span aria-hidden="true">←</span> {back.label}
        </a>
      )}
      <header className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead === undefined ? null : <p className="lead">{lead}</p>}
        </div>
        {actions === undefined ? null : <div className="actions">{actions}</div>}
      </header>
      {children}
    </main>
  )
}
