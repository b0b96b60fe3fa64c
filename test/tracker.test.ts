import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LifecycleEvent } from '../src/event.ts'
import { lifecycleSchema, watchSchema } from '../src/lifecycle.ts'
import type { Fact, Observation } from '../src/observation.ts'
import { createTracker } from '../src/tracker.ts'
import { fakeClock } from './fake/clock.ts'

const HOUR = 3_600_000

function tracked({ log = false, clock = fakeClock() } = {}) {
  const events: LifecycleEvent[] = []
  const tracker = createTracker(
    'survival',
    { ...lifecycleSchema.parse({}), watch: watchSchema.parse({}) },
    {
      clock,
      log,
      seenUpTo: () => clock.now(),
      commit: made => {
        events.push(...made)
      },
    },
  )
  return { clock, tracker, events, names: () => events.map(({ name, notice }) => notice?.code ?? name) }
}

function inPlay() {
  const made = tracked()
  made.tracker.start(undefined)
  made.tracker.take({ type: 'attached' })
  return made
}

const RESET: Fact = { type: 'timer_reset', next: '', due: { inMs: 6 * HOUR, slackMs: 0, sure: true } }

test('a wall clock that is set, forward or back, ends no backup early and none late', async () => {
  for (const jumped of [-48 * HOUR, 48 * HOUR]) {
    const { clock, tracker, names, events } = inPlay()
    tracker.take({ type: 'backup_started' })
    clock.jump(jumped)
    await clock.advance(0.9 * HOUR)
    tracker.take({ type: 'command', player: 'Steve', words: 'list' })
    assert.deepEqual(names(), ['backup_start'])
    tracker.take({ type: 'backup_completed', backup: { id: 1 }, costS: 3240 })
    assert.deepEqual(names(), ['backup_start', 'backup_success'])
    tracker.take({ type: 'backup_started' })
    await clock.advance(1.01 * HOUR)
    assert.deepEqual(names().slice(3), ['backup_failure'])
    assert.equal(events.at(-1)?.message, 'outcome_unknown')
    tracker.stop()
  }
})

test('a wall clock that is set makes no backup overdue, and keeps none from being so', async () => {
  for (const jumped of [-48 * HOUR, 48 * HOUR]) {
    const { clock, tracker, names } = inPlay()
    tracker.take(RESET)
    clock.jump(jumped)
    await clock.advance(6.2 * HOUR)
    assert.deepEqual(names(), [])
    await clock.advance(0.1 * HOUR)
    assert.deepEqual(names(), ['backup_overdue'])
    tracker.stop()
    assert.equal(clock.pending(), 0)
  }
})

test('nothing is concluded from the time in which the bridge was away, where chat alone shows it', async () => {
  const { clock, tracker } = inPlay()
  tracker.take(RESET)
  tracker.stop()
  await clock.advance(10 * HOUR)
  const next = tracked({ clock })
  next.tracker.start(tracker.state())
  next.tracker.take({ type: 'attached' })
  await clock.advance(HOUR)
  assert.deepEqual(next.names(), [])
  next.tracker.stop()
})

test('nor from a log that can not be read when the bridge starts', async () => {
  const { clock, tracker } = tracked({ log: true })
  const log = (fact: Fact): Observation => ({ ...fact, at: clock.now(), source: 'log' })
  tracker.start(undefined)
  await tracker.takeLog([
    log({ type: 'log_readable', readable: true, heard: true }),
    log({ type: 'server_process', running: true }),
    log(RESET),
  ])
  tracker.stop()
  await clock.advance(10 * HOUR)
  const next = tracked({ clock, log: true })
  next.tracker.start(tracker.state())
  await next.tracker.takeLog([log({ type: 'log_readable', readable: false })])
  await clock.advance(HOUR)
  assert.deepEqual(next.names(), [])
  next.tracker.stop()
})

test('a state that was stored by a clock a year ahead ends its backup all the same', async () => {
  const year = 365 * 24 * HOUR
  const ahead = inPlay()
  ahead.clock.jump(year)
  ahead.tracker.take({ type: 'backup_started' })
  ahead.tracker.stop()
  const { clock, tracker, names } = tracked()
  tracker.start(ahead.tracker.state())
  await clock.advance(1.01 * HOUR)
  assert.deepEqual(names(), ['backup_failure'])
  tracker.stop()
})
