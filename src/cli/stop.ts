/** After this a stop that hangs is cut short; what it waited for is lost either way. */
const STOP_DEADLINE_MS = 4_500

/** Resolves with the signal's name once `stop` is done, or its deadline has passed; a second signal ends at once. */
export async function untilStopped(stop: () => Promise<void>): Promise<string> {
  const signal = await new Promise<string>(resolve => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name))
  })
  const cut = setTimeout(() => process.exit(0), STOP_DEADLINE_MS)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(0))
  await stop()
  clearTimeout(cut)
  process.removeAllListeners('SIGINT')
  process.removeAllListeners('SIGTERM')
  return signal
}
