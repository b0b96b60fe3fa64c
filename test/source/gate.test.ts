import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGate } from '../../src/source/gate.ts'
import { fakeClock } from '../fake/clock.ts'

/** When each of these places was let in, in milliseconds, all asking at once. */
async function letIn(...places: string[]): Promise<[string, number][]> {
  const clock = fakeClock()
  const gate = createGate(clock)
  const entered: [string, number][] = []
  const { signal } = new AbortController()
  for (const place of places)
    void gate.enter(place, signal).then(() => entered.push([place, Math.round(clock.monotonic())]))
  await clock.advance(600_000)
  assert.equal(clock.pending(), 0)
  return entered
}

test('the first comes in at once, and others a tenth of a second after each other', async () => {
  assert.deepEqual(await letIn('a', 'b', 'c'), [
    ['a', 0],
    ['b', 100],
    ['c', 200],
  ])
})

test('one place is entered every four seconds, and holds up no other', async () => {
  assert.deepEqual(await letIn('a', 'a', 'a', 'b'), [
    ['a', 0],
    ['b', 300],
    ['a', 4000],
    ['a', 8000],
  ])
})

test('five hundred servers are begun within a minute', async () => {
  const entered = await letIn(...Array.from({ length: 500 }, (_, index) => `server ${index}`))
  assert.equal(entered.length, 500)
  assert.ok((entered.at(-1)?.[1] ?? Number.POSITIVE_INFINITY) < 60_000)
})

test('who gives up waits no longer, and a place that was left alone is free', async () => {
  const clock = fakeClock()
  const gate = createGate(clock)
  const leaving = new AbortController()
  await gate.enter('a', leaving.signal)
  const refused = assert.rejects(gate.enter('a', leaving.signal), /stopped/)
  leaving.abort(new Error('stopped'))
  await refused
  assert.equal(clock.pending(), 0)
  await clock.advance(10_000)
  await gate.enter('a', new AbortController().signal)
})
