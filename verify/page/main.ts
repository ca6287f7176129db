import { checkOpeningFile } from "./check.js"
import { checkCertificate, checkProduction } from "./check-production.js"
import { button, element, printable } from "./elements.js"
import { filesOfDrop, filesOfInput, type Given, type GivenFiles, recognise } from "./given-files.js"
import { shownCertificate, shownFailure, shownOpening, shownProduction } from "./show.js"
import { texts } from "./texts.js"

/** The verifier as one page for people who have nothing else of Taciturn: it works from a file, and its policy lets it ask nobody for anything. */

type GivenFolder = Extract<Given, { readonly files: GivenFiles }>

let opening: File | null = null
let production: GivenFolder | null = null
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
    if (recognised.what === "certificate") {
      await showCertificate(mine, recognised)
      return
    }
    if (recognised.what === "opening") opening = recognised.file
    else production = recognised
    showGiven()
    await checkAll(mine)
  } catch (error) {
    show(mine, shownFailure("", error))
  } finally {
    if (mine === turn && status.textContent !== texts.nothing) status.textContent = ""
  }
}

/** It stands by itself: nothing else that is given has to do with it. */
async function showCertificate(mine: number, { name, files }: GivenFolder): Promise<void> {
  const what = texts.certificate(printable(name))
  try {
    show(mine, shownCertificate(what, await checkCertificate(files)))
  } catch (error) {
    show(mine, shownFailure(what, error))
  }
}

async function checkAll(mine: number): Promise<void> {
  const say = (text: string): void => {
    if (mine === turn) status.textContent = text
  }
  // What was refused vouches for nothing, and takes nothing from what else was given.
  let vouching: GivenFiles | null = null
  if (production !== null) {
    const what = saidOf(production)
    try {
      show(mine, shownProduction(what, await checkProduction(production.files, say)))
      vouching = production.files
    } catch (error) {
      show(mine, shownFailure(what, error))
    }
  }
  if (opening === null) return
  const what = texts.opening(printable(opening.name))
  try {
    show(mine, shownOpening(what, await checkOpeningFile(opening, vouching, say)))
  } catch (error) {
    show(mine, shownFailure(what, error))
  }
}

function show(mine: number, result: HTMLElement): void {
  if (mine === turn) results.append(result)
}

function showGiven(): void {
  const said = [
    ...(opening === null ? [] : [texts.opening(printable(opening.name))]),
    ...(production === null ? [] : [saidOf(production)]),
  ]
  given.replaceChildren(
    ...said.map((text) => element("p", {}, text)),
    ...(said.length === 0 ? [] : [button(texts.startOver, startOver)]),
  )
}

function startOver(): void {
  turn += 1
  opening = null
  production = null
  results.replaceChildren()
  status.textContent = ""
  showGiven()
}

function saidOf({ name, files }: GivenFolder): string {
  return texts.production(printable(name), files.size)
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
      ...chooser(texts.chooseFolder, { webkitdirectory: "", "data-for": "production" }),
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
