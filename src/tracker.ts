/** Drives the lifecycle of one server: hands it what was seen and the passing of time, and passes its steps on. */
import type { Clock } from './clock.ts'
import type { LifecycleEvent } from './event.ts'
import {
  initialState,
  type LifecycleOptions,
  type LifecycleState,
  nextDeadline,
  observe,
  type Step,
  tick,
} from './lifecycle.ts'
import type { Fact } from './observation.ts'

export type Tracker = {
  /** Goes on where an earlier run stopped; call it before anything is taken. */
  start(stored: LifecycleState | undefined): void
  take(fact: Fact): void
  /**
   * Takes up a stored state that could not be read before. Where a task runs by now, it goes on, and those of the
   * stored state end as unknown.
   */
  adopt(stored: LifecycleState | undefined): void
  /** True while a restore keeps the server away. */
  awaitsRestore(): boolean
  stop(): void
}

/** `commit` is called for each step that changed the state, with the events that it gave. */
export function createTracker(
  server: string,
  options: LifecycleOptions,
  clock: Clock,
  commit: (events: readonly LifecycleEvent[], state: LifecycleState) => void,
): Tracker {
  let state = initialState(server)
  let cancelTick = () => {}
  let stopped = false

  function apply(step: Step) {
    const changed = step.events.length > 0 || JSON.stringify(step.state) !== JSON.stringify(state)
    state = step.state
    if (changed) commit(step.events, state)
    cancelTick()
    const deadlineAt = nextDeadline(state)
    if (deadlineAt === undefined || stopped) return
    cancelTick = clock.after(Math.max(0, deadlineAt - clock.now()), () =>
      apply(tick(state, clock.now(), options)),
    )
  }

  function take(fact: Fact) {
    if (!stopped) apply(observe(state, { ...fact, at: clock.now(), source: 'chat' }, options))
  }

  return {
    start: stored => {
      if (stored) state = stored
      // Nobody watched while the bridge was away.
      take({ type: 'detached' })
    },
    take,
    adopt: stored => {
      const runs = state.backup !== null || state.restore !== null
      const ends = stored && runs ? tick(stored, Number.MAX_SAFE_INTEGER, options).events : []
      if (stored && !runs) {
        const inPlay = state.attachedAt !== null
        state = stored
        take({ type: 'detached' })
        if (inPlay) take({ type: 'attached' })
      }
      commit(ends, state)
    },
    awaitsRestore: () => state.restore !== null,
    stop: () => {
      stopped = true
      cancelTick()
    },
  }
}
