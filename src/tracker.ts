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
  shiftTimes,
  takeUp,
  tick,
  withoutFuture,
} from './lifecycle.ts'
import type { Fact, Observation } from './observation.ts'

export type Tracker = {
  /** Goes on where an earlier run stopped; call it before anything is taken. */
  start(stored: LifecycleState | undefined): void
  /** What chat shows, now. */
  take(fact: Fact): void
  /** What the log shows, in order; one commit for all. Resolves when that is on the disk. */
  takeLog(observations: readonly Observation[]): Promise<void>
  /** Time has passed, as far as everything up to then was seen. */
  advance(): void
  /**
   * Takes up a stored state that could not be read before. Where a task runs by now, it goes on, and those of the
   * stored state end as unknown.
   */
  adopt(stored: LifecycleState | undefined): void
  state(): Readonly<LifecycleState>
  stop(): void
}

export type TrackerDeps = {
  clock: Clock
  /** The log is followed. */
  log: boolean
  /** Up to when everything was seen that whoever leads can show; deadlines after it have to wait. */
  seenUpTo(): number
  /** The newest backup that was made since, where somebody can tell. */
  newestSince?(sinceMs: number): (Fact & { type: 'backup_found' }) | undefined
  /** Called for each step that changed the state, with the events that it gave. */
  commit(events: readonly LifecycleEvent[], state: LifecycleState): void | Promise<void>
}

/** What the wall clock may drift by between two looks; more is a jump. */
const JUMP_MS = 60_000

/** How often somebody is asked for a backup whose end nobody watches. */
const LOOK_MS = 10_000

export function createTracker(server: string, options: LifecycleOptions, deps: TrackerDeps): Tracker {
  const { clock, commit } = deps
  let state = initialState(server)
  let cancelTick = () => {}
  let stopped = false
  let wallAheadMs = clock.now() - clock.monotonic()

  /** A wall clock that was set takes the deadlines with it: no more time has passed than before. */
  function followWallClock() {
    const aheadMs = clock.now() - clock.monotonic()
    const jumpMs = aheadMs - wallAheadMs
    if (Math.abs(jumpMs) < JUMP_MS) return
    wallAheadMs = aheadMs
    state = shiftTimes(state, jumpMs)
    commit([], state)
  }

  /** `make` gives one step after the other, each from the state that the one before it left. */
  function apply(make: (from: (step: Step) => LifecycleState) => void): void | Promise<void> {
    followWallClock()
    const before = JSON.stringify(state)
    const events: LifecycleEvent[] = []
    make(step => {
      state = step.state
      events.push(...step.events)
      return state
    })
    const changed = events.length > 0 || JSON.stringify(state) !== before
    const committed = changed ? commit(events, state) : undefined
    arm()
    return committed
  }

  function see(observations: readonly Observation[]): void | Promise<void> {
    if (stopped) return undefined
    return apply(next => {
      for (const observation of observations) next(observe(state, observation, options))
    })
  }

  function advance() {
    followWallClock()
    const until = Math.min(clock.now(), deps.seenUpTo())
    const due = nextDeadline(state, options)
    if (stopped || due === undefined || due > until) return arm()
    apply(next => {
      const found = lookUp(until)
      if (found) next(observe(state, found, options))
      next(tick(state, until, options))
    })
  }

  /** Before a backup is said to have ended otherwise, or while nobody watches it. */
  function lookUp(until: number): Observation | undefined {
    const { backup } = state
    if (!backup || !deps.newestSince) return undefined
    const isDue = backup.deadlineAt <= until || (backup.settleAt !== null && backup.settleAt <= until)
    const fact = isDue || isUnwatched() ? deps.newestSince(backup.startedAt) : undefined
    return fact && { ...fact, at: clock.now(), source: 'database' }
  }

  function isUnwatched(): boolean {
    return state.backup !== null && state.lead.by === 'chat' && state.attachedAt === null
  }

  function look() {
    const found = stopped ? undefined : lookUp(clock.now())
    if (found) see([found])
    advance()
  }

  function arm() {
    cancelTick()
    cancelTick = () => {}
    if (stopped) return
    const now = clock.now()
    if (deps.newestSince && isUnwatched()) {
      cancelTick = clock.after(LOOK_MS, look)
      return
    }
    const due = nextDeadline(state, options)
    // What is due already waits for whoever leads to see so far; then comes `advance`.
    if (due === undefined || (due <= now && deps.seenUpTo() < due)) return
    cancelTick = clock.after(Math.max(0, due - now), advance)
  }

  function take(fact: Fact) {
    see([{ ...fact, at: clock.now(), source: 'chat' }])
  }

  return {
    start: stored => {
      if (stored) state = takeUp(withoutFuture(stored, clock.now(), JUMP_MS), server, deps.log)
      // Nobody watched while the bridge was away.
      take({ type: 'detached' })
    },
    take,
    takeLog: async observations => see(observations),
    advance,
    adopt: stored => {
      const runs = state.backup !== null || state.restore !== null
      const ends = stored && runs ? tick(stored, Number.MAX_SAFE_INTEGER, options).events : []
      if (stored && !runs) {
        const inPlay = state.attachedAt !== null
        state = takeUp(withoutFuture(stored, clock.now(), JUMP_MS), server, deps.log)
        take({ type: 'detached' })
        if (inPlay) take({ type: 'attached' })
      }
      commit(ends, state)
    },
    state: () => state,
    stop: () => {
      stopped = true
      cancelTick()
    },
  }
}
