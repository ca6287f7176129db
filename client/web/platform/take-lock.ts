/** One tab has what the name stands for at a time. @returns what gives it back; `null` where another tab has it. */
export async function takeLock(name: string): Promise<(() => void) | null> {
  return await new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, async (lock) => {
        if (lock === null) {
          resolve(null)
          return
        }
        await new Promise<void>((release) => {
          resolve(release)
        })
      })
      .catch(reject)
  })
}
