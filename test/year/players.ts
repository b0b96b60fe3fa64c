/** The players of a server: most evenings some come, some evenings nobody does. */
import type { Clock } from '../../src/clock.ts'
import { type Dice, HOUR } from './plan.ts'
import { type Trace, traceOf } from './trace.ts'
import { hourOf } from './zone.ts'

export function createPlayers(
  zone: string,
  { between, whole, chance }: Dice,
  clock: Clock,
  serverRuns: () => boolean,
) {
  const trace: Trace = traceOf(false)
  let online = 0

  function set(count: number) {
    online = count
    trace.set(clock.now(), count > 0)
  }

  function evening() {
    const hour = hourOf(clock.now(), zone)
    const inMs = (((whole(14, 20) - hour + 24) % 24) + between(0, 1)) * HOUR
    clock.after(inMs + HOUR / 2, () => {
      if (serverRuns() && chance(0.75)) {
        set(whole(1, 8))
        clock.after(between(0.7, 5) * HOUR, () => set(0))
      }
      clock.after(6 * HOUR, evening)
    })
  }

  return {
    start: evening,
    online: () => online,
    /** The server is gone. */
    kick: () => set(0),
    trace,
  }
}
