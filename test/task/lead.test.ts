import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LifecycleEvent } from '../../src/event.ts'
import { initialState, type LifecycleState, lifecycleSchema, observe, tick } from '../../src/lifecycle.ts'
import type { Fact, Observation } from '../../src/observation.ts'
import { fc } from '../fake/property.ts'

const OPTIONS = lifecycleSchema.parse({})
const T0 = Date.UTC(2026, 10, 25)
const MINUTE = 60_000

/** One thing that Prime Backup does: what the log has of it, and what of that chat shows. */
type Line = { afterMs: number; fact: Fact; inChat?: boolean; chatOnly?: boolean }

const started: Line = { afterMs: 0, fact: { type: 'backup_started' }, inChat: true }
const described: Line = {
  afterMs: 90,
  fact: {
    type: 'backup_described',
    backup: { creator: 'player:Steve', comment: 'x', tags: {}, targets: ['world'], fileCount: 3 },
  },
}
const error = { type: 'OSError', message: 'full' }

function tale(kind: 'ok' | 'raised' | 'timeout' | 'restored' | 'restore raised', id: number): Line[] {
  const asked: Line = { afterMs: 0, fact: { type: 'restore_asked', backup: { id } }, inChat: true }
  const count = (secondsLeft: number, afterMs: number): Line => ({
    afterMs,
    fact: { type: 'restore_countdown', backup: { id }, secondsLeft },
    inChat: true,
  })
  const down: Line[] = [
    asked,
    count(2, 800),
    count(1, 1800),
    { afterMs: 2800, fact: { type: 'restore_stopping', running: true } },
    { afterMs: 3000, fact: { type: 'detached' }, chatOnly: true },
    { afterMs: 3300, fact: { type: 'server_process', running: false } },
  ]
  switch (kind) {
    case 'ok':
      return [
        started,
        described,
        { afterMs: 300, fact: { type: 'backup_completed', backup: { id }, costS: 0.3 }, inChat: true },
      ]
    case 'raised':
      return [started, described, { afterMs: 200, fact: { type: 'task_raised', task: 'backup', error } }]
    case 'timeout':
      return [
        started,
        { afterMs: 4000, fact: { type: 'backup_ended', message: 'save_wait_time_out' }, inChat: true },
      ]
    case 'restored':
      return [
        ...down,
        { afterMs: 3500, fact: { type: 'restore_began', id } },
        { afterMs: 4000, fact: { type: 'restore_done', id, costS: 0.5, starting: true } },
        { afterMs: 4010, fact: { type: 'server_process', running: true } },
        { afterMs: 9000, fact: { type: 'attached' }, chatOnly: true },
      ]
    case 'restore raised':
      return [
        ...down,
        { afterMs: 3600, fact: { type: 'restore_failed', id, reason: 'full' } },
        { afterMs: 3610, fact: { type: 'task_raised', task: 'restore', error } },
        { afterMs: 20 * MINUTE, fact: { type: 'server_process', running: true } },
        { afterMs: 20 * MINUTE + 5000, fact: { type: 'attached' }, chatOnly: true },
      ]
  }
}

const KINDS = ['ok', 'raised', 'timeout', 'restored', 'restore raised'] as const
type Kind = (typeof KINDS)[number]
type Told = { kind: Kind; gapMs: number; jitters: number[] }[]

const story: fc.Arbitrary<Told> = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    gapMs: fc.integer({ min: 20_000, max: 40 * MINUTE }),
    // The two copies of a line are milliseconds apart, in either order.
    jitters: fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 12, maxLength: 12 }),
  }),
  { minLength: 1, maxLength: 6 },
)
/** Fractions of the whole story, and lengths. */
function outages(longestMs: number) {
  return fc.array(
    fc.record({
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      lengthMs: fc.integer({ min: 1, max: longestMs }),
    }),
    {
      maxLength: 3,
    },
  )
}

type Arrival = { at: number; observation: Observation }

