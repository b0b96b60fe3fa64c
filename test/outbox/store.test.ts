import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createStore, type Health, type Row } from '../../src/outbox/store.ts'
import { fakeClock } from '../fake/clock.ts'
import { fc } from '../fake/property.ts'
import {
  count,
  DISK_FULL,
  DoubleDatabase,
  doubleStore,
  eventRow,
  sqliteError,
  stateRow,
  temporaryFolder,
} from './fixture.ts'

describe('a sound store', () => {
  it('commits what many put in one turn in one transaction, and answers each when it is on the disk', async t => {
    const file = join(temporaryFolder(t), 'x.db')
    const database = new DoubleDatabase(file)
    database.exec('PRAGMA journal_mode = WAL')
    const reader = new DatabaseSync(file)
    t.after(() => reader.close())
    const store = createStore(() => database, { clock: fakeClock(), onHealth: () => {} })
    const seen: number[] = []
    const puts = [1, 2, 3].map(async one => {
      await store.put(Array.from({ length: 100 }, (_, row) => eventRow(`${one}-${row}`)))
      seen.push(count(reader, 'event'))
    })
    assert.equal(count(reader, 'event'), 0)
    await Promise.all(puts)
    assert.deepEqual(seen, [300, 300, 300])
    assert.equal(database.commits, 1)
    await store.put([eventRow('later')])
    assert.equal(database.commits, 2)
    store.close()
  })

  it('writes all of a put or none of it', async () => {
    const { store, database, clock } = doubleStore()
    const broken = { table: 'event', id: 'b', at: 0, stored_at: 0, body: null } as unknown as Row
    await store.put([eventRow('a'), broken, eventRow('c')])
    assert.equal(count(database, 'event'), 0)
    assert.equal(store.health().atRisk, true)
    // The row as it should be takes the place of the broken one.
    await store.put([eventRow('b')])
    await clock.advance(1000)
    assert.equal(count(database, 'event'), 3)
  })

  it('keeps of a row what was put last', async () => {
    const { store, database } = doubleStore()
    void store.put([stateRow('s', '1')])
    void store.put([stateRow('s', '2')])
    assert.deepEqual(store.waiting('state', 's'), stateRow('s', '2'))
    await store.put([stateRow('s', '3')])
    assert.equal(store.waiting('state', 's'), undefined)
    await store.put([stateRow('s', '4')])
    assert.deepEqual({ ...database.prepare('SELECT * FROM state').get() }, { server: 's', body: '4' })
  })

  it('holds what a map of the newest rows holds, whatever is put in whatever turns', async () => {
    const row = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.string())
    const turn = fc.array(fc.array(row, { maxLength: 4 }), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(turn, fc.boolean()), { maxLength: 12 }), async turns => {
        const { store, database, clock } = doubleStore()
        const expected = new Map<string, string>()
        for (const [puts, refused] of turns) {
          database.refusal = refused ? DISK_FULL : undefined
          const answers = puts.map(rows => store.put(rows.map(([key, body]) => stateRow(key, body))))
          for (const [key, body] of puts.flat()) expected.set(key, body)
          await Promise.all(answers)
        }
        database.refusal = undefined
        await clock.advance(60_000)
        const rows = database.prepare('SELECT server, body FROM state').all()
        assert.deepEqual(new Map(rows.map(({ server, body }) => [server, body])), expected)
        assert.equal(clock.pending(), 0)
      }),
    )
  })

  it('writes what waits when it is closed', () => {
    const rows: unknown[] = []
    class Watched extends DoubleDatabase {
      override close(): void {
        rows.push(...this.prepare('SELECT id FROM event').all())
        super.close()
      }
    }
    const store = createStore(() => new Watched(), { clock: fakeClock(), onHealth: () => {} })
    void store.put([eventRow('a')])
    store.close()
    assert.equal(rows.length, 1)
  })
})

