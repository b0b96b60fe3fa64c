/** A real clock that runs faster, wall time too, and goes on across processes: minutes of waiting take moments. */
import type { Clock } from '../../src/clock.ts'

export const SPEED = 300

/** `origin`: the real time (epoch ms) at which both clocks agree. */
export function scaledClock(origin: number): Clock {
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms / SPEED)
    return () => clearTimeout(timer)
  }
  return {
    now: () => origin + (Date.now() - origin) * SPEED,
    monotonic: () => performance.now() * SPEED,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const abort = () => reject(signal?.reason)
        if (signal?.aborted) return abort()
        signal?.addEventListener('abort', abort, { once: true })
        after(ms, resolve)
      }),
  }
}