/** What both sources show, with the time at which each line reaches the bridge. */
function tell(told: Told) {
  const log: Observation[] = [{ type: 'server_process', running: true, at: T0, source: 'log' }]
  const chat: Observation[] = [{ type: 'attached', at: T0 + 1, source: 'chat' }]
  let at = T0 + 1000
  for (const [index, { kind, gapMs, jitters }] of told.entries()) {
    at += gapMs
    const lines = tale(kind, index + 1)
    for (const [number, { afterMs, fact, inChat, chatOnly }] of lines.entries()) {
      if (!chatOnly) log.push({ ...fact, at: at + afterMs, source: 'log' })
      if (inChat || chatOnly)
        chat.push({ ...fact, at: at + afterMs + (jitters[number] ?? 0), source: 'chat' })
    }
    at += lines.at(-1)?.afterMs ?? 0
  }
  return { log, chat, until: at + 2 * 60 * MINUTE }
}

function run(arrivals: Arrival[], until: number): LifecycleEvent[] {
  let state: LifecycleState = initialState('survival')
  const events: LifecycleEvent[] = []
  const step = ({ state: next, events: made }: { state: LifecycleState; events: LifecycleEvent[] }) => {
    // What is stored is JSON, and a bridge may begin from it at any time.
    state = JSON.parse(JSON.stringify(next))
    events.push(...made)
  }
  step(observe(state, { type: 'log_readable', readable: true, at: T0 - 1, source: 'log' }, OPTIONS))
  const sorted = arrivals.toSorted((a, b) => a.at - b.at)
  for (const [index, { at, observation }] of sorted.entries()) {
    step(observe(state, observation, OPTIONS))
    // Time passes for the lifecycle once everything that came by then is taken.
    const next = sorted[index + 1]
    if (next && next.at > at) step(tick(state, next.at - 1, OPTIONS))
  }
  step(tick(state, until, OPTIONS))
  return events
}

/** Both sources, with the log unreadable now and then: what was written meanwhile comes when it is over. */
function merged(told: Told, cuts: { from: number; lengthMs: number }[]): Arrival[] {
  const { log, chat } = tell(told)
  const last = Math.max(...log.map(({ at }) => at))
  const spans: { from: number; to: number }[] = []
  for (const { from, lengthMs } of cuts.toSorted((a, b) => a.from - b.from)) {
    const start = Math.max(T0 + 2 + Math.floor(from * (last - T0)), (spans.at(-1)?.to ?? 0) + 1)
    spans.push({ from: start, to: start + lengthMs })
  }
  return [
    ...chat.map(observation => ({ at: observation.at, observation })),
    ...log.map(observation => {
      const span = spans.find(({ from, to }) => observation.at >= from && observation.at < to)
      return { at: span ? span.to : observation.at, observation }
    }),
    ...spans.flatMap(({ from, to }): Arrival[] => [
      { at: from, observation: { type: 'log_readable', readable: false, at: from, source: 'log' } },
      { at: to - 0.5, observation: { type: 'log_readable', readable: true, at: to, source: 'log' } },
    ]),
  ]
}

test('with both sources the events are those of the log alone, though it is away for less than a minute', () => {
  fc.assert(
    fc.property(story, outages(59_000), (told, cuts) => {
      const { log, until } = tell(told)
      const alone = run(
        log.map(observation => ({ at: observation.at, observation })),
        until,
      )
      assert.deepEqual(run(merged(told, cuts), until), alone)
    }),
    { numRuns: 500 },
  )
})

