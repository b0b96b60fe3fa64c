import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openDatabase } from '../../src/outbox/database.ts'
import { attemptRow, type DeliveryState, deliveryRow } from '../../src/outbox/delivery.ts'
import { pruneNowAndThen, pruneStep, type Retention } from '../../src/outbox/prune.ts'
import { createStore, type Row } from '../../src/outbox/store.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { count, DAY, DISK_FULL, deliveryOf, doubleStore, eventRow, HOUR, temporaryFolder } from './fixture.ts'

const RETENTION: Retention = { keepMs: 30 * DAY, keepDeadMs: 90 * DAY, maxBytes: 1e9 }
const NOW = fakeClock().now()

/** An event with its delivery and one try. */
function rowsOf(id: string, state: DeliveryState, endedAt: number | null, padding = ''): Row[] {
  const at = endedAt ?? NOW
  const delivery = deliveryOf(`${id}@a`, { eventId: id, state, endedAt, attempts: 1, createdAt: at })
  return [eventRow(id, at, JSON.stringify({ id, padding })), deliveryRow(delivery), attemptRow(delivery, at)]
}

function ids(database: ReturnType<typeof doubleStore>['database'], table = 'delivery'): string[] {
  return database
    .prepare(`SELECT id FROM ${table} ORDER BY id`)
    .all()
    .map(({ id }) => String(id))
}

/** Steps until there is nothing more to do; tells how many deliveries each took. */
function pruneAll({ database }: ReturnType<typeof doubleStore>, retention = RETENTION): number[] {
  const steps: number[] = []
  for (;;) {
    const before = count(database, 'delivery')
    const more = pruneStep(database, NOW, retention)
    steps.push(before - count(database, 'delivery'))
    if (!more) return steps
    assert.ok(steps.length < 1_000, 'it has no end')
  }
}

describe('pruning', () => {
  it('forgets what ended 30 days ago, with its tries and its event, and keeps what is younger', async () => {
    const double = doubleStore()
    for (const state of ['delivered', 'expired', 'dropped'] as const) {
      await double.store.put(rowsOf(`old ${state}`, state, NOW - 30 * DAY - 1))
      await double.store.put(rowsOf(`new ${state}`, state, NOW - 30 * DAY))
    }
    pruneAll(double)
    const kept = ['new delivered', 'new dropped', 'new expired']
    assert.deepEqual(ids(double.database, 'event'), kept)
    assert.deepEqual(
      ids(double.database),
      kept.map(id => `${id}@a`),
    )
    assert.equal(count(double.database, 'attempt'), 3)
  })

  it('keeps dead letters for 90 days, with their events', async () => {
    const double = doubleStore()
    await double.store.put(rowsOf('older', 'dead', NOW - 90 * DAY - 1))
    await double.store.put(rowsOf('old', 'dead', NOW - 89 * DAY))
    pruneAll(double)
    assert.deepEqual([ids(double.database), ids(double.database, 'event')], [['old@a'], ['old']])
  })

  it('keeps what is not over, however old it is', async () => {
    const double = doubleStore()
    await double.store.put([
      ...rowsOf('waiting', 'waiting', null),
      ...rowsOf('sending', 'sending', null),
      eventRow('waiting', 0),
      eventRow('sending', 0),
    ])
    pruneAll(double, { ...RETENTION, maxBytes: 0 })
    assert.equal(ids(double.database).length, 2)
    assert.equal(ids(double.database, 'event').length, 2)
  })

  it('forgets an old event that nobody wanted', async () => {
    const double = doubleStore()
    await double.store.put([eventRow('old', NOW - 31 * DAY), eventRow('new', NOW)])
    pruneAll(double)
    assert.deepEqual(ids(double.database, 'event'), ['new'])
  })

  it('goes in steps of 500, so that no commit waits long', async () => {
    const double = doubleStore()
    for (let id = 0; id < 1_700; id++) void double.store.put(rowsOf(`e${id}`, 'delivered', NOW - 31 * DAY))
    double.store.flush()
    const steps = pruneAll(double)
    assert.deepEqual(
      steps.filter(taken => taken > 0),
      [500, 500, 500, 200],
    )
    assert.equal(count(double.database, 'event') + count(double.database, 'attempt'), 0)
  })

  it('keeps the file within its size: what is delivered goes first, oldest first, dead letters last', async t => {
    const dir = temporaryFolder(t)
    const { database } = openDatabase(dir, NOW)
    const store = createStore(() => database, { clock: fakeClock(), onHealth: () => {} })
    const padding = 'x'.repeat(1_000)
    for (let id = 0; id < 1_500; id++) {
      void store.put(rowsOf(`d${String(id).padStart(4, '0')}`, 'delivered', NOW - 1_500 + id, padding))
      if (id < 500) void store.put(rowsOf(`x${id}`, 'dead', NOW - DAY - id, padding))
      if (id < 10) void store.put(rowsOf(`w${id}`, 'waiting', null, padding))
    }
    store.flush()
    const used = () => {
      const { page_count } = database.prepare('PRAGMA page_count').get() as { page_count: number }
      const { freelist_count } = database.prepare('PRAGMA freelist_count').get() as { freelist_count: number }
      return (page_count - freelist_count) * 4_096
    }
    const full = used()
    const prune = (maxBytes: number) => {
      let steps = 0
      while (pruneStep(database, NOW, { ...RETENTION, maxBytes })) assert.ok(++steps < 100)
    }
    prune(full / 2)
    assert.ok(used() <= full / 2)
    assert.equal(count(database, 'delivery', "state = 'dead'"), 500)
    const left = database.prepare("SELECT id FROM delivery WHERE state = 'delivered' ORDER BY id").all()
    if (left.length > 0) assert.equal(left.at(-1)?.id, 'd1499@a')
    prune(0)
    assert.equal(count(database, 'delivery'), 10)
    assert.equal(count(database, 'event'), 10)
    store.close()
  })

  it('gives the room back to the disk', async t => {
    const dir = temporaryFolder(t)
    const { database } = openDatabase(dir, NOW)
    const store = createStore(() => database, { clock: fakeClock(), onHealth: () => {} })
    for (let id = 0; id < 500; id++) void store.put(rowsOf(`d${id}`, 'delivered', NOW, 'x'.repeat(2_000)))
    store.flush()
    const pages = () => Number(database.prepare('PRAGMA page_count').get()?.page_count)
    const before = pages()
    while (pruneStep(database, NOW, { ...RETENTION, maxBytes: 0 }));
    assert.ok(pages() < before / 2, `${pages()} of ${before}`)
    store.close()
  })
})

