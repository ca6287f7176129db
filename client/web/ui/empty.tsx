import type { ReactElement, ReactNode } from "react"

/** What stands where nothing is yet: what would be here, and how it comes to be. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }): ReactElement {
  return (
    <section className="empty">
      <h2>{title}</h2>
      {children}
    </section>
  )
}
