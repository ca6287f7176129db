const { port1: here, port2: there } = new MessageChannel()
const waiting: (() => void)[] = []
here.addEventListener("message", () => {
  waiting.shift()?.()
})
here.start()

/** Lets what else the page has to do go first; not put off in a page that nobody looks at, as timers are. */
export async function nextTask(): Promise<void> {
  await new Promise<void>((resolve) => {
    waiting.push(resolve)
    there.postMessage(null)
  })
}
