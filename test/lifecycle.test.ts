import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOutcomeUnknown, type LifecycleEvent } from '../src/event.ts'
import {
  initialState,
  type LifecycleState,
  lifecycleSchema,
  nextDeadline,
  observe,
  tick,
} from '../src/lifecycle.ts'
import type { Fact } from '../src/observation.ts'

const OPTIONS = lifecycleSchema.parse({})
const MINUTE = 60_000
const STARTED: Fact = { type: 'backup_started' }
const COMPLETED: Fact = { type: 'backup_completed', backup: { id: 7 }, costS: 2 }
const AUTOSAVE_ON: Fact = { type: 'autosave', on: true }
const ATTACHED: Fact = { type: 'attached' }
const DETACHED: Fact = { type: 'detached' }
const STOPPING: Fact = { type: 'server_stopping' }
const ASKED: Fact = { type: 'restore_asked', backup: { id: 3, comment: 'base' } }

function countdown(secondsLeft: number): Fact {
  return { type: 'restore_countdown', backup: { id: 3, comment: 'base' }, secondsLeft }
}

function command(words: string, player = 'Steve'): Fact {
  return { type: 'command', player, words }
}

/** The events of facts at these milliseconds, the bot in play since 0 unless `bare`; then time runs on to `until`. */
function run(
  facts: [at: number, fact: Fact][],
  { until = Number.MAX_SAFE_INTEGER, bare = false } = {},
): { events: LifecycleEvent[]; state: LifecycleState } {
  let state = initialState('survival')
  const events: LifecycleEvent[] = []
  for (const [at, fact] of bare ? facts : [[0, ATTACHED] as [number, Fact], ...facts]) {
    const step = observe(state, { ...fact, at, source: 'chat' }, OPTIONS)
    state = step.state
    events.push(...step.events)
  }
  const step = tick(state, until, OPTIONS)
  return { events: [...events, ...step.events], state: step.state }
}

function told(facts: [number, Fact][], options?: Parameters<typeof run>[1]): string[] {
  return run(facts, options).events.map(
    ({ name, message, at }) => `${at} ${name}${message ? ` ${message}` : ''}`,
  )
}

test('a backup is told by its start and its completed line, as one task', () => {
  const { events } = run([
    [100, STARTED],
    [2100, COMPLETED],
  ])
  assert.deepEqual(
    events.map(({ name, at }) => [name, at]),
    [
      ['backup_start', 100],
      ['backup_success', 2100],
    ],
  )
  assert.equal(events[0]?.taskId, events[1]?.taskId)
  assert.notEqual(events[0]?.id, events[1]?.id)
  assert.equal(events[1]?.costS, 2)
  assert.equal(events[1]?.backup?.id, 7)
})

test('a scheduled line that says completed is no success', () => {
  assert.deepEqual(
    told([
      [0, { type: 'schedule_triggered' }],
      [1, STARTED],
      [2000, { type: 'backup_ended', message: 'save_wait_time_out' }],
      [2001, { type: 'schedule_completed', next: '2026-11-25 00:31:06' }],
    ]),
    ['1 backup_start', '2000 backup_failure save_wait_time_out'],
  )
})

test('an operator bot ends a raised backup one second after autosave came on again', () => {
  assert.deepEqual(
    told([
      [0, STARTED],
      [5, { type: 'autosave', on: false }],
      [200, AUTOSAVE_ON],
    ]),
    ['0 backup_start', '1200 backup_failure no_completion'],
  )
})

test('a line that says more within that second is what is told', () => {
  assert.deepEqual(
    told([
      [0, STARTED],
      [200, AUTOSAVE_ON],
      [1199, { type: 'schedule_failed', next: '2026-11-25 00:27:20' }],
    ]),
    ['0 backup_start', '1199 backup_failure completed_with_error'],
  )
})

test('autosave that came on while no backup ran means nothing', () => {
  assert.deepEqual(told([[10, AUTOSAVE_ON]]), [])
})

