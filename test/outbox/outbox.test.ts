import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createStore } from '../../src/outbox/store.ts'
import {
  count,
  DAY,
  DELIVERED,
  DISK_FULL,
  doubleStore,
  eventOf,
  HOUR,
  newOutbox,
  outboxOver,
  REJECTED,
  recipientOf,
  SERVER_ERROR,
  STOPPED,
  statesOf,
} from './fixture.ts'

describe('an event that is accepted', () => {
  it('is stored with a delivery for each endpoint that wants it, and with the rows of its transaction', async () => {
    const { outbox, store, database, woken } = newOutbox([
      recipientOf('a'),
      recipientOf('b', { wants: ({ name }) => name === 'backup_failure' }),
      recipientOf('c'),
    ])
    const commits = database.commits
    woken.length = 0
    await outbox.accept(
      [eventOf('1'), eventOf('2/backup_failure')],
      [
        { table: 'state', server: 'survival', body: '{}' },
        { table: 'position', source: 'chat', body: '9' },
      ],
    )
    assert.equal(database.commits, commits + 1)
    assert.deepEqual(statesOf(store), {
      '1@a': 'waiting',
      '1@c': 'waiting',
      '2/backup_failure@a': 'waiting',
      '2/backup_failure@b': 'waiting',
      '2/backup_failure@c': 'waiting',
    })
    assert.deepEqual(
      ['event', 'state', 'position'].map(table => count(database, table)),
      [2, 1, 1],
    )
    assert.deepEqual(woken.sort(), ['a', 'b', 'c'])
  })

  it('may be held for what more there is to know of it, and tells that when it is known', async () => {
    const { outbox, database } = newOutbox()
    await outbox.accept([eventOf('1')], [], { holdMs: 3000 })
    assert.equal(outbox.next('a'), undefined)
    await outbox.amend({ ...eventOf('1'), message: 'more' })
    assert.equal(outbox.next('a')?.event.message, 'more')
    assert.match(String(database.prepare('SELECT body FROM event').get()?.body), /"message":"more"/)
  })

  it('is held no longer than it was to be', async () => {
    const { outbox, clock } = newOutbox()
    await outbox.accept([eventOf('1')], [], { holdMs: 3000 })
    await clock.advance(2999)
    assert.equal(outbox.next('a'), undefined)
    await clock.advance(1)
    assert.equal(outbox.next('a')?.event.id, '1')
  })

  it('is on the disk before its first try begins, and the intent of the try shares its commit', async () => {
    const { outbox, database, store } = newOutbox()
    const commits = database.commits
    void outbox.accept([eventOf('1')])
    const entry = outbox.next('a')
    assert.ok(entry)
    const begun = outbox.begin(entry)
    assert.equal(count(database, 'event'), 0)
    await begun
    assert.equal(count(database, 'event'), 1)
    assert.equal(statesOf(store)['1@a'], 'sending')
    assert.equal(database.commits, commits + 1)
  })

  it('is sent from memory while the disk refuses', async () => {
    const { outbox, database, tryNext, clock } = newOutbox()
    database.refusal = new Error('disk')
    await outbox.accept([eventOf('1', { at: clock.now() })])
    assert.equal((await tryNext(DELIVERED))?.state, 'delivered')
    database.refusal = undefined
    await clock.advance(1000)
    assert.equal(count(database, 'delivery', "state = 'delivered'"), 1)
  })
})

