import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LifecycleEvent } from '../src/event.ts'
import { lifecycleSchema, watchSchema } from '../src/lifecycle.ts'
import { createTracker } from '../src/tracker.ts'
import { fakeClock } from './fake/clock.ts'

const HOUR = 3_600_000

function tracked() {
  const clock = fakeClock()
  const events: LifecycleEvent[] = []
  const tracker = createTracker(
    'survival',
    { ...lifecycleSchema.parse({}), watch: watchSchema.parse({}) },
    {
      clock,
      log: false,
      seenUpTo: () => clock.now(),
      commit: made => {
        events.push(...made)
      },
    },
  )
  tracker.start(undefined)
  tracker.take({ type: 'attached' })
  return { clock, tracker, events, names: () => events.map(({ name, notice }) => notice?.code ?? name) }
}

test('a wall clock that is set, forward or back, ends no backup early and none late', async () => {
  for (const jumped of [-48 * HOUR, 48 * HOUR]) {
    const { clock, tracker, names, events } = tracked()
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
    const { clock, tracker, names } = tracked()
    tracker.take({ type: 'timer_reset', next: '', due: { inMs: 6 * HOUR, slackMs: 0, sure: true } })
    clock.jump(jumped)
    await clock.advance(6.2 * HOUR)
    assert.deepEqual(names(), [])
    await clock.advance(0.1 * HOUR)
    assert.deepEqual(names(), ['backup_overdue'])
    tracker.stop()
    assert.equal(clock.pending(), 0)
  }
})
