import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LifecycleEvent } from '../../src/event.ts'
import { openDatabase, ownFolder } from '../../src/outbox/database.ts'
import { openStore, type StoreNews } from '../../src/outbox/open.ts'
import { createOutbox } from '../../src/outbox/outbox.ts'
import { createStore, type Health } from '../../src/outbox/store.ts'
import { fullEvent } from '../delivery/fixture.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { openDisk } from './disk.ts'

const DELIVERED = { status: 'delivered' } as const

function eventOf(number: number): LifecycleEvent {
  return fullEvent('backup_success', {
    id: `t${number}-success`,
    taskId: `t${number}`,
    // Long enough that no free rest of a page takes them all.
    message: 'x'.repeat(3000),
  })
}

/** Both where both can be had; the double always, so that no machine skips it. */
for (const tmpfs of [true, false]) {
  test(`a full disk puts the store at risk, nothing else, and what waited is written when there is room${tmpfs ? '' : ' (page limit)'}`, async t => {
    const disk = openDisk({ tmpfs })
    t.after(() => {
      store.close()
      disk.remove()
    })
    t.diagnostic(disk.kind)
    const clock = fakeClock()
    const healths: Health[] = []
    let opened = 0
    const store = createStore(
      () => {
        opened++
        const { database } = openDatabase(disk.dir, clock.now())
        disk.opened(database)
        return database
      },
      { clock, onHealth: health => healths.push(health) },
    )
    const outbox = createOutbox(
      {
        recipients: [
          {
            key: 'a',
            fingerprint: 'a',
            retry: { delaysMs: [1000], jitter: 0, patient: true },
            wants: () => true,
          },
        ],
        startExpiryMs: 900_000,
      },
      { store, clock, log: fakeLog(), random: () => 0.5, onNews: () => {}, onWork: () => {} },
    )
    await outbox.accept([eventOf(1)])
    disk.fill()
    const numbers = Array.from({ length: 400 }, (_, index) => index + 2)
    for (const number of numbers) await outbox.accept([eventOf(number)])
    assert.deepEqual(healths, [{ atRisk: true, reason: 'database or disk is full' }])

    // Deliveries go on from memory.
    for (let entry = outbox.next('a'); entry; entry = outbox.next('a')) {
      await outbox.begin(entry)
      await outbox.finish(entry, DELIVERED, clock.now(), 5)
    }
    await clock.advance(10 * 60_000)
    assert.equal(healths.length, 1, 'it is said once')
    assert.equal(opened, 1)

    disk.free()
    await clock.advance(30_000)
    assert.deepEqual(healths.at(-1), { atRisk: false })
    const rows = store.read(database =>
      database.prepare('SELECT state, count(*) AS count FROM delivery GROUP BY state').all(),
    )
    assert.deepEqual(
      rows?.map(row => ({ ...row })),
      [{ state: 'delivered', count: 401 }],
    )
    const events = store.read(database => database.prepare('SELECT count(*) AS count FROM event').get())
    assert.equal(events?.count, 401)
    assert.equal(clock.pending(), 0)
  })
}

test('a disk that is full at the start is no reason not to start, and the folder is owned when there is room', async t => {
  const disk = openDisk()
  t.after(disk.remove)
  if (disk.kind === 'page limit') {
    // What a full disk does to a new file: it can't be made. Here its place is taken.
    writeFileSync(join(disk.dir, 'data'), '')
    assert.throws(() => ownFolder(join(disk.dir, 'data'), 0), /can't be made \(EEXIST\)/)
    return
  }
  disk.fill()
  const clock = fakeClock()
  const news: StoreNews[] = []
  const { store, close } = openStore(disk.dir, { clock, log: fakeLog(), onNews: one => news.push(one) })
  await store.put([{ table: 'state', server: 's', body: '{}' }])
  assert.deepEqual(
    news.map(({ type }) => type),
    ['health'],
  )
  disk.free()
  await clock.advance(60_000)
  assert.deepEqual(store.health(), { atRisk: false })
  assert.equal(
    store.read(database => database.prepare('SELECT body FROM state').get()?.body),
    '{}',
  )
  assert.throws(() => ownFolder(disk.dir, 0), /in use by another bridge/)
  close()
  ownFolder(disk.dir, 0).release()
})