test('another start ends the open backup as no_completion, and only one is open', () => {
  const { events } = run([
    [0, STARTED],
    [5000, STARTED],
    [7000, COMPLETED],
  ])
  assert.deepEqual(
    events.map(({ name, message }) => [name, message]),
    [
      ['backup_start', undefined],
      ['backup_failure', 'no_completion'],
      ['backup_start', undefined],
      ['backup_success', undefined],
    ],
  )
  assert.notEqual(events[0]?.taskId, events[2]?.taskId)
})

test('a backup whose end nobody saw is outcome unknown at its deadline, dated by it', () => {
  const { events } = run([[10, STARTED]])
  assert.deepEqual(
    events.map(({ name, at }) => [name, at]),
    [
      ['backup_start', 10],
      ['backup_failure', 10 + 60 * MINUTE],
    ],
  )
  const [, end] = events
  assert.ok(end && isOutcomeUnknown(end))
  assert.deepEqual(end.extra, { inferred: true, watched: true })
})

test('an unknown outcome says whether the bot watched all the time', () => {
  const { events } = run([
    [10, STARTED],
    [20, DETACHED],
    [30, ATTACHED],
  ])
  assert.deepEqual(events[1]?.extra, { inferred: true, watched: false })
})

test('a start after a gap leaves the outcome of the one before it unknown, not failed', () => {
  const { events } = run([
    [10, STARTED],
    [20, DETACHED],
    [60_000, ATTACHED],
    [90_000, STARTED],
    [95_000, COMPLETED],
  ])
  const end = events[1]
  assert.equal(end?.message, 'no_completion')
  assert.ok(end && isOutcomeUnknown(end))
})

test('autosave seen to come on long after a short gap is a failure that was watched', () => {
  const { events } = run([
    [0, STARTED],
    [1000, DETACHED],
    [6000, ATTACHED],
    [300_000, AUTOSAVE_ON],
  ])
  assert.equal(events[1]?.message, 'no_completion')
  assert.equal(events[1] && isOutcomeUnknown(events[1]), false)
})

test('a completion seen after the outcome was inferred is a correction of the same task, once', () => {
  const { events } = run([
    [0, STARTED],
    [61 * MINUTE, COMPLETED],
    [62 * MINUTE, COMPLETED],
  ])
  assert.equal(events.length, 3)
  const [start, unknown, correction] = events
  assert.equal(correction?.name, 'backup_success')
  assert.equal(correction?.taskId, start?.taskId)
  assert.equal(correction?.extra?.corrects, unknown?.id)
  assert.notEqual(correction?.id, unknown?.id)
})

test('a completion of a backup that began before the bot came says so', () => {
  const { events } = run([[1500, COMPLETED]])
  assert.deepEqual(
    events.map(({ name, extra }) => [name, extra]),
    [['backup_success', { start_unseen: true }]],
  )
})

test('a completion out of nowhere, while the bot would have seen its start, is no event', () => {
  assert.deepEqual(told([[10 * MINUTE, COMPLETED]]), [])
  assert.deepEqual(
    told([
      [0, STARTED],
      [2000, COMPLETED],
      [2001, COMPLETED],
    ]),
    ['0 backup_start', '2000 backup_success'],
  )
})

test('PB saying that its schedule fired makes the backup the schedule’s, whatever a player typed', () => {
  const { events } = run([
    [0, command('make mine')],
    [100, { type: 'schedule_triggered' }],
    [101, STARTED],
  ])
  assert.deepEqual(events[0]?.operator, { type: 'prime_backup', name: 'scheduled_backup' })
  assert.deepEqual(events[0]?.extra, {
    comment: '__pb_translated__:scheduled_backup',
    tags: { scheduled: true },
  })
})

