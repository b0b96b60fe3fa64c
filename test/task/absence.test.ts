import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LifecycleEvent } from '../../src/event.ts'
import {
  initialState,
  type LifecycleState,
  lifecycleSchema,
  observe,
  tick,
  watchSchema,
} from '../../src/lifecycle.ts'
import type { Fact, Observation } from '../../src/observation.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const OPTIONS = { ...lifecycleSchema.parse({}), watch: watchSchema.parse({ maxAge: '26h' }) }

/** A story in hours; between two facts time passes as it does for the tracker. */
function tell(
  facts: [hours: number, fact: Fact, source?: Observation['source']][],
  untilHours: number,
  options = OPTIONS,
) {
  let state: LifecycleState = initialState('survival')
  const events: LifecycleEvent[] = []
  const take = (step: { state: LifecycleState; events: LifecycleEvent[] }) => {
    state = JSON.parse(JSON.stringify(step.state))
    events.push(...step.events)
  }
  for (const [hours, fact, source = 'chat'] of facts) {
    take(tick(state, hours * HOUR - 1, options))
    take(observe(state, { ...fact, at: hours * HOUR, source } as Observation, options))
  }
  take(tick(state, untilHours * HOUR, options))
  return events.flatMap(({ notice, at, server, extra }) =>
    notice ? [{ code: notice.code, hours: at / HOUR, server, text: notice.text.en_us, extra }] : [],
  )
}

const backup = (hours: number, took = 0.01): [number, Fact][] => [
  [hours, { type: 'backup_started' }],
  [hours + took, { type: 'backup_completed', backup: { id: 1 }, costS: took * 3600 }],
]

test('no success for longer than maxAge is told once, with when the last was', () => {
  const told = tell([[0, { type: 'attached' }], ...backup(1)], 200)
  assert.deepEqual(
    told.map(({ code, hours, server }) => [code, hours, server]),
    [['backup_too_old', 27.01, 'survival']],
  )
  assert.equal(
    told[0]?.text,
    'no backup has succeeded for 1 d 2 h; see whether Prime Backup still makes them',
  )
  assert.deepEqual(told[0]?.extra, { last_success: '1970-01-01T01:00:36.000Z' })
})

test('a success in time says nothing, and one that comes late ends it', () => {
  assert.deepEqual(tell([[0, { type: 'attached' }], ...backup(1), ...backup(25), ...backup(50)], 70), [])
  const told = tell([[0, { type: 'attached' }], ...backup(1), ...backup(40)], 70)
  assert.deepEqual(
    told.map(({ hours }) => hours),
    [27.01, 66.01],
  )
})

test('failures are no success', () => {
  const fails: [number, Fact][] = [
    [20, { type: 'backup_started' }],
    [20.1, { type: 'backup_ended', message: 'save_wait_time_out' }],
  ]
  assert.deepEqual(
    tell([[0, { type: 'attached' }], ...backup(1), ...fails], 60).map(({ hours }) => hours),
    [27.01],
  )
})

test('a backup that nobody watches any more is not called stuck', () => {
  const known = [1, 2, 3].flatMap(hours => backup(hours, 0.05))
  const away: [number, Fact][] = [
    [10, { type: 'backup_started' }],
    [10.01, { type: 'detached' }],
    [10.9, { type: 'attached' }],
  ]
  const codes = (story: [number, Fact][]) => tell(story, 10.95).map(({ code }) => code)
  assert.deepEqual(codes([[0, { type: 'attached' }], ...known, ...away.slice(0, 1)]), ['backup_stuck'])
  assert.deepEqual(codes([[0, { type: 'attached' }], ...known, ...away]), [])
})

test('a time that nobody saw does not count, but a short gap does', () => {
  const away = (from: number, to: number): [number, Fact][] => [
    [from, { type: 'detached' }],
    [to, { type: 'attached' }],
  ]
  const start: [number, Fact] = [0, { type: 'attached' }]
  assert.deepEqual(tell([start, ...backup(1), [2, { type: 'detached' }]], 300), [], 'never back')
  assert.deepEqual(
    tell([start, ...backup(1), ...away(2, 50)], 90).map(({ hours }) => hours),
    [76],
  )
  assert.deepEqual(
    tell([start, ...backup(1), ...away(2, 2.1), ...away(20, 20.2)], 60).map(({ hours }) => hours),
    [27.01],
  )
})