describe('a store whose disk refuses', () => {
  it('goes on from memory, and answers at once', async () => {
    const { store, database, healths } = doubleStore()
    database.refusal = DISK_FULL
    await store.put([eventRow('a')])
    assert.deepEqual(healths, [{ atRisk: true, reason: 'database or disk is full' }])
    const begun = database.begun
    for (let id = 0; id < 100; id++) await store.put([eventRow(`b${id}`)])
    assert.equal(database.begun, begun)
  })

  it('tries again after 1 s, 2 s, 4 s … 30 s, with one timer, and no sooner for what is put meanwhile', async () => {
    const { store, database, clock } = doubleStore()
    database.refusal = DISK_FULL
    await store.put([eventRow('a')])
    const at: number[] = []
    for (let second = 1; second <= 130; second++) {
      const begun = database.begun
      await clock.advance(1000)
      void store.put([eventRow(`b${second}`)])
      if (database.begun > begun) at.push(second)
      assert.ok(database.begun <= begun + 1)
      assert.equal(clock.pending(), 1)
    }
    assert.deepEqual(at, [1, 3, 7, 15, 31, 61, 91, 121])
  })

  it('writes all of it when the disk takes it again, and tells of each change once', async () => {
    const { store, database, clock, healths } = doubleStore()
    database.refusal = DISK_FULL
    for (let id = 0; id < 50; id++) await store.put([eventRow(`e${id}`)])
    await clock.advance(20_000)
    database.refusal = undefined
    await clock.advance(20_000)
    assert.equal(count(database, 'event'), 50)
    assert.deepEqual(
      healths.map(({ atRisk }) => atRisk),
      [true, false],
    )
    assert.equal(clock.pending(), 0)
    // From then on a put is answered by its commit again, and the next trouble is told again, from 1 s on.
    database.refusal = DISK_FULL
    await store.put([eventRow('late')])
    assert.equal(healths.length, 3)
    database.refusal = undefined
    await clock.advance(1000)
    assert.equal(count(database, 'event'), 51)
  })

  it('answers what is put by whoever is told that it is well again only when that is on the disk', async () => {
    const clock = fakeClock()
    const database = new DoubleDatabase()
    const seen: number[] = []
    const store = createStore(() => database, {
      clock,
      onHealth: health => {
        if (!health.atRisk)
          void store
            .put([eventRow('notice')])
            .then(() => seen.push(count(database, 'event', "id = 'notice'")))
      },
    })
    database.refusal = DISK_FULL
    await store.put([eventRow('a')])
    database.refusal = undefined
    await clock.advance(1000)
    await setImmediate()
    assert.deepEqual(seen, [1])
  })

  it('keeps a bounded number of rows: tries are forgotten first, then the oldest, never a state', async () => {
    const { store, database, clock, forgotten } = doubleStore()
    database.refusal = DISK_FULL
    await store.put([
      stateRow('survival', '{}'),
      { table: 'position', source: 'chat', body: '7' },
      { table: 'endpoint', key: 'a', body: '{}' },
    ])
    const attempt = (number: number): Row => ({
      table: 'attempt',
      delivery_id: 'd',
      number,
      started_at: 0,
      body: '{}',
    })
    await store.put(Array.from({ length: 3_000 }, (_, number) => attempt(number)))
    const events = Array.from({ length: 60_000 }, (_, id) => eventRow(`e${id}`, 0, '{}'))
    for (let at = 0; at < events.length; at += 1000) await store.put(events.slice(at, at + 1000))
    database.refusal = undefined
    assert.equal(store.flush(), true)
    const kept = count(database, 'event')
    assert.ok(kept <= 50_000 && kept >= 45_000 - 3, `${kept} kept`)
    assert.equal(count(database, 'attempt'), 0)
    assert.equal(count(database, 'state') + count(database, 'position') + count(database, 'endpoint'), 3)
    assert.equal(
      forgotten.reduce((sum, rows) => sum + rows, 0),
      63_000 - kept,
    )
    assert.equal(count(database, 'event', "id = 'e0'"), 0)
    assert.equal(count(database, 'event', "id = 'e59999'"), 1)
    assert.equal(clock.pending(), 0)
  })

  it('has one timer, however often somebody asks it to write', async () => {
    const { store, database, clock } = doubleStore()
    database.refusal = DISK_FULL
    await store.put([eventRow('a')])
    for (let time = 0; time < 5; time++) assert.equal(store.flush(), false)
    assert.equal(clock.pending(), 1)
    database.refusal = undefined
    assert.equal(store.flush(), true)
    assert.equal(clock.pending(), 0)
  })

  it('is opened when that is possible; until then nothing can be read', async () => {
    const clock = fakeClock()
    const healths: Health[] = []
    let database: DoubleDatabase | undefined
    const store = createStore(
      () => {
        if (!database) throw sqliteError(14, 'unable to open database file')
        return database
      },
      { clock, onHealth: health => healths.push(health) },
    )
    assert.throws(() => store.open(), /unable to open/)
    assert.equal(
      store.read(() => 1),
      undefined,
    )
    await store.put([eventRow('a')])
    assert.deepEqual(healths, [{ atRisk: true, reason: 'unable to open database file' }])
    database = new DoubleDatabase()
    await clock.advance(1000)
    assert.equal(
      store.read(db => count(db, 'event')),
      1,
    )
    assert.equal(healths.length, 2)
  })

  it('leaves no timer when it is closed', async () => {
    const { store, database, clock } = doubleStore()
    database.refusal = DISK_FULL
    await store.put([eventRow('a')])
    assert.equal(clock.pending(), 1)
    store.close()
    assert.equal(clock.pending(), 0)
    await store.put([eventRow('b')])
    assert.equal(clock.pending(), 0)
  })
})

describe('a store whose file goes corrupt', () => {
  it('is begun anew with what is active and what waits', async () => {
    const clock = fakeClock()
    const healths: Health[] = []
    const first = new DoubleDatabase()
    const second = new DoubleDatabase()
    const left = [first, second]
    const store = createStore(() => left.shift() ?? second, {
      clock,
      onHealth: health => healths.push(health),
    })
    store.salvageWith(() => [eventRow('active')])
    await store.put([eventRow('old')])
    first.refusal = sqliteError(11, 'database disk image is malformed')
    await store.put([eventRow('new')])
    assert.deepEqual(healths, [{ atRisk: true, reason: 'database disk image is malformed' }])
    await clock.advance(1000)
    assert.equal(healths.length, 2)
    assert.deepEqual(
      second
        .prepare('SELECT id FROM event ORDER BY id')
        .all()
        .map(({ id }) => id),
      ['active', 'new'],
    )
  })
})