test('a player’s command explains a start for ten seconds, as a hint', () => {
  const { events } = run([
    [0, command('make  hello world ')],
    [10_000, STARTED],
    [12_000, COMPLETED],
  ])
  assert.deepEqual(events[0]?.operator, { type: 'player', name: 'Steve' })
  assert.deepEqual(events[0]?.extra, { comment: 'hello world', tags: {}, operator_hint: true })
  assert.equal(events[1]?.backup?.comment, 'hello world')
  assert.equal(
    run([
      [0, command('make late')],
      [10_001, STARTED],
    ]).events[0]?.operator,
    undefined,
  )
})

test('a hint serves one backup only', () => {
  const { events } = run([
    [0, command('make one')],
    [10, STARTED],
    [2010, COMPLETED],
    [2020, STARTED],
  ])
  assert.equal(events[2]?.operator, undefined)
})

test('a restore is told at its first countdown line, before the outage', () => {
  const { events } = run(
    [
      [0, command('back 3')],
      [10, ASKED],
      [1000, countdown(5)],
      [2000, countdown(4)],
    ],
    { until: 2000 },
  )
  assert.deepEqual(
    events.map(({ name, at, backup, operator, extra }) => [name, at, backup, operator, extra]),
    [
      [
        'restore_start',
        1000,
        { id: 3, comment: 'base' },
        { type: 'player', name: 'Steve' },
        { operator_hint: true },
      ],
    ],
  )
})

test('a restore that was declined or not confirmed is no event', () => {
  assert.deepEqual(
    told([
      [0, ASKED],
      [500, { type: 'restore_aborted' }],
      [1000, ASKED],
      [61_000, { type: 'restore_declined' }],
    ]),
    [],
  )
})

test('a restore that was aborted in its countdown failed, aborted', () => {
  assert.deepEqual(
    told([
      [0, ASKED],
      [10, countdown(5)],
      [2000, { type: 'restore_aborted' }],
    ]),
    ['10 restore_start', '2000 restore_failure aborted'],
  )
})

const RESTORE: [number, Fact][] = [
  [0, ASKED],
  [10, countdown(2)],
  [1010, countdown(1)],
  [2020, DETACHED],
]

test('the bot’s return after a restore’s stop is its success, inferred', () => {
  const { events } = run([...RESTORE, [9000, ATTACHED]])
  assert.deepEqual(
    events.map(({ name, at, running }) => [name, at, running]),
    [
      ['restore_start', 10, true],
      ['restore_success', 9000, true],
    ],
  )
  assert.equal(events[1]?.extra?.inferred, true)
})

test('a ping that is answered again is the return too, for a bot that may not join', () => {
  assert.deepEqual(
    told([...RESTORE, [7000, { type: 'ping', answered: false }], [12_000, { type: 'ping', answered: true }]]),
    ['10 restore_start', '12000 restore_success'],
  )
})

test('a ping answered all the time, by a proxy or a port about to close, proves nothing', () => {
  assert.deepEqual(told([...RESTORE, [7000, { type: 'ping', answered: true }]], { until: 14 * MINUTE }), [
    '10 restore_start',
  ])
})

test('a server that does not return by the deadline is told as a failed restore, and as down', () => {
  const { events } = run(RESTORE)
  assert.deepEqual(
    events.map(({ name, message, at, running }) => [name, message, at, running]),
    [
      ['restore_start', undefined, 10, true],
      ['restore_failure', 'server_not_back', 2020 + 15 * MINUTE, false],
    ],
  )
})

test('a server that returns after that is no all-clear: somebody may have started it by hand', () => {
  assert.equal(run([...RESTORE, [20 * MINUTE, ATTACHED]]).events.length, 2)
})

test('a bot that lost its connection early in the countdown does not take its return for a restore', () => {
  assert.deepEqual(
    told([
      [0, countdown(10)],
      [1000, DETACHED],
      [20_000, ATTACHED],
    ]),
    ['0 restore_start', `${10_000 + 15 * MINUTE} restore_failure outcome_unknown`],
  )
})

test('a server found down after the countdown, by a bot that was thrown out early, went for the restore', () => {
  assert.deepEqual(
    told([
      [0, countdown(10)],
      [1000, DETACHED],
      [11_000, { type: 'ping', answered: false }],
      [20_000, ATTACHED],
    ]),
    ['0 restore_start', '20000 restore_success'],
  )
})