test('with the log, a server that is down is no absence', () => {
  const log = (hours: number, running: boolean): [number, Fact, 'log'] => [
    hours,
    { type: 'server_process', running },
    'log',
  ]
  const readable: [number, Fact, 'log'] = [0, { type: 'log_readable', readable: true }, 'log']
  const ok = backup(1).map(([hours, fact]): [number, Fact, 'log'] => [hours, fact, 'log'])
  assert.deepEqual(tell([readable, log(0.1, true), ...ok, log(2, false)], 300), [])
  assert.deepEqual(
    tell([readable, log(0.1, true), ...ok, log(2, false), log(40, true)], 90).map(({ hours }) => hours),
    [66],
  )
})

test('a backup that runs far longer than any before is told once, and goes on', () => {
  const told = tell(
    [
      [0, { type: 'attached' }],
      ...backup(1, 0.1),
      [5, { type: 'backup_started' }],
      [5.9, { type: 'backup_completed', backup: { id: 2 }, costS: 3240 }],
    ],
    6,
  )
  assert.deepEqual(
    told.map(({ code, hours }) => [code, hours.toFixed(2)]),
    [['backup_stuck', '5.30']],
  )
  assert.match(told[0]?.text ?? '', /^the backup has been running for 18 min, far longer than any before/)
})

test('short backups are given ten minutes, and the first is given its deadline', () => {
  const started: [number, Fact] = [5, { type: 'backup_started' }]
  assert.deepEqual(
    tell([[0, { type: 'attached' }], ...backup(1, 0.001), started], 5.5).map(({ hours }) => hours.toFixed(3)),
    [(5 + 10 / 60).toFixed(3)],
  )
  assert.deepEqual(tell([[0, { type: 'attached' }], started], 5.9), [])
})

test('a schedule that rests while nobody is online is no absence', () => {
  const start: [number, Fact] = [0, { type: 'attached' }]
  const rested: [number, Fact] = [20, { type: 'schedule_rested' }]
  assert.deepEqual(
    tell([start, ...backup(1), rested], 60).map(({ hours }) => hours),
    [46],
  )
  const awake = (hours: number, is: boolean): [number, Fact] => [
    hours,
    { type: 'schedule_awake', awake: is, anew: true },
  ]
  const rests = { ...OPTIONS, watch: watchSchema.parse({ maxAge: '26h', restWhenEmpty: true }) }
  assert.deepEqual(tell([start, ...backup(1), awake(2, false)], 300, rests), [])
  assert.deepEqual(
    tell([start, ...backup(1), awake(2, false), awake(30, true)], 60, rests).map(({ hours }) => hours),
    [56],
  )
})

test('a log that can not be read, and no bot that sees more, is no absence', () => {
  const log = (hours: number, fact: Fact): [number, Fact, 'log'] => [hours, fact, 'log']
  const story = [
    log(0, { type: 'log_readable', readable: true }),
    log(0.1, { type: 'server_process', running: true }),
    ...backup(1).map(([hours, fact]) => log(hours, fact)),
    log(2, { type: 'log_readable', readable: false }),
  ]
  assert.deepEqual(tell(story, 300), [])
  const back = log(50, { type: 'log_readable', readable: true })
  assert.deepEqual(
    tell([...story, back], 100).map(({ hours }) => hours),
    [76],
  )
})

test('whether a backup takes too long nobody can say whose bot was away', () => {
  const told = tell(
    [
      [0, { type: 'attached' }],
      ...backup(1, 0.001),
      [5, { type: 'backup_started' }],
      [5.1, { type: 'detached' }],
      [5.11, { type: 'attached' }],
    ],
    7,
  )
  assert.deepEqual(told, [])
})
