import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for what is bound to come, and fails with its name where it does not. */
export async function until(what: string, condition: () => boolean, deadlineMs = 20_000): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`in vain waited ${deadlineMs} ms: ${what}`)
    await sleep(2)
  }
}
