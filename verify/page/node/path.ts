/** In the place of `node:path`. */
export function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("/")
}

export function resolve(path: string): string {
  return path
}
