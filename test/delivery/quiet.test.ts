import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createAttempt } from '../../src/delivery/attempt.ts'
import type { Http } from '../../src/delivery/http.ts'
import { digestOf, quietSchema, quietUntil } from '../../src/delivery/quiet.ts'
import { recipientsOf } from '../../src/delivery/recipient.ts'
import { createWorker, type Worker } from '../../src/delivery/worker.ts'
import { EVENT_NAMES, type EventName, type LifecycleEvent } from '../../src/event.ts'
import { noticeOf } from '../../src/notices.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { fc } from '../fake/property.ts'
import { doubleStore, statesOf } from '../outbox/fixture.ts'
import { endpointsOf, fullEvent, PLUGIN } from './fixture.ts'

const HOUR = 3_600_000
const QUIET = { from: '23:00', to: '07:00', timeZone: 'Asia/Shanghai' }
/** 22:00 in Shanghai. */
const EVENING = Date.UTC(2026, 10, 25, 14)

const event = (name: EventName, task: number, at = EVENING) =>
  fullEvent(name, { id: `${name}-${task}`, taskId: String(task), at })

/** A phone with quiet hours, beside a webhook that has none. */
function setUp({
  store = doubleStore(fakeClock(EVENING)),
  ...options
}: {
  quiet?: object | undefined
  store?: ReturnType<typeof doubleStore>
} = {}) {
  const { clock } = store
  const quiet = 'quiet' in options ? options.quiet : QUIET
  let failing: number | undefined
  const told: { host: string; at: number; title: string; payload: Record<string, unknown> }[] = []
  const http: Http = {
    send: async ({ url, body = '' }) => {
      const payload = JSON.parse(body)
      told.push({
        host: new URL(url).host,
        at: (clock.now() - EVENING) / HOUR,
        title: payload.title,
        payload,
      })
      return { type: 'answer', answer: { status: failing ?? 200, headers: {}, body: '' } }
    },
    close: async () => {},
  }
  const endpointsWith = (hours: object | undefined) =>
    endpointsOf(
      { name: 'phone', url: 'http://phone/', notices: true, ...(hours && { quiet: hours }) },
      { name: 'hook', url: 'http://hook/' },
    )
  const endpoints = endpointsWith(quiet)
  const worker: Worker = createWorker({
    endpoints,
    outbox: () => outbox,
    attempt: createAttempt({ http, clock }),
    clock,
    plugin: PLUGIN,
  })
  const outbox: Outbox = createOutbox(
    { recipients: recipientsOf(endpoints), startExpiryMs: 15 * 60_000 },
    { store: store.store, clock, log: fakeLog(), random: () => 0.5, onNews: () => {}, onWork: worker.wake },
  )
  outbox.load()
  return {
    clock,
    store: store.store,
    outbox,
    double: store,
    told: (host = 'phone') => told.filter(one => one.host === host).map(({ at, title }) => [at, title]),
    payloads: () => told.filter(({ host }) => host === 'phone').map(({ payload }) => payload),
    async accept(...events: LifecycleEvent[]) {
      await outbox.accept(events.map(one => ({ ...one, at: clock.now() })))
      for (let turn = 0; turn < 20; turn++) await setImmediate()
    },
    fail: (status: number | undefined) => {
      failing = status
    },
    /** The config has no quiet hours from now on. */
    unquiet: () => {
      const next = endpointsWith(undefined)
      outbox.update({ recipients: recipientsOf(next), startExpiryMs: 15 * 60_000 })
      worker.update(next)
      worker.wake('phone')
    },
    stop: () => worker.stop(0),
  }
}