test('however long the log is away, each task is told once, and what was told wrong is corrected', () => {
  fc.assert(
    fc.property(story, outages(90 * MINUTE), (told, cuts) => {
      const { until } = tell(told)
      const events = run(merged(told, cuts), until + 3 * 60 * MINUTE)
      const ends = new Map<string, LifecycleEvent>()
      const starts: string[] = []
      for (const event of events) {
        if (event.name.endsWith('_start')) starts.push(event.taskId)
        else ends.set(event.taskId, event)
      }
      assert.deepEqual([...ends.keys()].sort(), starts.toSorted(), 'every start has its end')
      const outcome = (kind: Kind) =>
        kind === 'ok'
          ? 'backup_success'
          : kind === 'restored'
            ? 'restore_success'
            : `${kind.startsWith('restore') ? 'restore' : 'backup'}_failure`
      assert.deepEqual(
        starts.map(task => ends.get(task)?.name),
        told.map(({ kind }) => outcome(kind)),
      )
    }),
    { numRuns: 500 },
  )
})

test('a state of both sources does not grow without bound', () => {
  let state = initialState('survival')
  let largest = 0
  for (let index = 0; index < 3000; index += 1) {
    const at = T0 + index * 10_000
    const facts: Observation[] = [
      { type: 'log_readable', readable: index % 100 > 50, at, source: 'log' },
      { type: 'backup_started', at, source: 'chat' },
      { type: 'backup_completed', backup: { id: index }, costS: 1, at: at + 1, source: 'chat' },
    ]
    for (const fact of facts) state = observe(tick(state, fact.at, OPTIONS).state, fact, OPTIONS).state
    largest = Math.max(largest, JSON.stringify(state).length)
  }
  assert.ok(largest < 40_000, String(largest))
})

function observeAll(...observations: Observation[]) {
  let state = initialState('survival')
  const events: LifecycleEvent[] = []
  for (const observation of observations) {
    const step = observe(state, observation, OPTIONS)
    state = step.state
    events.push(...step.events)
  }
  return { state, events }
}

const readable = (at: number, now = true): Observation => ({
  type: 'log_readable',
  readable: now,
  at,
  source: 'log',
})

test('while the log leads, a line that only chat shows is no event', () => {
  const { state, events } = observeAll(
    readable(T0),
    { type: 'backup_started', at: T0 + 10, source: 'log' },
    { type: 'backup_completed', backup: { id: 99 }, costS: 1, at: T0 + 20, source: 'chat' },
  )
  assert.deepEqual(
    [...events, ...tick(state, T0 + 5 * MINUTE, OPTIONS).events].map(({ name }) => name),
    ['backup_start'],
  )
})

test('a log that never showed a line of Prime Backup gives way after a minute', () => {
  const { state, events } = observeAll(readable(T0), { type: 'backup_started', at: T0 + 10, source: 'chat' })
  assert.deepEqual(events, [])
  assert.deepEqual(tick(state, T0 + 9 + MINUTE, OPTIONS).events, [])
  const late = tick(state, T0 + 10 + MINUTE, OPTIONS)
  assert.deepEqual(
    late.events.map(({ name, at }) => [name, at]),
    [['backup_start', T0 + 10]],
  )
  assert.equal(late.state.lead.by, 'chat')
  const back = observe(late.state, { type: 'backup_started', at: T0 + 2 * MINUTE, source: 'log' }, OPTIONS)
  assert.equal(back.state.lead.by, 'log', 'its first line makes it lead')
})

test('a task keeps its id from the log to chat and back', () => {
  const first = observeAll(
    readable(T0),
    { type: 'backup_started', at: T0 + 10, source: 'log' },
    readable(T0 + 20, false),
  )
  const over = tick(first.state, T0 + 2 * MINUTE, OPTIONS)
  assert.equal(over.state.lead.by, 'chat')
  const back = observe(over.state, readable(T0 + 3 * MINUTE), OPTIONS)
  assert.equal(back.state.lead.by, 'log')
  const end = observe(
    back.state,
    { type: 'backup_completed', backup: { id: 1 }, costS: 170, at: T0 + 171_000, source: 'log' },
    OPTIONS,
  )
  assert.deepEqual(
    [...first.events, ...end.events].map(({ taskId }) => taskId),
    [first.events[0]?.taskId, first.events[0]?.taskId],
  )
})