describe('a running bridge', () => {
  it('prunes soon after its start, step by step, then every hour, until it stops', async () => {
    const { store, database, clock } = doubleStore()
    for (let id = 0; id < 1_200; id++) void store.put(rowsOf(`e${id}`, 'delivered', NOW - 31 * DAY))
    store.flush()
    const stop = pruneNowAndThen(store, clock, fakeLog(), RETENTION)
    assert.equal(count(database, 'delivery'), 1_200)
    await clock.advance(200)
    assert.equal(count(database, 'delivery'), 700)
    await clock.advance(2_000)
    assert.equal(count(database, 'delivery'), 0)
    await store.put(rowsOf('late', 'delivered', NOW - 31 * DAY))
    await clock.advance(HOUR)
    assert.equal(count(database, 'delivery'), 0)
    stop()
    assert.equal(clock.pending(), 0)
  })

  it('says that it could not, and tries again an hour later', async () => {
    const { store, database, clock } = doubleStore()
    await store.put(rowsOf('old', 'delivered', NOW - 31 * DAY))
    const log = fakeLog()
    const stop = pruneNowAndThen(store, clock, log, RETENTION)
    database.refusal = DISK_FULL
    await clock.advance(HOUR - 1)
    assert.deepEqual(log.said(), ['old records could not be pruned: database or disk is full'])
    database.refusal = undefined
    await clock.advance(HOUR)
    assert.equal(count(database, 'delivery'), 0)
    stop()
  })

  it('leaves a store alone that can’t be opened', async () => {
    const clock = fakeClock()
    const log = fakeLog()
    const store = createStore(
      () => {
        throw DISK_FULL
      },
      { clock, onHealth: () => {} },
    )
    const stop = pruneNowAndThen(store, clock, log, RETENTION)
    await clock.advance(HOUR)
    assert.deepEqual(log.lines, [])
    stop()
  })
})
