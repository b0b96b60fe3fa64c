/** A clock whose time passes only when a test says so. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'

export type FakeClock = Clock & {
  /** Lets the time pass: what falls due happens in its order, and what follows from it before the next. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock forward, or back; the monotonic one and the timers know nothing of it. */
  jump(ms: number): void
  /** It is then: forward, time passes, and what falls due on the way happens with the next `advance`; back, the clock is set. */
  reach(at: number): void
  /** How many timers run. */
  pending(): number
}

export function fakeClock(start = Date.UTC(2026, 10, 25, 1, 0, 0)): FakeClock {
  let elapsed = 0
  let jumped = 0
  const timers = new Set<{ at: number; run: () => void }>()

  function after(ms: number, run: () => void): () => void {
    const timer = { at: elapsed + Math.max(ms, 0), run }
    timers.add(timer)
    return () => timers.delete(timer)
  }

  return {
    now: () => start + jumped + elapsed,
    monotonic: () => elapsed,
    after,
    sleep: sleepBy(after),
    async advance(ms) {
      const until = elapsed + ms
      await setImmediate()
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        elapsed = Math.max(elapsed, next.at)
        next.run()
        // What follows may go through a commit or two, each a turn of its own.
        for (let turn = 0; turn < 8; turn++) await setImmediate()
      }
      elapsed = until
    },
    jump: ms => {
      jumped += ms
    },
    reach: at => {
      const ms = at - (start + jumped + elapsed)
      if (ms > 0) elapsed += ms
      else jumped += ms
    },
    pending: () => timers.size,
  }
}

/** Waiting, on a clock that has timers. */
export function sleepBy(after: Clock['after']): Clock['sleep'] {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const cancel = after(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      function abort() {
        cancel()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
    })
}
