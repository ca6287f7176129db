import { useEffect } from "react"
import type { PlayerCommands } from "./player-commands.js"

export interface KeyCommands extends PlayerCommands {
  toggleCaptions(): void
  showKeys(): void
}

const STEP_S = 5
const LONG_STEP_S = 10
const VOLUME_STEP = 0.1
const TENTHS = 10

const COMMANDS: Readonly<Record<string, (commands: KeyCommands) => void>> = {
  " ": ({ togglePlay }) => {
    togglePlay()
  },
  k: ({ togglePlay }) => {
    togglePlay()
  },
  arrowleft: ({ seekBy }) => {
    seekBy(-STEP_S)
  },
  arrowright: ({ seekBy }) => {
    seekBy(STEP_S)
  },
  j: ({ seekBy }) => {
    seekBy(-LONG_STEP_S)
  },
  l: ({ seekBy }) => {
    seekBy(LONG_STEP_S)
  },
  arrowup: ({ changeVolume }) => {
    changeVolume(VOLUME_STEP)
  },
  arrowdown: ({ changeVolume }) => {
    changeVolume(-VOLUME_STEP)
  },
  m: ({ toggleMute }) => {
    toggleMute()
  },
  f: ({ toggleFullScreen }) => {
    toggleFullScreen()
  },
  c: ({ toggleCaptions }) => {
    toggleCaptions()
  },
  i: ({ togglePictureInPicture }) => {
    togglePictureInPicture()
  },
  "<": ({ changeRate }) => {
    changeRate(-1)
  },
  ">": ({ changeRate }) => {
    changeRate(1)
  },
  "?": ({ showKeys }) => {
    showKeys()
  },
}

/** Where keys mean something of their own: fields, menus, questions. */
const OWN_KEYS =
  "input:not([type=range]), textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog]"
/** What a press of the space bar presses. */
const PRESSED = "button, a[href], summary, [role=button]"

/** Keys of the whole screen, and of a player that has the focus. */
export function usePlayerKeys(frame: HTMLElement | null, commands: KeyCommands | null): void {
  useEffect(() => {
    if (frame === null || commands === null) return
    const onKey = (event: KeyboardEvent): void => {
      const command = commandOf(event, frame)
      if (command === null) return
      event.preventDefault()
      event.stopPropagation()
      command(commands)
    }
    // Before the scrubber's own keys, which would move it as well.
    document.addEventListener("keydown", onKey, true)
    return () => {
      document.removeEventListener("keydown", onKey, true)
    }
  }, [frame, commands])
}

function commandOf(event: KeyboardEvent, frame: HTMLElement): ((commands: KeyCommands) => void) | null {
  const { target, key } = event
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null
  if (!(target instanceof Element) || target.closest(OWN_KEYS) !== null) return null
  if (key === " " && target.closest(PRESSED) !== null) return null
  if (key.startsWith("Arrow") && target.closest("[data-own-arrows]") !== null) return null
  // Elsewhere these scroll the page.
  if ((key === "ArrowUp" || key === "ArrowDown") && !frame.contains(target) && document.fullscreenElement === null)
    return null
  if (/^[0-9]$/.test(key))
    return ({ seekToPart }) => {
      seekToPart(Number(key) / TENTHS)
    }
  return COMMANDS[key.toLowerCase()] ?? null
}
