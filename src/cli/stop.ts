/** After this a stop that hangs is cut short; what it waited for is lost either way. */
const STOP_DEADLINE_MS = 4_500

export type StopSignal = {
  /** Resolves with the name of the signal. From then on the process has a deadline; a second signal ends it at once. */
  received: Promise<string>
  /** What had to be stopped is. What still holds the process (a sign-in, a look-up) is cut at the deadline. */
  done(): void
}

/** Listens for SIGINT and SIGTERM; `hangUp`: for SIGHUP too, by which a terminal that closes ends what runs in it. */
export function listenForStop({ hangUp = false } = {}): StopSignal {
  const names: NodeJS.Signals[] = hangUp ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']
  const { promise, resolve } = Promise.withResolvers<string>()
  let deadline: NodeJS.Timeout | undefined
  const onSignal = (name: string) => {
    if (deadline) process.exit(0)
    deadline = setTimeout(() => process.exit(0), STOP_DEADLINE_MS)
    resolve(name)
  }
  for (const name of names) process.on(name, onSignal)
  return {
    received: promise,
    done: () => {
      deadline?.unref()
      for (const name of names) process.off(name, onSignal)
    },
  }
}
