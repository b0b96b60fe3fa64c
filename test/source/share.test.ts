import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createShare } from '../../src/source/share.ts'

test('what takes little never has to rest', () => {
  const share = createShare(0)
  for (let now = 0; now < 600_000; now += 50) assert.equal(share.take(4, now), 0)
})

test('what takes long may do so for a second, and then for a tenth of the time', () => {
  const share = createShare(0)
  let now = 0
  let tookMs = 0
  let untilRestMs: number | undefined
  while (now < 60_000) {
    now += 20
    tookMs += 20
    const restMs = share.take(20, now)
    if (restMs > 0) untilRestMs ??= now
    now += restMs
  }
  assert.ok(
    untilRestMs !== undefined && untilRestMs > 1_000 && untilRestMs < 1_200,
    `after ${untilRestMs} ms`,
  )
  assert.ok(Math.abs(tookMs - 1_000 - 0.1 * now) < 100, `it took ${tookMs} of ${now} ms`)
})

test('after a rest, a second at once is not saved up again before ten have passed', () => {
  const share = createShare(0)
  let now = 0
  while (share.take(100, now) === 0) now += 100
  now += 5_000
  let free = 0
  while (share.take(100, now) === 0) {
    now += 100
    free += 1
  }
  assert.ok(free >= 3 && free <= 6, `${free} times`)
})

test('one hold-up of the machine counts as a quarter of a second', () => {
  const share = createShare(0)
  for (let reads = 0; reads < 4; reads++) assert.equal(share.take(10_000, 0), 0)
  assert.equal(share.take(10_000, 0), 2_500)
})
