import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applyOperation, applyRequest, type Operation } from '../../src/outbox/operation.ts'
import {
  DISK_FULL,
  eventOf,
  newOutbox,
  outboxOver,
  REJECTED,
  recipientOf,
  SERVER_ERROR,
  statesOf,
} from './fixture.ts'

const TWO = [recipientOf('a'), recipientOf('手机@home')]

function newOperator(recipients = [recipientOf('a')]) {
  const box = newOutbox(recipients)
  const deps = { outbox: box.outbox, store: box.store, clock: box.clock, startExpiryMs: 15 * 60_000 }
  return { ...box, deps, apply: (operation: Operation) => applyOperation(operation, deps) }
}

describe('an operation', () => {
  it('on many dead letters shares its commits, and names the first of them', async () => {
    const { accept, tryNext, apply, database, store } = newOperator()
    const ids = Array.from({ length: 600 }, (_, index) => `e${index}`)
    await accept(...ids)
    while (await tryNext(REJECTED)) {}
    database.commits = 0
    const applied = await apply({ type: 'resend', dead: true })
    assert.equal(applied.changed, 600)
    assert.equal(applied.ids.length, 20)
    assert.deepEqual([applied.failed, applied.reasons, applied.notes], [0, [], []])
    assert.ok(database.commits <= 4, `${database.commits} commits`)
    assert.deepEqual([...new Set(Object.values(statesOf(store)))], ['waiting'])
  })

  it('sends again under the same id with all its tries anew, and tells the service that it may have it', async () => {
    const { accept, tryNext, apply, outbox, woken } = newOperator()
    await accept('e')
    for (const _ of [1, 2]) await tryNext(REJECTED)
    woken.length = 0
    await apply({ type: 'resend', id: 'e@a' })
    assert.deepEqual(woken, ['a'])
    const again = outbox.next('a')?.delivery
    assert.partialDeepStrictEqual(again, {
      id: 'e@a',
      attempts: 0,
      carry: { doubtful: true },
    })
    assert.equal(again?.why, undefined)
  })

  it('on an event is on all of its deliveries; what is over already is no fault then', async () => {
    const { accept, tryNext, apply, store } = newOperator(TWO)
    await accept('e', 'e-other')
    await tryNext(REJECTED, 5, 'a')
    await tryNext({ status: 'delivered' }, 5, '手机@home')
    const dropped = await apply({ type: 'drop', id: 'e' })
    assert.deepEqual([dropped.ids, dropped.failed], [['e@a'], 0])
    assert.deepEqual(statesOf(store), {
      'e-other@a': 'waiting',
      'e-other@手机@home': 'waiting',
      'e@a': 'dropped',
      'e@手机@home': 'delivered',
    })
    const again = await apply({ type: 'drop', id: 'e' })
    assert.deepEqual([again.changed, again.failed], [0, 2])
    assert.deepEqual(again.reasons, ['e@a: it is dropped already', 'e@手机@home: it is delivered already'])
    const resent = await apply({ type: 'resend', id: 'e' })
    assert.deepEqual(resent.ids, ['e@a', 'e@手机@home'])
  })

  it('takes the beginning of an id letter for letter, and only where it is the only one', async () => {
    const { accept, apply } = newOperator(TWO)
    await accept('e_1', 'ex1', 'e%1')
    const asked = async (id: string) => {
      const { ids, reasons } = await apply({ type: 'resend', id })
      return ids.length > 0 ? ids : reasons
    }
    assert.deepEqual(await asked('e_'), ['e_1@a', 'e_1@手机@home'])
    assert.deepEqual(await asked('e%1'), ['e%1@a', 'e%1@手机@home'])
    assert.deepEqual(await asked('ex1@%E6%89%8B'), ['ex1@手机@home'])
    assert.deepEqual(await asked('ex1@'), [
      '"ex1@" is the beginning of several: ex1@a, ex1@手机@home; write more of it',
    ])
    assert.deepEqual(await asked('e'), ['"e" is the beginning of several: e%1, e_1, ex1; write more of it'])
    for (const none of ['E_1', '%', '%zz', '@a', "' OR 1=1 --"])
      assert.deepEqual(await asked(none), [`nothing begins with "${none}"; see: pb-bridge deliveries`])
  })

  it('leaves alone what is being sent, and a start that would expire', async () => {
    const { accept, apply, outbox, clock } = newOperator()
    await accept('e', 's/backup_start')
    const entry = outbox.next('a')
    assert.ok(entry)
    await outbox.begin(entry)
    for (const type of ['resend', 'drop'] as const)
      assert.deepEqual((await apply({ type, id: 'e' })).reasons, ['e@a: it is being sent right now'])
    await clock.advance(16 * 60_000)
    assert.deepEqual((await apply({ type: 'resend', id: 's/' })).reasons, [
      's/backup_start@a: a start this old is worth nothing; it would expire unsent',
    ])
  })

  it('reaches what was being sent when a bridge died, once the store has an owner again', async () => {
    const first = newOperator()
    await first.accept('e')
    const entry = first.outbox.next('a')
    assert.ok(entry)
    await first.outbox.begin(entry)
    const next = outboxOver(first)
    const deps = { outbox: next.outbox, store: first.store, clock: first.clock, startExpiryMs: 15 * 60_000 }
    assert.deepEqual((await applyOperation({ type: 'drop', id: 'e@a' }, deps)).ids, ['e@a'])
    assert.deepEqual(statesOf(first.store), { 'e@a': 'dropped' })
  })

  it('on an endpoint ends its pause and makes all that waits due', async () => {
    const { accept, tryNext, apply, outbox, clock, store } = newOperator()
    await accept('e', 'f')
    await tryNext({ status: 'retry', reason: SERVER_ERROR.reason, afterMs: 100_000 })
    await tryNext({ status: 'rejected', reason: { code: 'http_gone', text: 'HTTP 410: Gone' } })
    assert.equal(outbox.next('a'), undefined)
    const resent = await apply({ type: 'resend', dead: true, endpoint: 'a' })
    assert.deepEqual(resent.notes, ['endpoint a is paused, so they wait; to end that: pb-bridge resume a'])
    assert.deepEqual((await apply({ type: 'resume', endpoint: 'a' })).notes, [])
    assert.equal(outbox.next('a')?.delivery.id, 'e@a')
    assert.deepEqual((await apply({ type: 'resume', endpoint: 'a' })).notes, ['endpoint a was not paused'])
    assert.match(
      (await apply({ type: 'resume', endpoint: 'b' })).reasons[0] ?? '',
      /no enabled endpoint is named "b"; the config has a/,
    )
    const later = outboxOver({ clock, store })
    assert.equal(later.outbox.next('a')?.delivery.id, 'e@a')
  })

  it('says where there is nothing to do, and does not send to an endpoint that is gone', async () => {
    const { accept, apply, clock, store, deps } = newOperator(TWO)
    assert.deepEqual((await apply({ type: 'drop', dead: true })).reasons, ['there is no dead letter'])
    assert.deepEqual((await apply({ type: 'drop', dead: true, endpoint: 'b' })).reasons, [
      'there is no dead letter for an endpoint "b"',
    ])
    await accept('e')
    const { outbox } = outboxOver({ clock, store }, [recipientOf('a')])
    const applied = await applyOperation({ type: 'resend', dead: true }, { ...deps, outbox })
    assert.deepEqual(
      [applied.changed, applied.reasons],
      [0, ['e@手机@home: endpoint 手机@home is not in the config, or not enabled']],
    )
  })

  it('can drop what is unreadable, and not send it', async () => {
    const { accept, apply, database, store, clock, deps } = newOperator()
    await accept('e', 'f')
    database.exec(
      "UPDATE event SET body = '{' WHERE id = 'e'; UPDATE delivery SET body = '{' WHERE id = 'f@a'",
    )
    const { outbox } = outboxOver({ clock, store })
    await apply({ type: 'drop', id: 'nothing' })
    const again = await applyOperation({ type: 'resend', id: 'e' }, { ...deps, outbox })
    assert.deepEqual(again.reasons, ['e@a: its record is unreadable'])
    for (const id of ['e', 'f']) {
      const dropped = await applyOperation({ type: 'drop', id }, { ...deps, outbox })
      assert.deepEqual([dropped.changed, dropped.reasons], [1, []])
    }
    assert.deepEqual(statesOf(store), { 'e@a': 'dropped', 'f@a': 'dropped' })
  })

  it("is refused while the disk refuses, for it can't see what waits", async () => {
    const { outbox, apply, database, tryNext } = newOperator()
    database.refusal = DISK_FULL
    await outbox.accept([eventOf('e')])
    await tryNext(REJECTED)
    const applied = await apply({ type: 'resend', id: 'e' })
    assert.deepEqual(applied.reasons, ["the store can't be written now; mend the disk, then try again"])
    database.refusal = undefined
    assert.equal((await apply({ type: 'resend', id: 'e' })).changed, 1)
  })

  it('sees what another has just changed, before it is on the disk', async () => {
    const { accept, outbox, store } = newOperator()
    await accept('e')
    assert.deepEqual(await Promise.all([outbox.drop('e@a'), outbox.drop('e@a')]), [true, false])
    assert.deepEqual(statesOf(store), { 'e@a': 'dropped' })
  })

  it('that is none is refused', async () => {
    const { deps } = newOperator()
    for (const request of [
      null,
      7,
      'drop',
      [],
      {},
      { type: 'drop' },
      { type: 'drop', id: '' },
      { type: 'erase', id: 'x' },
    ])
      assert.throws(() => applyRequest(request, deps), /the request is none that this bridge knows/)
    assert.throws(
      () => applyRequest({ type: 'drop', id: 'e', dead: true }, deps),
      /none that this bridge knows/,
    )
  })
})
