import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subscribes } from '../../src/delivery/endpoint.ts'
import { toPayload } from '../../src/delivery/payload.ts'
import { EVENT_NAMES, type LifecycleEvent, TEST_MESSAGE } from '../../src/event.ts'
import { initialState, lifecycleSchema, observe } from '../../src/lifecycle.ts'
import type { Fact } from '../../src/observation.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

const HOUR_MS = 3_600_000
const PROBLEMS = only(endpointsOf({ url: 'http://127.0.0.1:1/', when: 'problems', notices: true }))
const ALWAYS = only(endpointsOf({ url: 'http://127.0.0.1:1/' }))

/** Backups an hour apart, each of which ends so. */
function nights(...ends: ('ok' | 'fails')[]): LifecycleEvent[] {
  let state = initialState('survival')
  const events: LifecycleEvent[] = []
  for (const [index, end] of ends.entries()) {
    const facts: Fact[] = [
      { type: 'backup_started' },
      end === 'ok'
        ? { type: 'backup_completed', backup: { id: index + 1 }, costS: 1 }
        : { type: 'backup_ended', message: 'save_wait_time_out' },
    ]
    for (const [step, fact] of facts.entries()) {
      const at = index * HOUR_MS + step * 1000
      const taken = observe(state, { ...fact, at, source: 'chat' }, lifecycleSchema.parse({}))
      state = JSON.parse(JSON.stringify(taken.state))
      events.push(...taken.events)
    }
  }
  return events
}

const told = (events: LifecycleEvent[], endpoint = PROBLEMS) =>
  events.filter(event => subscribes(endpoint, event))

test('nothing is told of nights that go well', () => {
  assert.deepEqual(told(nights('ok', 'ok', 'ok')), [])
})

test('a failure is told, and then the first success', () => {
  assert.deepEqual(
    told(nights('ok', 'fails', 'ok', 'ok')).map(({ name }) => name),
    ['backup_failure', 'backup_success'],
  )
})

test('of failures in a row the 1st, 3rd, 10th, 30th and 100th are told', () => {
  const events = told(nights(...Array(120).fill('fails')))
  assert.deepEqual(
    events.map(({ streak }) => streak?.failures),
    [1, 3, 10, 30, 100],
  )
})

test('each says how many there were and since when, and the success what it ended', () => {
  const body = (event: LifecycleEvent | undefined, language: 'en_us' | 'zh_cn') =>
    event && toPayload(event, { plugin: PLUGIN, language, tellsStreak: true }).body
  const [first, third, over] = told(nights('fails', 'fails', 'fails', 'ok'))
  assert.doesNotMatch(body(first, 'en_us') ?? '', /In a row/)
  assert.match(body(third, 'en_us') ?? '', /\nIn a row: 3 failures, since 1970-01-01 /)
  assert.match(body(third, 'zh_cn') ?? '', /\n连续: 失败 3 次，自 1970-01-01 .*起\n/)
  assert.match(body(over, 'en_us') ?? '', /\nIn a row: recovered after 3 failures, 3 h\n/)
  assert.match(body(over, 'zh_cn') ?? '', /\n连续: 在失败 3 次、历时 .*后恢复\n/)
})

test('an unknown outcome, a correction, a notice and a test are told', () => {
  const events = [
    fullEvent('backup_failure', { message: 'outcome_unknown' }),
    fullEvent('backup_success', { extra: { corrects: 'x' } }),
    fullEvent('backup_success', { message: TEST_MESSAGE }),
    { ...fullEvent('backup_success'), name: 'bridge_notice' as const, server: '' },
  ]
  assert.deepEqual(told(events), events)
})

test('an endpoint of default settings is told all six events, with nothing new in them', () => {
  const events = nights('fails', 'fails', 'fails', 'ok')
  assert.deepEqual(told(events, ALWAYS), events)
  assert.equal(
    EVENT_NAMES.every(name => subscribes(ALWAYS, fullEvent(name))),
    true,
  )
  for (const event of events) {
    const { streak: _, ...bare } = event
    const context = { plugin: PLUGIN, language: 'en_us' as const }
    assert.deepEqual(toPayload(event, context), toPayload(bare, context))
  }
})
