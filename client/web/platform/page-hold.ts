/** Asks before the page is closed, and keeps the screen on, while something is under way. */
export class PageHold {
  #wakeLock: Promise<WakeLockSentinel | null> | null = null
  // Each hold has its own, so that one that ends leaves another's.
  readonly #ask = (event: BeforeUnloadEvent): void => {
    event.preventDefault()
  }

  hold(isBusy: boolean): void {
    if (isBusy === (this.#wakeLock !== null)) return
    if (isBusy) {
      addEventListener("beforeunload", this.#ask)
      document.addEventListener("visibilitychange", this.#wakeAgain)
      this.#wakeLock = requestWakeLock()
    } else {
      removeEventListener("beforeunload", this.#ask)
      document.removeEventListener("visibilitychange", this.#wakeAgain)
      void this.#wakeLock?.then(async (lock) => await lock?.release())
      this.#wakeLock = null
    }
  }

  /** A page that is hidden loses the lock. */
  readonly #wakeAgain = (): void => {
    if (document.visibilityState === "visible" && this.#wakeLock !== null) this.#wakeLock = requestWakeLock()
  }
}

async function requestWakeLock(): Promise<WakeLockSentinel | null> {
  // Browsers without it, or on a low battery, go on all the same.
  return "wakeLock" in navigator ? await navigator.wakeLock.request("screen").catch(() => null) : null
}