describe('a try', () => {
  it('has its intent on the disk before it begins, and its outcome after', async () => {
    const { outbox, accept, database, clock } = newOutbox()
    await accept('1')
    const entry = outbox.next('a')
    assert.ok(entry)
    const attempts = () =>
      database
        .prepare('SELECT number, body FROM attempt')
        .all()
        .map(({ number, body }) => [number, JSON.parse(String(body))])
    await outbox.begin(entry)
    assert.equal(count(database, 'delivery', "state = 'sending'"), 1)
    assert.deepEqual(attempts(), [[1, { outcome: 'unknown' }]])
    assert.equal(outbox.next('a'), undefined)
    await outbox.finish(entry, SERVER_ERROR, clock.now(), 12.4)
    assert.equal(count(database, 'delivery', "state = 'waiting'"), 1)
    assert.deepEqual(attempts(), [
      [
        1,
        { outcome: 'retry', tookMs: 12, code: 'http_server_error', text: 'HTTP 500: Internal Server Error' },
      ],
    ])
  })

  it('is made after each wait of the schedule, then the delivery is a dead letter', async () => {
    const { outbox, accept, tryNext, clock, news } = newOutbox()
    await accept('1')
    const at: number[] = []
    const began = clock.monotonic()
    for (;;) {
      const delivery = await tryNext(SERVER_ERROR)
      assert.ok(delivery)
      at.push(clock.monotonic() - began)
      if (delivery.state !== 'waiting') {
        assert.deepEqual([delivery.state, delivery.why, delivery.attempts], ['dead', 'exhausted', 4])
        break
      }
      const waitMs = outbox.nextDueInMs('a') ?? 0
      await clock.advance(waitMs - 1)
      assert.equal(outbox.next('a'), undefined)
      await clock.advance(1)
    }
    assert.deepEqual(at, [0, 1_000, 11_000, 111_000])
    assert.deepEqual(
      news.map(({ type }) => type),
      ['dead'],
    )
  })

  it('that is refused for good ends the delivery with the reason and 2 KiB of the answer', async () => {
    const { accept, tryNext, database } = newOutbox()
    await accept('1')
    const reason = { ...REJECTED.reason, answer: 'x'.repeat(5_000) }
    await tryNext({ status: 'rejected', reason })
    const row = database.prepare('SELECT state, body FROM delivery').get()
    const { why, reason: kept } = JSON.parse(String(row?.body))
    assert.deepEqual([row?.state, why, kept.text], ['dead', 'rejected', 'HTTP 400: Bad Request'])
    assert.equal(kept.answer.length, 2048)
  })

  it('that the bridge’s stop cut costs the delivery nothing, nor its endpoint', async () => {
    const { outbox, accept, tryNext, store } = newOutbox()
    await accept('1')
    const delivery = await tryNext(STOPPED)
    assert.deepEqual([delivery?.state, delivery?.attempts], ['waiting', 0])
    assert.deepEqual(statesOf(store), { '1@a': 'waiting' })
    assert.equal(outbox.status()[0]?.failingSince, null)
  })

  it('takes along what the one before left', async () => {
    const { outbox, accept, tryNext, clock } = newOutbox()
    await accept('1')
    await tryNext({ ...SERVER_ERROR, carry: { doubtful: true, own: [1] } } as typeof SERVER_ERROR)
    await clock.advance(1_000)
    assert.deepEqual(outbox.next('a')?.delivery.carry, { doubtful: true, own: [1] })
  })
})

describe('the deliveries of an endpoint', () => {
  it('begin in the order of their events', async () => {
    const { accept, tryNext } = newOutbox()
    await accept('1', '2')
    await accept('3')
    for (const id of ['1@a', '2@a', '3@a']) assert.equal((await tryNext(DELIVERED))?.id, id)
    assert.equal(await tryNext(DELIVERED), undefined)
  })

  it('do not wait for one that fails', async () => {
    const { accept, tryNext, clock } = newOutbox()
    await accept('1', '2')
    assert.equal((await tryNext(SERVER_ERROR))?.id, '1@a')
    assert.equal((await tryNext(DELIVERED))?.id, '2@a')
    await accept('3')
    await clock.advance(1_000)
    assert.equal((await tryNext(DELIVERED))?.id, '1@a')
    assert.equal((await tryNext(DELIVERED))?.id, '3@a')
  })

  it('are of one task one after the other, of different tasks at a time', async () => {
    const { outbox, accept, clock } = newOutbox()
    await accept('1/backup_start', '1/backup_success', '2/backup_success')
    const start = outbox.next('a')
    assert.equal(start?.delivery.id, '1/backup_start@a')
    assert.ok(start)
    await outbox.begin(start)
    const other = outbox.next('a')
    assert.equal(other?.delivery.id, '2/backup_success@a')
    assert.ok(other)
    await outbox.begin(other)
    assert.equal(outbox.next('a'), undefined)
    // Nothing but the end of the start's try lets the end go: there is no time to wait for.
    assert.equal(outbox.nextDueInMs('a'), undefined)
    await outbox.finish(start, SERVER_ERROR, clock.now(), 5_000)
    assert.equal(outbox.next('a')?.delivery.id, '1/backup_success@a')
  })

  it('are those of no other endpoint', async () => {
    const { accept, tryNext } = newOutbox([recipientOf('a'), recipientOf('b')])
    await accept('1')
    await tryNext(SERVER_ERROR)
    assert.equal((await tryNext(DELIVERED, 0, 'b'))?.id, '1@b')
    assert.equal(await tryNext(DELIVERED, 0, 'none'), undefined)
  })

  it('are bounded: the oldest start is given up first, and is kept as a dead letter', async () => {
    const { outbox, accept, news, store } = newOutbox()
    await accept('0', '1/backup_start')
    const many = Array.from({ length: 9_999 }, (_, id) => `m${id}`)
    await accept(...many)
    assert.deepEqual(
      news.map(one => one.type === 'dead' && [one.delivery.id, one.delivery.reason?.text]),
      [['1/backup_start@a', 'more than 10000 deliveries wait for this endpoint']],
    )
    await accept('n')
    assert.equal(outbox.status()[0]?.active, 10_000)
    const states = statesOf(store)
    assert.deepEqual([states['1/backup_start@a'], states['0@a']], ['dead', 'dead'])
  })
})

