const PATIENCE_MS = 10_000
const MS_PER_S = 1_000

/** How long a file plays, as far as this browser can tell; `null` where it can't. */
export async function mediaLengthMs(file: File): Promise<number | null> {
  const url = URL.createObjectURL(file)
  const media = document.createElement("video")
  try {
    return await new Promise((resolve) => {
      const give = (): void => {
        resolve(Number.isFinite(media.duration) ? Math.round(media.duration * MS_PER_S) : null)
      }
      media.addEventListener("loadedmetadata", give)
      for (const kind of ["error", "abort"])
        media.addEventListener(kind, () => {
          resolve(null)
        })
      setTimeout(() => {
        resolve(null)
      }, PATIENCE_MS)
      media.preload = "metadata"
      media.src = url
    })
  } finally {
    media.removeAttribute("src")
    URL.revokeObjectURL(url)
  }
}