describe('quiet hours', () => {
  const until = (at: number, quiet: object = QUIET, name: EventName = 'backup_success') =>
    quietUntil(quietSchema.parse(quiet), event(name, 1), at)

  it('last until their end, over midnight or not', () => {
    assert.equal(until(EVENING), undefined)
    assert.equal(until(EVENING + HOUR), EVENING + 9 * HOUR)
    assert.equal(until(EVENING + 8.99 * HOUR), EVENING + 9 * HOUR)
    assert.equal(until(EVENING + 9 * HOUR), undefined)
    const noon = { from: '12:00', to: '14:00', timeZone: 'UTC' }
    assert.equal(until(Date.UTC(2026, 0, 1, 13), noon), Date.UTC(2026, 0, 1, 14))
    assert.equal(until(Date.UTC(2026, 0, 1, 14), noon), undefined)
  })

  it('never hold a failure, unless the config asks for it', () => {
    assert.equal(until(EVENING + HOUR, QUIET, 'backup_failure'), undefined)
    assert.equal(until(EVENING + HOUR, { ...QUIET, except: [] }, 'backup_failure'), EVENING + 9 * HOUR)
    assert.equal(until(EVENING + HOUR, { ...QUIET, except: ['success'] }), undefined)
  })

  it('end in the future and within a day, whatever the zone and its daylight saving time', () => {
    const time = fc
      .tuple(fc.nat(23), fc.nat(59))
      .map(parts => parts.map(part => String(part).padStart(2, '0')).join(':'))
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) }),
        fc.tuple(time, time).filter(([from, to]) => from !== to),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'),
        (at, [from, to], timeZone) => {
          const end = until(at, { from, to, timeZone })
          if (end === undefined) return
          assert.ok(
            end > at && end <= at + 25 * HOUR,
            `${new Date(at).toISOString()} ${from} ${to} ${timeZone}`,
          )
          assert.equal(until(end, { from, to, timeZone }), undefined)
        },
      ),
    )
  })
})

