/** How this app asks its server: with no cookie, keeping nothing, following nothing, and saying nowhere which page asked. */
export const FETCH_OPTIONS = {
  credentials: "omit",
  cache: "no-store",
  redirect: "error",
  referrerPolicy: "no-referrer",
} as const