test('a server that goes down long after a countdown did not go for that restore', () => {
  const events = told([
    [0, countdown(2)],
    [5 * MINUTE, STOPPING],
    [5 * MINUTE, DETACHED],
    [6 * MINUTE, ATTACHED],
  ])
  assert.deepEqual(events, ['0 restore_start', `${2000 + 15 * MINUTE} restore_failure outcome_unknown`])
})

test('a second restore ends the first, whose end nobody saw, as unknown', () => {
  assert.deepEqual(
    told(
      [
        [0, countdown(5)],
        [1000, ASKED],
        [2000, countdown(5)],
        [3000, { type: 'restore_aborted' }],
      ],
      { until: 4000 },
    ),
    [
      '0 restore_start',
      '1000 restore_failure outcome_unknown',
      '2000 restore_start',
      '3000 restore_failure aborted',
    ],
  )
})

test('a restore without a countdown is inferred from a confirm and a stop right after it', () => {
  const { events } = run([
    [0, ASKED],
    [500, command('confirm')],
    [520, STOPPING],
    [530, DETACHED],
    [9000, ATTACHED],
  ])
  assert.deepEqual(
    events.map(({ name, at, extra }) => [name, at, extra]),
    [
      ['restore_start', 520, { inferred: true, watched: true }],
      ['restore_success', 9000, { inferred: true, watched: true }],
    ],
  )
})

test('a plain restart is no restore, asked for or not', () => {
  const restart: [number, Fact][] = [
    [20_000, STOPPING],
    [20_010, DETACHED],
    [60_000, ATTACHED],
  ]
  assert.deepEqual(told(restart), [])
  assert.deepEqual(told([[0, ASKED], ...restart]), [])
  assert.deepEqual(told([[0, ASKED], [1, command('confirm')], ...restart]), [])
})

test('what passes before the first deadline needs no tick, and the next one is known', () => {
  const { state } = run([[0, STARTED]], { until: 1 })
  assert.equal(nextDeadline(state), 60 * MINUTE)
  assert.equal(nextDeadline(run([[0, STARTED]]).state), undefined)
})

test('an observation after a deadline comes after that deadline’s event, ticked or not', () => {
  const facts: [number, Fact][] = [
    [0, STARTED],
    [2 * 60 * MINUTE, STARTED],
  ]
  assert.deepEqual(told(facts, { until: 2 * 60 * MINUTE }), [
    '0 backup_start',
    `${60 * MINUTE} backup_failure outcome_unknown`,
    `${2 * 60 * MINUTE} backup_start`,
  ])
})

test('a schedule that was skipped explains no later backup', () => {
  const { events } = run([
    [0, { type: 'schedule_triggered' }],
    [1, { type: 'schedule_skipped', reason: 'busy' }],
    [3000, STARTED],
  ])
  assert.equal(events[0]?.operator, undefined)
})

test('a completion that must be of a later backup, begun while the bot was away, is not told of the one before', () => {
  const { events } = run([
    [0, STARTED],
    [60_000, DETACHED],
    [120_000, ATTACHED],
    [30 * MINUTE, { type: 'backup_completed', backup: { id: 8 }, costS: 28.5 * 60 }],
  ])
  assert.deepEqual(
    events.map(({ name, message, extra }) => [name, message, extra?.start_unseen]),
    [
      ['backup_start', undefined, undefined],
      ['backup_failure', 'no_completion', undefined],
      ['backup_success', undefined, true],
    ],
  )
  assert.ok(events[1] && isOutcomeUnknown(events[1]))
  assert.notEqual(events[0]?.taskId, events[2]?.taskId)
})

test('a failure still says what the backup was for', () => {
  const { events } = run([
    [0, command('make before the party')],
    [10, STARTED],
    [20, { type: 'backup_ended', message: 'aborted' }],
  ])
  assert.equal(events[1]?.extra?.comment, 'before the party')
})
