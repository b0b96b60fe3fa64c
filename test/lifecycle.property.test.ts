import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LifecycleEvent, statusOf, taskOf } from '../src/event.ts'
import { initialState, lifecycleSchema, observe, tick } from '../src/lifecycle.ts'
import type { Fact } from '../src/observation.ts'
import { fc } from './fake/property.ts'

const OPTIONS = lifecycleSchema.parse({})
const NEXT = '2026-11-25 00:27:02'

const id = fc.integer({ min: 1, max: 4 })
const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.constant<Fact>({ type: 'backup_started' }),
  fc.record({
    type: fc.constant('backup_completed' as const),
    backup: fc.record({ id }),
    costS: fc.constantFrom(0.1, 5, 4000),
  }),
  fc.record({
    type: fc.constant('backup_ended' as const),
    message: fc.constantFrom('aborted' as const, 'save_wait_time_out' as const, 'plugin_unloaded' as const),
  }),
  fc.constantFrom<Fact>(
    { type: 'schedule_triggered' },
    { type: 'schedule_failed', next: NEXT },
    { type: 'schedule_completed', next: NEXT },
    { type: 'timer_reset', next: NEXT },
    { type: 'schedule_skipped', reason: 'busy' },
    { type: 'autosave', on: true },
    { type: 'autosave', on: false },
    { type: 'restore_declined' },
    { type: 'restore_aborted' },
    { type: 'server_stopping' },
    { type: 'attached' },
    { type: 'detached' },
    { type: 'ping', answered: true },
    { type: 'ping', answered: false },
  ),
  fc.record({ type: fc.constant('restore_asked' as const), backup: fc.record({ id }) }),
  fc.record({
    type: fc.constant('restore_countdown' as const),
    backup: fc.record({ id }),
    secondsLeft: fc.integer({ min: 1, max: 10 }),
  }),
  fc.record({
    type: fc.constant('command' as const),
    player: fc.constantFrom('Steve', 'Alex'),
    words: fc.constantFrom('make', 'make x', 'back 1', 'confirm', 'abort', 'show 1'),
  }),
)

/** Time passes by milliseconds, seconds or hours, and may jump back. */
const gapMs = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: -1000, max: 4_000_000 }))
const story = fc.array(fc.record({ fact, gapMs, ticked: fc.boolean() }), { maxLength: 60 })

type Story = { fact: Fact; gapMs: number; ticked: boolean }[]

function events(told: Story, { ticks }: { ticks: boolean }): LifecycleEvent[] {
  let at = 1_000_000_000_000
  let state = initialState('survival')
  const all: LifecycleEvent[] = []
  for (const { fact, gapMs, ticked } of told) {
    at += gapMs
    for (const step of [
      ...(ticks && ticked ? [(before: typeof state) => tick(before, at, OPTIONS)] : []),
      (before: typeof state) => observe(before, { ...fact, at, source: 'chat' as const }, OPTIONS),
    ]) {
      const { state: after, events: made } = step(state)
      // The state is kept as JSON between two steps (design invariant 5).
      state = JSON.parse(JSON.stringify(after))
      all.push(...made)
    }
  }
  return [...all, ...tick(state, Number.MAX_SAFE_INTEGER, OPTIONS).events]
}

function byTask(all: LifecycleEvent[]): LifecycleEvent[][] {
  return [...Map.groupBy(all, event => event.taskId).values()]
}

test('every start is followed by exactly one end of the same task, and at most one correction', () => {
  fc.assert(
    fc.property(story, told => {
      for (const task of byTask(events(told, { ticks: true }))) {
        const [first, second, third, ...more] = task
        assert.equal(more.length, 0)
        if (!first || statusOf(first.name) !== 'start') continue
        assert.ok(second && statusOf(second.name) !== 'start', 'a start without an end')
        assert.equal(taskOf(first.name), taskOf(second.name))
        assert.equal(second.extra?.corrects, undefined)
        if (third) {
          assert.equal(third.extra?.corrects, second.id)
          assert.equal(second.extra?.inferred, true)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('no end comes without its start, save where it says that the start was not seen', () => {
  fc.assert(
    fc.property(story, told => {
      for (const [first] of byTask(events(told, { ticks: true })))
        if (first && statusOf(first.name) !== 'start') assert.equal(first.extra?.start_unseen, true)
    }),
    { numRuns: 500 },
  )
})

test('at most one backup and one restore run at a time', () => {
  fc.assert(
    fc.property(story, told => {
      const open = new Map<string, string>()
      for (const event of events(told, { ticks: true })) {
        if (event.extra?.corrects !== undefined || event.extra?.start_unseen === true) continue
        const kind = taskOf(event.name)
        if (statusOf(event.name) === 'start') {
          assert.equal(open.get(kind), undefined)
          open.set(kind, event.taskId)
        } else {
          assert.equal(open.get(kind), event.taskId)
          open.delete(kind)
        }
      }
      assert.equal(open.size, 0)
    }),
    { numRuns: 500 },
  )
})

test('the same input gives the same events with the same ids, whenever the clock ticks', () => {
  fc.assert(
    fc.property(story, told => {
      const forward = told.map(part => ({ ...part, gapMs: Math.abs(part.gapMs) }))
      assert.deepEqual(events(forward, { ticks: true }), events(forward, { ticks: false }))
    }),
    { numRuns: 500 },
  )
})

test('ids of events are unique', () => {
  fc.assert(
    fc.property(story, told => {
      const ids = events(told, { ticks: true }).map(event => event.id)
      assert.equal(new Set(ids).size, ids.length)
    }),
    { numRuns: 500 },
  )
})

test('the state does not grow, however long the story', () => {
  let state = initialState('survival')
  const sizes: number[] = []
  const samples = fc.sample(fact, { numRuns: 4000, seed: 7 })
  for (const [index, seen] of samples.entries()) {
    state = observe(state, { ...seen, at: index * 1000, source: 'chat' }, OPTIONS).state
    sizes.push(JSON.stringify(state).length)
  }
  assert.ok(Math.max(...sizes) < 4000)
})
