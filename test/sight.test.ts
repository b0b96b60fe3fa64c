import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSight, type View } from '../src/sight.ts'
import { fakeClock } from './fake/clock.ts'

const MINUTE = 60_000
const SEEN: View = { plays: true, answers: null, logReadable: true, processRuns: true }

/** What is told while a server looks so, each for so many minutes. */
async function told(...views: [Partial<View>, minutes: number][]): Promise<string[]> {
  const clock = fakeClock()
  const codes: string[] = []
  let now = SEEN
  const sight = createSight(() => now, { clock, raise: code => codes.push(code) })
  for (const [view, minutes] of views) {
    now = { ...SEEN, ...view }
    sight.look()
    await clock.advance(minutes * MINUTE)
  }
  sight.stop()
  // What still comes in while the rest of the bridge stops starts no wait anew.
  now = { ...SEEN, ...KEPT_OUT }
  sight.look()
  assert.equal(clock.pending(), 0)
  return codes
}

const KEPT_OUT = { plays: false, answers: true, logReadable: false }
const SILENT = { plays: false, answers: false }

test('a bot that is kept out for five minutes, without a log, is told; and that it is over', async () => {
  assert.deepEqual(await told([KEPT_OUT, 4.9], [{}, 1]), [])
  assert.deepEqual(await told([KEPT_OUT, 5.1]), ['blind'])
  assert.deepEqual(await told([KEPT_OUT, 20], [{}, 1], [{}, 1]), ['blind', 'sees_again'])
})

test('a log that says the server runs, while that does not answer for half an hour, is told', async () => {
  assert.deepEqual(await told([SILENT, 29]), [])
  assert.deepEqual(await told([SILENT, 31], [{}, 1]), ['mcdr_silent', 'sees_again'])
})

test('a server that is down, or was never looked at, is no blindness', async () => {
  assert.deepEqual(await told([{ ...SILENT, processRuns: false }, 600]), [])
  assert.deepEqual(await told([{ ...SILENT, processRuns: null }, 600]), [])
  assert.deepEqual(await told([{ ...KEPT_OUT, answers: null }, 600]), [])
  assert.deepEqual(await told([{ ...KEPT_OUT, logReadable: true }, 600]), [])
})

test('a server that goes down is no all-clear, and its return no blindness anew', async () => {
  const down = { ...KEPT_OUT, answers: false }
  assert.deepEqual(await told([KEPT_OUT, 6], [down, 6], [KEPT_OUT, 12], [{}, 1]), ['blind', 'sees_again'])
})

test('one blindness after the other is told as it changes, each after its own time', async () => {
  assert.deepEqual(await told([SILENT, 20], [KEPT_OUT, 4], [SILENT, 31], [KEPT_OUT, 6], [{}, 1]), [
    'mcdr_silent',
    'blind',
    'sees_again',
  ])
})
