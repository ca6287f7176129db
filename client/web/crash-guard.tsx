import { Component, type ReactNode } from "react"
import { strings } from "./strings.js"
import { Action } from "./ui/button.js"
import { Failure } from "./ui/notice.js"
import { Page } from "./ui/page.js"

/** Stands in for a screen that threw. A class, since React catches in classes alone. */
export class CrashGuard extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: null }

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children
    return (
      <Page title={strings.app.crashed} lead={strings.app.crashedLead}>
        <Action
          kind="primary"
          onPress={() => {
            location.reload()
          }}
        >
          {strings.app.reload}
        </Action>
        <Failure error={this.state.error} />
      </Page>
    )
  }
}
