/** The machine's clock, which a test can let run ahead: minutes pass, and what falls due in them happens in its order. */
import { type Clock, systemClock } from '../../src/clock.ts'
import { sleepBy } from './clock.ts'

export type PassingClock = Clock & {
  /** So much more time has passed. */
  pass(ms: number): void
}

export function passingClock(): PassingClock {
  let passedMs = 0
  const timers = new Set<{ at: number; run: () => void; cancel: () => void }>()
  const monotonic = () => systemClock.monotonic() + passedMs

  function after(ms: number, run: () => void): () => void {
    const timer = { at: monotonic() + ms, run: fire, cancel: systemClock.after(ms, fire) }
    timers.add(timer)
    function fire() {
      cancel()
      run()
    }
    function cancel() {
      timer.cancel()
      timers.delete(timer)
    }
    return cancel
  }

  return {
    now: () => systemClock.now() + passedMs,
    monotonic,
    after,
    sleep: sleepBy(after),
    pass: ms => {
      passedMs += ms
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (!timers.has(timer)) continue
        const leftMs = timer.at - monotonic()
        timer.cancel()
        if (leftMs <= 0) timer.run()
        else timer.cancel = systemClock.after(leftMs, timer.run)
      }
    },
  }
}
