import { isArchiveError } from "../../shared/protocol/errors.js"
import { linesOfVerified, linesOfVerifiedCertificate } from "../../worker/admin/verified-lines.js"
import type { VerifiedProduction } from "../../worker/admin/verify.js"
import type { verifyCertificate } from "../../worker/admin/verify-erasure.js"
import { isRefusal } from "../../client/verifier/refusals.js"
import type { Fact } from "../../client/verifier/words.js"
import type { CheckedFile } from "./check.js"
import { element, printable } from "./elements.js"
import { texts } from "./texts.js"

/** What an opening is, once it was verified; `what` it is about, in words. */
export function shownOpening(what: string, { report, opened }: CheckedFile): HTMLElement {
  const parts: HTMLElement[] = [...headed(what, texts.genuine), element("p", {}, texts.genuineLead)]
  if (opened !== null) {
    const address = URL.createObjectURL(opened.blob)
    if (opened.plays !== null)
      parts.push(element(opened.plays, { src: address, controls: "", "aria-label": texts.played }))
    parts.push(
      element(
        "p",
        { class: "actions" },
        element("a", { class: "save", href: address, download: opened.name }, texts.save(opened.name)),
      ),
    )
  }
  parts.push(element("h3", {}, texts.holds), shownFacts(report.facts))
  parts.push(element("h3", {}, texts.proven), shownList(report.proven))
  parts.push(element("h3", {}, texts.notProven), shownList(report.notProven))
  return element("section", { class: "card good" }, ...parts)
}

/** What a production has, once all of it was verified. */
export function shownProduction(what: string, verified: VerifiedProduction): HTMLElement {
  return shownLines(what, texts.complete, linesOfVerified(verified, false))
}

/** What an operator certifies of what was deleted, once that was verified. */
export function shownCertificate(
  what: string,
  { certificate, instanceKey }: Awaited<ReturnType<typeof verifyCertificate>>,
): HTMLElement {
  return shownLines(what, texts.unaltered, linesOfVerifiedCertificate(certificate, instanceKey, false))
}

/** Why something is not what it says it is, or could not be checked. */
export function shownFailure(what: string, error: unknown): HTMLElement {
  const isRefused = isArchiveError(error) && isRefusal(error.code)
  const place = isArchiveError(error) ? error.place : undefined
  const message = error instanceof Error ? error.message : String(error)
  return element(
    "section",
    { class: "card bad" },
    ...headed(what, isRefused ? texts.refused : texts.failed),
    ...(isRefused ? [element("p", {}, texts.refusedLead)] : []),
    element("p", {}, printable(message)),
    ...(place === undefined ? [] : [element("p", {}, texts.at(printable(place)))]),
  )
}

function shownLines(what: string, heading: string, [headline = "", ...lines]: readonly string[]): HTMLElement {
  return element(
    "section",
    { class: "card good" },
    ...headed(what, heading),
    element("p", {}, printable(headline)),
    shownList(lines),
  )
}

function headed(what: string, heading: string): readonly HTMLElement[] {
  return [element("h2", {}, heading), ...(what === "" ? [] : [element("p", { class: "faint" }, what)])]
}

function shownFacts(facts: readonly Fact[]): HTMLElement {
  return element(
    "dl",
    {},
    ...facts.flatMap(([name, value]) => [
      element("dt", {}, printable(name)),
      element("dd", { dir: "auto" }, printable(value)),
    ]),
  )
}

function shownList(items: readonly string[]): HTMLElement {
  return element("ul", {}, ...items.map((item) => element("li", {}, printable(item))))
}
