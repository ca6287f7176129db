import { checkOpeningFile } from "./check.js"
import { checkProduction } from "./check-production.js"
import { button, element, printable } from "./elements.js"
import { filesOfDrop, filesOfInput, type Given, type GivenFiles, recognise } from "./given-files.js"
import { shownFailure, shownOpening, shownProduction } from "./show.js"
import { texts } from "./texts.js"

/** The verifier as one page for people who have nothing else of Taciturn: it works from a file, and its policy lets it ask nobody for anything. */

let opening: File | null = null
let production: Extract<Given, { what: "production" }> | null = null
/** Counts up: what an earlier one finds is not shown any more. */
let turn = 0

const given = element("div", { class: "given" })
const status = element("p", { role: "status", class: "faint" })
const results = element("div", { "aria-live": "polite", class: "results" })

function take(files: Promise<GivenFiles> | GivenFiles): void {
  void check(files)
}

async function check(files: Promise<GivenFiles> | GivenFiles): Promise<void> {
  const mine = ++turn
  results.replaceChildren()
  try {
    const recognised = await recognise(await files)
    if (mine !== turn) return
    if (recognised.what === "nothing") {
      status.textContent = texts.nothing
      return
    }
    if (recognised.what === "opening") opening = recognised.file
    else production = recognised
    showGiven()
    await checkAll(mine)
  } catch (error) {
    show(mine, shownFailure(error))
  } finally {
    if (mine === turn && status.textContent !== texts.nothing) status.textContent = ""
  }
}

async function checkAll(mine: number): Promise<void> {
  const say = (text: string): void => {
    if (mine === turn) status.textContent = text
  }
  if (production !== null) {
    try {
      show(mine, shownProduction(await checkProduction(production.files, say)))
    } catch (error) {
      show(mine, shownFailure(error))
      return
    }
  }
  if (opening === null) return
  try {
    show(mine, shownOpening(await checkOpeningFile(opening, production?.files ?? null, say)))
  } catch (error) {
    show(mine, shownFailure(error))
  }
}

function show(mine: number, result: HTMLElement): void {
  if (mine === turn) results.append(result)
}

function showGiven(): void {
  given.replaceChildren(
    ...(opening === null ? [] : [element("p", {}, texts.opening(printable(opening.name)))]),
    ...(production === null
      ? []
      : [element("p", {}, texts.production(printable(production.name), production.files.size))]),
  )
}

function chooser(text: string, attributes: Readonly<Record<string, string>>): readonly HTMLElement[] {
  const input = element("input", { type: "file", hidden: "", ...attributes })
  input.addEventListener("change", () => {
    take(filesOfInput(input.files))
    // The same may be chosen again.
    input.value = ""
  })
  return [
    input,
    button(text, () => {
      input.click()
    }),
  ]
}

function main(): void {
  const drop = element(
    "section",
    { class: "card drop" },
    element("p", {}, texts.drop),
    element(
      "div",
      { class: "actions" },
      ...chooser(texts.chooseOpening, { "data-for": "opening" }),
      ...chooser(texts.chooseProduction, { webkitdirectory: "", "data-for": "production" }),
    ),
    given,
    status,
  )
  document.addEventListener("dragover", (event) => {
    event.preventDefault()
    drop.classList.add("over")
  })
  document.addEventListener("dragleave", () => {
    drop.classList.remove("over")
  })
  document.addEventListener("drop", (event) => {
    event.preventDefault()
    drop.classList.remove("over")
    if (event.dataTransfer !== null) take(filesOfDrop(event.dataTransfer))
  })
  document
    .querySelector("main")
    ?.append(element("h1", {}, texts.title), element("p", { class: "lead" }, texts.lead), drop, results)
}

main()