describe('what happens in quiet hours', () => {
  it('is told as one digest after them, and at once to others', async () => {
    const house = setUp()
    await house.clock.advance(2 * HOUR)
    await house.accept(event('backup_start', 1), event('backup_success', 1))
    await house.clock.advance(3 * HOUR)
    await house.accept(event('backup_start', 2), event('backup_success', 2))
    assert.deepEqual(house.told(), [])
    assert.equal(house.told('hook').length, 4)
    await house.clock.advance(5 * HOUR)
    assert.deepEqual(house.told(), [[9, 'survival: bridge: 2 events while it was quiet']])
    const [payload] = house.payloads()
    assert.equal(payload?.code, 'digest')
    const body = String(payload?.body).split('\n')
    assert.equal(body.length, 3)
    assert.match(body[0] ?? '', /^Event: \d\d-\d\d \d\d:\d\d survival: backup #12 completed$/)
    const extra = payload?.extra as { count: number; events: { id: string }[] } | undefined
    assert.equal(extra?.count, 2)
    assert.deepEqual(
      extra?.events.map(({ id }) => id),
      ['backup_success-1', 'backup_success-2'],
    )
    const states = statesOf(house.store)
    assert.equal(states['backup_start-1@phone'], 'expired')
    assert.equal(states['backup_success-1@phone'], 'digested')
    assert.equal(states['backup_success-2@phone'], 'digested')
    await house.stop()
    assert.equal(house.clock.pending(), 0)
  })

  it('and is one event alone is told as itself, as late', async () => {
    const house = setUp()
    await house.clock.advance(2 * HOUR)
    await house.accept(event('backup_success', 1))
    await house.clock.advance(8 * HOUR)
    assert.deepEqual(house.told(), [[9, '[LATE] survival: backup #12 completed']])
    await house.stop()
  })

  it('and is a failure is told at once', async () => {
    const house = setUp()
    await house.clock.advance(2 * HOUR)
    await house.accept(event('backup_failure', 1))
    assert.equal(house.told().length, 1)
    await house.stop()
  })

  it('outlives a bridge that was killed, and one that was away at their end', async () => {
    for (const awayUntil of [3, 20]) {
      const house = setUp()
      await house.clock.advance(2 * HOUR)
      await house.accept(event('backup_success', 1), event('backup_success', 2))
      await house.stop()
      await house.clock.advance((awayUntil - 2) * HOUR)
      const next = setUp({ store: house.double })
      await next.clock.advance(12 * HOUR)
      assert.deepEqual(
        next.told().map(([, title]) => title),
        ['survival: bridge: 2 events while it was quiet'],
      )
      assert.deepEqual(house.told(), [])
      await next.stop()
    }
  })

  it('is not woken by a receiver that is back, nor by a person who resumes another thing', async () => {
    const house = setUp()
    await house.clock.advance(2 * HOUR)
    await house.accept(event('backup_success', 1), event('backup_success', 2))
    await house.accept(event('backup_failure', 3))
    await house.outbox.resume('phone')
    await house.clock.advance(HOUR)
    assert.equal(house.told().length, 1)
    await house.stop()
  })
})

describe('what is held', () => {
  it('to the same end parts for no fraction of a millisecond', async () => {
    const house = setUp()
    await house.clock.advance(2 * HOUR)
    for (let task = 1; task <= 5; task += 1) {
      await house.accept(event('backup_success', task))
      await house.clock.advance(0.3)
    }
    await house.clock.advance(8 * HOUR)
    assert.deepEqual(
      house.told().map(([, title]) => title),
      ['survival: bridge: 5 events while it was quiet'],
    )
    await house.stop()
  })

  it('is not what a paused endpoint is asked with', async () => {
    const house = setUp()
    house.fail(410)
    await house.accept(event('backup_failure', 1))
    await house.clock.advance(2 * HOUR)
    house.fail(undefined)
    await house.accept(event('backup_success', 2))
    await house.clock.advance(5 * HOUR)
    assert.deepEqual(house.told(), [[0, 'survival: backup #12 failed']])
    await house.clock.advance(6 * HOUR)
    assert.deepEqual(house.told().slice(1), [[9, '[LATE] survival: backup #12 completed']])
    await house.stop()
  })

  it('is told at once where the config holds it no longer', async () => {
    const house = setUp()
    await house.clock.advance(2 * HOUR)
    await house.accept(event('backup_success', 1))
    house.unquiet()
    await house.accept()
    assert.deepEqual(house.told(), [[2, 'survival: backup #12 completed']])
    await house.stop()
    const kept = setUp()
    await kept.clock.advance(2 * HOUR)
    await kept.accept(event('backup_success', 1))
    await kept.stop()
    const next = setUp({ store: kept.double, quiet: undefined })
    await next.accept()
    assert.deepEqual(next.told(), [[2, 'survival: backup #12 completed']])
    await next.stop()
  })
})

describe('an endpoint that somebody muted', () => {
  it('and that wants no notices gets every event by itself, late', async () => {
    const house = setUp()
    await house.outbox.mute('hook', house.clock.now() + HOUR / 2)
    await house.accept(event('backup_failure', 1), event('backup_success', 2))
    assert.deepEqual(house.told('hook'), [])
    await house.clock.advance(HOUR)
    assert.equal(house.told('hook').length, 2)
    await house.stop()
  })

  it('is told nothing until the time is over, then one digest; failures too', async () => {
    const house = setUp()
    await house.outbox.mute('phone', house.clock.now() + HOUR / 2)
    await house.accept(event('backup_failure', 1), event('backup_success', 2))
    assert.deepEqual(house.told(), [])
    await house.clock.advance(HOUR)
    assert.deepEqual(house.told(), [[0.5, 'survival: bridge: 2 events while it was quiet']])
    await house.stop()
  })

  it('is told at once when somebody ends that; and only what is new waits for the quiet hours', async () => {
    const house = setUp()
    await house.outbox.mute('phone', house.clock.now() + HOUR / 2)
    await house.accept(event('backup_success', 1))
    await house.outbox.mute('phone', null)
    await house.accept()
    assert.deepEqual(house.told(), [[0, 'survival: backup #12 completed']])
    await house.stop()
  })

  it('stays so over a restart', async () => {
    const house = setUp()
    await house.outbox.mute('phone', house.clock.now() + HOUR / 2)
    await house.stop()
    const next = setUp({ store: house.double })
    await next.accept(event('backup_failure', 1))
    assert.deepEqual(next.told(), [])
    assert.equal(next.outbox.status()[0]?.mutedUntil, EVENING + HOUR / 2)
    await next.clock.advance(HOUR)
    assert.equal(next.told().length, 1)
    assert.equal(next.outbox.status()[0]?.mutedUntil, null)
    await next.stop()
  })
})

describe('a digest', () => {
  it('names the first fifty and counts the rest, in both languages', () => {
    const held = Array.from({ length: 60 }, (_, index) => event('backup_success', index))
    const digest = digestOf('phone', held, EVENING)
    assert.equal(digest.digest?.length, 50)
    assert.equal(digest.notice?.text.zh_cn, '静默期间共有 60 个事件')
    assert.equal(digest.extra?.count, 60)
  })

  it('of several servers is about none of them', () => {
    const held = [event('backup_success', 1), { ...event('backup_success', 2), server: 'creative' }]
    assert.equal(digestOf('phone', held, EVENING).server, '')
  })

  it('can hold every kind of event, notices too', () => {
    const notice = noticeOf('backup_overdue', { at: EVENING, server: 'survival', values: [], extra: {} })
    const digest = digestOf('phone', [notice, ...EVENT_NAMES.map(name => event(name, 1))], EVENING)
    assert.equal(digest.digest?.length, 7)
  })
})
