/** So long after something went the focus is given on, where nothing else took it. */
const SETTLED_MS = 60
const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), [tabindex]"

/**
 * Where what has the focus goes, as a row does with the member who was removed, or can't be used any more, gives the focus to what stands nearest around it:
 * whoever has no mouse would begin again at the top of the page. A screen that goes as a whole is no matter of this: the next one takes the focus itself.
 */
export function keepFocus(): void {
  /** What had the focus last within the screen, and what it stands in. */
  let around: readonly Element[] = []
  document.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element && !isInSheet(target)) around = chainOf(target)
  })
  // Whoever presses beside everything wants the focus nowhere.
  document.addEventListener("pointerdown", () => {
    around = []
  })
  new MutationObserver(() => {
    if (isLost(around))
      setTimeout(() => {
        if (isLost(around)) nearest(around)?.focus()
      }, SETTLED_MS)
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] })
}

function isInSheet(element: Element): boolean {
  return element.closest("[role=dialog], [role=menu]") !== null
}

/** From an element of a screen outwards to the screen; empty for what stands around screens. */
function chainOf(element: Element): readonly Element[] {
  const chain: Element[] = []
  for (let each: Element | null = element; each !== null; each = each.parentElement) {
    chain.push(each)
    if (each.tagName === "MAIN") return chain
  }
  return []
}

function isLost([focused, ...around]: readonly Element[]): boolean {
  if (focused === undefined || around.at(-1)?.isConnected !== true) return false
  const isNowhere = document.activeElement === null || document.activeElement === document.body
  return (
    isNowhere && (!focused.isConnected || focused.matches(":disabled")) && document.querySelector(".overlay") === null
  )
}

function nearest([, ...around]: readonly Element[]): HTMLElement | undefined {
  return around
    .filter(({ isConnected }) => isConnected)
    .map((element) => element.querySelector<HTMLElement>(FOCUSABLE))
    .find((element) => element !== null)
}
