/** Drives the lifecycle of one server: hands it what was seen and the passing of time, and passes its events on. */
import type { Clock } from './clock.ts'
import type { LifecycleEvent } from './event.ts'
import { initialState, type LifecycleOptions, nextDeadline, observe, type Step, tick } from './lifecycle.ts'
import type { Fact } from './observation.ts'

export type Tracker = {
  take(fact: Fact): void
  /** True while a restore keeps the server away. */
  awaitsRestore(): boolean
  stop(): void
}

export function createTracker(
  server: string,
  options: LifecycleOptions,
  clock: Clock,
  onEvent: (event: LifecycleEvent) => void,
): Tracker {
  let state = initialState(server)
  let cancelTick = () => {}
  let stopped = false

  function apply(step: Step) {
    state = step.state
    for (const event of step.events) onEvent(event)
    cancelTick()
    const deadlineAt = nextDeadline(state)
    if (deadlineAt === undefined || stopped) return
    cancelTick = clock.after(Math.max(0, deadlineAt - clock.now()), () =>
      apply(tick(state, clock.now(), options)),
    )
  }

  return {
    take: fact => {
      if (!stopped) apply(observe(state, { ...fact, at: clock.now(), source: 'chat' }, options))
    },
    awaitsRestore: () => state.restore !== null,
    stop: () => {
      stopped = true
      cancelTick()
    },
  }
}