describe('a start', () => {
  it('that is stale expires unsent, while a stale end is sent', async () => {
    const { accept, tryNext, store, clock } = newOutbox()
    await accept('1/backup_start', '1/backup_success')
    await clock.advance(15 * 60_000 + 1)
    assert.equal((await tryNext(DELIVERED))?.id, '1/backup_success@a')
    assert.deepEqual(statesOf(store), { '1/backup_start@a': 'expired', '1/backup_success@a': 'delivered' })
  })

  it('expires when its next try would come too late', async () => {
    const retry = { delaysMs: [1_000_000], jitter: 0, patient: true }
    const { accept, tryNext, news } = newOutbox([recipientOf('a', { retry })])
    await accept('1/restore_start')
    assert.equal((await tryNext(SERVER_ERROR))?.state, 'expired')
    assert.deepEqual(news, [])
  })
})

describe('an outbox that is begun anew', () => {
  it('goes on with what waits, at its time and in its order', async () => {
    const double = doubleStore()
    const first = outboxOver(double)
    await first.accept('1', '2', '3')
    await first.tryNext(SERVER_ERROR)
    const { outbox, tryNext, accept } = outboxOver(double)
    await accept('4')
    assert.equal(outbox.next('a')?.delivery.id, '2@a')
    for (const id of ['2@a', '3@a', '4@a']) assert.equal((await tryNext(SERVER_ERROR))?.id, id)
    assert.equal(outbox.next('a'), undefined)
    await double.clock.advance(1_000)
    const last = await tryNext(DELIVERED)
    assert.deepEqual([last?.id, last?.attempts], ['1@a', 2])
  })

  it('lets what waits for its next try go on as soon as the endpoint works again, spread over seconds', async () => {
    const double = doubleStore()
    const { outbox, tryNext, accept } = outboxOver(double)
    await accept('1', '2', '3')
    for (const id of ['1@a', '2@a']) assert.equal((await tryNext(SERVER_ERROR))?.id, id)
    assert.equal((await tryNext(DELIVERED))?.id, '3@a')
    assert.equal((await tryNext(DELIVERED))?.id, '1@a')
    assert.equal(outbox.next('a'), undefined)
    await double.clock.advance(1_000)
    assert.equal((await tryNext(DELIVERED))?.id, '2@a')
  })

  it('sends what was being sent again at once, under its id, and says that it may have arrived', async () => {
    const double = doubleStore()
    const first = outboxOver(double)
    await first.accept('1')
    const entry = first.outbox.next('a')
    assert.ok(entry)
    await first.outbox.begin(entry)
    const { outbox, tryNext } = outboxOver(double)
    const again = outbox.next('a')
    assert.deepEqual([again?.delivery.id, again?.delivery.carry], ['1@a', { doubtful: true }])
    assert.equal((await tryNext(DELIVERED))?.attempts, 2)
  })

  it('keeps what an endpoint that left the config was to have, as dead letters that say so', async () => {
    const double = doubleStore()
    await outboxOver(double, [recipientOf('a'), recipientOf('old')]).accept('1')
    const { news, log } = outboxOver(double)
    assert.deepEqual(
      news.map(one => one.type === 'dead' && [one.delivery.id, one.delivery.why]),
      [['1@old', 'removed']],
    )
    assert.match(log.said().join('\n'), /endpoint old is no longer in the config/)
    assert.deepEqual(statesOf(double.store), { '1@a': 'waiting', '1@old': 'dead' })
    assert.deepEqual(outboxOver(double).news, [])
  })

  it('sets an unreadable row aside and goes on with the others', async () => {
    for (const [table, where] of [
      ['delivery', "id = '1@a'"],
      ['event', "id = '1'"],
    ] as const) {
      for (const body of ['{', '', 'null', '[]', '"x"', '{}', '{"order":"x"}', '\u0000']) {
        const double = doubleStore()
        await outboxOver(double).accept('1', '2')
        double.database.prepare(`UPDATE ${table} SET body = ? WHERE ${where}`).run(body)
        const { tryNext, news, accept } = outboxOver(double)
        assert.deepEqual(
          news.map(one => one.type === 'dead' && [one.delivery.id, one.delivery.why]),
          [['1@a', 'unreadable']],
          `${table} ${body}`,
        )
        await accept('3')
        assert.equal((await tryNext(DELIVERED))?.id, '2@a')
        assert.equal((await tryNext(DELIVERED))?.id, '3@a')
        assert.deepEqual(statesOf(double.store), { '1@a': 'dead', '2@a': 'delivered', '3@a': 'delivered' })
      }
    }
  })

  it('takes an unreadable health of an endpoint for none', async () => {
    for (const body of ['{', 'null', '{}', '7']) {
      const double = doubleStore()
      await outboxOver(double).accept('1')
      await double.store.put([{ table: 'endpoint', key: 'a', body }])
      assert.equal((await outboxOver(double).tryNext(DELIVERED))?.state, 'delivered', body)
    }
  })

  it('waits no longer than the longest step, whatever the wall clock says by then', async () => {
    const double = doubleStore()
    const first = outboxOver(double)
    await first.accept('1')
    await first.tryNext(SERVER_ERROR)
    double.clock.jump(-30 * DAY)
    const { outbox } = outboxOver(double)
    assert.equal(outbox.nextDueInMs('a'), 100_000)
  })
})

