import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../../bench/client/world.ts'
import type { BridgeSample } from '../../bench/fleet/bridge.ts'
import { judgeCounts, judgeMemory } from '../../bench/soak/judge.ts'
import { SURE, slopeOf } from '../../bench/soak/slope.ts'

test('the slope of a straight line is its rise, without an error', () => {
  const { rise, error } = slopeOf([0, 1, 2, 3, 4].map(x => ({ x, y: 7 + 3 * x })))
  assert.ok(Math.abs(rise - 3) < 1e-9)
  assert.ok(error < 1e-6)
})

test('the slope of some points, and its error, are those that were worked out by hand', () => {
  // 19.9 / 10, and the root of 0.107 / 3 / 10.
  const { rise, error } = slopeOf([2.1, 3.9, 6.2, 7.8, 10.1].map((y, index) => ({ x: index + 1, y })))
  assert.ok(Math.abs(rise - 1.99) < 1e-9, String(rise))
  assert.ok(Math.abs(error - 0.05972) < 1e-4, String(error))
})

test('of a hundred lines with noise, the interval holds the true slope of about ninety-five', () => {
  const random = createRandom(7)
  let held = 0
  for (let line = 0; line < 100; line++) {
    const points = Array.from({ length: 60 }, (_, x) => ({ x, y: 0.5 * x + random() + random() + random() }))
    const { rise, error } = slopeOf(points)
    if (Math.abs(rise - 0.5) <= SURE * error) held += 1
  }
  assert.ok(held >= 88 && held <= 100, String(held))
})

const sample: BridgeSample = {
  atMs: 0,
  objects: 30e6,
  code: 4e6,
  external: 11e6,
  arrayBuffers: 0,
  rss: 180e6,
  resources: { PipeWrap: 1, TCPSocketWrap: 20, Timeout: 40 },
  sockets: 20,
  listenersOfOne: 11,
  listenersOfProcess: 12,
  listenersOfSignals: 20,
  active: 0,
  storeBytes: 0,
  warnings: 0,
  troubles: [],
}

/** Ten minutes, a sample every five seconds. */
function samplesOf(objects: (minutes: number, noise: number) => number): BridgeSample[] {
  const random = createRandom(3)
  return Array.from({ length: 120 }, (_, index) => ({
    ...sample,
    atMs: index * 5_000,
    objects: objects(index / 12, random()),
    external: sample.external + 1e4 * random(),
    rss: sample.rss + 1e5 * random(),
  }))
}

test('memory that goes up and down is flat, and what grows by a hundred bytes an event is not', () => {
  assert.deepEqual(judgeMemory({ samples: samplesOf((_, noise) => 30e6 + 3e5 * noise) }).faults, [])
  const leaking = samplesOf((minutes, noise) => 30e6 + 3e5 * noise + minutes * 1_000 * 100)
  const { faults } = judgeMemory({ samples: leaking })
  assert.equal(faults.length, 1)
  assert.match(faults[0] ?? '', /^objects grows by \d/)
})

test('one timer, listener or socket more at rest is growth, and fewer are none', () => {
  const stopped = { ...sample, resources: { PipeWrap: 1 } }
  const judge = (after: Partial<BridgeSample>) =>
    judgeCounts({ before: sample, after: { ...sample, ...after }, stopped }).faults
  assert.deepEqual(judge({}), [])
  assert.deepEqual(judge({ resources: { PipeWrap: 1, TCPSocketWrap: 20, Timeout: 39 } }), [])
  assert.deepEqual(judge({ resources: { ...sample.resources, Timeout: 41 } }), ['Timeout grew from 40 to 41'])
  assert.deepEqual(judge({ resources: { ...sample.resources, TTYWrap: 1 } }), ['TTYWrap grew from 0 to 1'])
  assert.deepEqual(judge({ listenersOfSignals: 21 }), ['listeners of abort signals grew from 20 to 21'])
})

test('whatever a stopped bridge leaves is told', () => {
  const stopped = { ...sample, resources: { PipeWrap: 1, Timeout: 1 } }
  assert.deepEqual(judgeCounts({ before: sample, after: sample, stopped }).faults, [
    '1 × Timeout is left of a bridge that has stopped',
  ])
})
