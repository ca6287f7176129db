import { utf8 } from "../../../shared/protocol/bytes.js"
import { LIMITS } from "../../../shared/protocol/limits.js"
import { strings } from "../strings.js"

/** The first that fits counts: most browsers also name those that they want to be taken for. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, "Android"],
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/CrOS/, "ChromeOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "Mac"],
  [/Linux/, "Linux"],
]

/** What a device is called unless its person says otherwise, such as "Firefox on Linux". */
export function defaultDeviceName(userAgent: string): string {
  const nameIn = (names: typeof BROWSERS): string | undefined => names.find(([pattern]) => pattern.test(userAgent))?.[1]
  return strings.account.browserOn(
    nameIn(BROWSERS) ?? strings.account.someBrowser,
    nameIn(SYSTEMS) ?? strings.account.someSystem,
  )
}

/** What is wrong with a device's name, or `null`. */
export function deviceNameError(name: string): string | null {
  if (name.trim() === "") return strings.account.deviceNameMissing
  return utf8(name.trim()).length > LIMITS.deviceNameBytes ? strings.account.deviceNameLong : null
}