describe('an outbox whose store can’t be read at its start', () => {
  it('takes up what waits there when it can, before what came meanwhile', async () => {
    const double = doubleStore()
    const before = outboxOver(double)
    await before.accept('1', '2')
    let database: typeof double.database | undefined
    const store = createStore(
      () => {
        if (!database) throw DISK_FULL
        return database
      },
      {
        clock: double.clock,
        onHealth: ({ atRisk }) => {
          if (!atRisk) box.outbox.load()
        },
      },
    )
    const box = outboxOver({ clock: double.clock, store })
    await box.accept('3', '4')
    assert.equal((await box.tryNext(SERVER_ERROR))?.id, '3@a')
    database = double.database
    await double.clock.advance(1_000)
    assert.equal((await box.tryNext(SERVER_ERROR))?.id, '1@a')
    box.outbox.load()
    for (const id of ['2@a', '1@a', '3@a', '4@a']) assert.equal((await box.tryNext(DELIVERED))?.id, id)
    assert.deepEqual(statesOf(store), {
      '1@a': 'delivered',
      '2@a': 'delivered',
      '3@a': 'delivered',
      '4@a': 'delivered',
    })
    await double.clock.advance(1_000)
    await box.accept('5')
    const after = outboxOver(double)
    for (const id of ['5@a']) assert.equal((await after.tryNext(DELIVERED))?.id, id)
  })

  it('goes on without what can’t be read, and says so', async () => {
    const { store, clock, database } = doubleStore()
    database.exec('DROP TABLE delivery')
    const { log, accept, tryNext } = outboxOver({ clock, store })
    assert.match(log.said().join('\n'), /the store can't be read: /)
    await accept('1')
    assert.equal((await tryNext(DELIVERED))?.state, 'delivered')
  })
})

describe('an endpoint where the end of a task takes the place of its start', () => {
  it('is not sent the start after the end', async () => {
    const { accept, tryNext, clock, store } = newOutbox([recipientOf('a', { inPlace: true })])
    await accept('1/backup_start')
    await tryNext(SERVER_ERROR)
    await accept('1/backup_success', '2/backup_start')
    assert.equal((await tryNext(DELIVERED))?.id, '1/backup_success@a')
    // That of another task is not hidden by it.
    assert.equal((await tryNext(DELIVERED))?.id, '2/backup_start@a')
    await clock.advance(60_000)
    assert.equal(await tryNext(DELIVERED), undefined)
    assert.equal(statesOf(store)['1/backup_start@a'], 'expired')
  })

  it('elsewhere the start still comes', async () => {
    const { accept, tryNext, clock } = newOutbox()
    await accept('1/backup_start')
    await tryNext(SERVER_ERROR)
    await accept('1/backup_success')
    await tryNext(DELIVERED)
    await clock.advance(60_000)
    assert.equal((await tryNext(DELIVERED))?.id, '1/backup_start@a')
  })
})

describe('a clock that jumps', () => {
  it('back an hour or forward a day changes no wait', async () => {
    for (const jump of [-HOUR, DAY]) {
      const { outbox, accept, tryNext, clock } = newOutbox()
      clock.jump(jump)
      await accept('1')
      await tryNext(SERVER_ERROR)
      clock.jump(jump)
      assert.equal(outbox.next('a'), undefined)
      assert.equal(outbox.nextDueInMs('a'), 1_000)
      await clock.advance(1_000)
      assert.equal((await tryNext(DELIVERED))?.state, 'delivered')
    }
  })
})

describe('an endpoint that fails', () => {
  /** Tries a new event every hour until the endpoint is paused. */
  async function failUntilPaused(box: ReturnType<typeof newOutbox>): Promise<number> {
    for (let hour = 0; ; hour++) {
      await box.accept(`h${hour}`)
      while (await box.tryNext(SERVER_ERROR));
      if (box.outbox.status()[0]?.pausedAt !== null) return hour
      await box.clock.advance(HOUR)
    }
  }

  it('for three days is paused, which is said once, and then tries one delivery every 6 hours', async () => {
    const box = newOutbox()
    assert.equal(await failUntilPaused(box), 72)
    assert.deepEqual(
      box.news.filter(({ type }) => type !== 'dead'),
      [{ type: 'paused', endpoint: 'a', reason: 'HTTP 500: Internal Server Error' }],
    )
    await box.accept('x', 'y')
    assert.equal(box.outbox.next('a'), undefined)
    assert.equal(box.outbox.nextDueInMs('a'), 6 * HOUR)
    await box.clock.advance(6 * HOUR)
    const probe = box.outbox.next('a')
    assert.ok(probe)
    const before = probe.delivery.attempts
    await box.outbox.begin(probe)
    assert.deepEqual([box.outbox.next('a'), box.outbox.nextDueInMs('a')], [undefined, undefined])
    await box.outbox.finish(probe, SERVER_ERROR, box.clock.now(), 5_000)
    assert.equal(probe.delivery.attempts, before, 'a probe costs none of the delivery’s own tries')
    assert.equal(box.outbox.nextDueInMs('a'), 6 * HOUR)
  })

  it('goes on with all that waits once a try is delivered', async () => {
    const box = newOutbox()
    await failUntilPaused(box)
    await box.accept('x', 'y')
    await box.clock.advance(6 * HOUR)
    await box.tryNext(DELIVERED)
    assert.deepEqual(box.news.at(-1), { type: 'resumed', endpoint: 'a' })
    let more = 0
    while (await box.tryNext(DELIVERED)) more++
    assert.ok(more >= 2)
    assert.equal(box.outbox.status()[0]?.active, 0)
  })

  it('is still paused after a restart, unless the config says something else of it', async () => {
    const box = newOutbox()
    await failUntilPaused(box)
    await box.accept('x')
    const same = outboxOver(box)
    assert.equal(same.outbox.next('a'), undefined)
    const changed = outboxOver(box, [recipientOf('a', { fingerprint: 'other' })])
    assert.equal(changed.outbox.status()[0]?.pausedAt, null)
    assert.ok(changed.outbox.next('a'))
    assert.match(changed.log.said().join('\n'), /no longer paused/)
  })

  it('whose address is gone is paused at once', async () => {
    const { accept, tryNext, outbox, news } = newOutbox()
    await accept('1', '2')
    await tryNext({ status: 'rejected', reason: { code: 'http_gone', text: 'HTTP 410: Gone' } })
    assert.equal(outbox.next('a'), undefined)
    assert.deepEqual(news.map(({ type }) => type).sort(), ['dead', 'paused'])
  })

  it('is tried within 6 hours even if the clock was years ahead when it was paused', async () => {
    const box = newOutbox()
    box.clock.jump(3_650 * DAY)
    await failUntilPaused(box)
    box.clock.jump(-3_650 * DAY)
    await box.accept('x')
    for (const { outbox } of [box, outboxOver(box)]) assert.equal(outbox.nextDueInMs('a'), 6 * HOUR)
    const after = outboxOver(box)
    await box.clock.advance(6 * HOUR)
    for (const { outbox } of [box, after]) assert.ok(outbox.next('a'))
  })
})

describe('a person', () => {
  it('sends a dead letter again, under its id and with all its tries', async () => {
    const { outbox, accept, tryNext, store, clock } = newOutbox()
    await accept('1')
    await tryNext(REJECTED)
    assert.equal(await outbox.resend('1@a'), true)
    assert.deepEqual(statesOf(store), { '1@a': 'waiting' })
    const again = await tryNext(SERVER_ERROR)
    assert.deepEqual([again?.id, again?.attempts, again?.why], ['1@a', 1, undefined])
    await clock.advance(1_000)
    assert.equal((await tryNext(DELIVERED))?.state, 'delivered')
    assert.equal(await outbox.resend('1@a'), true)
    assert.equal((await tryNext(DELIVERED))?.id, '1@a')
  })

  it('sends again what a run before gave up', async () => {
    const double = doubleStore()
    const first = outboxOver(double)
    await first.accept('1')
    await first.tryNext(REJECTED)
    const { outbox, tryNext } = outboxOver(double)
    assert.equal(await outbox.resend('1@a'), true)
    assert.equal((await tryNext(DELIVERED))?.state, 'delivered')
  })

  it('can’t send again what is under way, is unknown, or has no endpoint any more', async () => {
    const double = doubleStore()
    const both = outboxOver(double, [recipientOf('a'), recipientOf('old')])
    await both.accept('1')
    const entry = both.outbox.next('a')
    assert.ok(entry)
    await both.outbox.begin(entry)
    assert.equal(await both.outbox.resend('1@a'), false)
    assert.equal(await both.outbox.resend('none'), false)
    const { outbox } = outboxOver(double)
    assert.equal(await outbox.resend('1@old'), false)
  })

  it('drops what waits or is dead, for good', async () => {
    const double = doubleStore()
    const { outbox, accept, tryNext, store } = outboxOver(double)
    await accept('1', '2')
    await tryNext(REJECTED)
    assert.equal(await outbox.drop('1@a'), true)
    assert.equal(await outbox.drop('2@a'), true)
    assert.deepEqual(statesOf(store), { '1@a': 'dropped', '2@a': 'dropped' })
    for (const id of ['1@a', 'none']) assert.equal(await outbox.drop(id), false)
    assert.equal(await tryNext(DELIVERED), undefined)
    assert.equal(outboxOver(double).outbox.next('a'), undefined)
  })

  it('does not drop what is under way', async () => {
    const { outbox, accept } = newOutbox()
    await accept('1')
    const entry = outbox.next('a')
    assert.ok(entry)
    await outbox.begin(entry)
    assert.equal(await outbox.drop('1@a'), false)
  })

  it('resumes an endpoint that is paused, and only that is news', async () => {
    const { outbox, accept, tryNext, news } = newOutbox()
    await accept('1', '2')
    await tryNext({ status: 'rejected', reason: { code: 'http_gone', text: 'HTTP 410: Gone' } })
    assert.equal(await outbox.resume('a'), true)
    assert.equal(outbox.next('a')?.delivery.id, '2@a')
    assert.equal(await outbox.resume('a'), true)
    assert.equal(news.filter(({ type }) => type === 'resumed').length, 1)
    assert.equal(await outbox.resume('none'), false)
  })
})

describe('a file that goes corrupt while the bridge runs', () => {
  it('is begun anew with all that is active', async () => {
    const { accept, tryNext, store, database } = newOutbox()
    await accept('1', '2')
    await tryNext(DELIVERED)
    await tryNext(SERVER_ERROR)
    const again = doubleStore()
    await again.store.put(outboxOver({ ...again, store }).outbox.activeRows())
    assert.deepEqual(statesOf(again.store), { '2@a': 'waiting' })
    assert.equal(count(again.database, 'event'), 1)
    assert.equal(count(again.database, 'endpoint'), 1)
    assert.equal(count(database, 'delivery'), 2)
  })
})
