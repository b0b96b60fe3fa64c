import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { afterTry, PAUSE_AFTER_MS, PROBE_EVERY_MS, probeInMs, soundHealth } from '../../src/outbox/health.ts'
import { fc } from '../fake/property.ts'
import { DAY, HOUR, SOUND } from './fixture.ts'

const FAILED = { delivered: false, reason: 'HTTP 500' }

describe('an endpoint', () => {
  it('is paused by time, not by count', () => {
    let health = SOUND
    for (let minute = 0; minute < 3 * 24 * 60; minute++) health = afterTry(health, minute * 60_000, FAILED)
    assert.equal(health.pausedAt, null)
    health = afterTry(health, 3 * DAY, FAILED)
    assert.deepEqual(health, {
      fingerprint: 'f',
      failingSince: 0,
      pausedAt: 3 * DAY,
      pausedFor: 'HTTP 500',
      probeAt: 3 * DAY + PROBE_EVERY_MS,
    })
  })

  it('that is rarely used is paused by the second failure after three days, and not before', () => {
    const once = afterTry(SOUND, 0, FAILED)
    assert.equal(afterTry(once, PAUSE_AFTER_MS - 1, FAILED).pausedAt, null)
    assert.equal(afterTry(once, PAUSE_AFTER_MS, FAILED).pausedAt, PAUSE_AFTER_MS)
  })

  it('begins anew with every success', () => {
    let health = SOUND
    for (let day = 0; day < 30; day++) {
      for (const hour of [0, 12]) health = afterTry(health, day * DAY + hour * HOUR, FAILED)
      if (day % 3 === 2) health = afterTry(health, day * DAY + 13 * HOUR, { delivered: true })
      assert.equal(health.pausedAt, null)
    }
    assert.deepEqual(health, SOUND)
  })

  it('whose address is gone is paused at once', () => {
    const health = afterTry(SOUND, 5, { delivered: false, gone: true, reason: 'HTTP 410: Gone' })
    assert.deepEqual([health.pausedAt, health.pausedFor], [5, 'HTTP 410: Gone'])
  })

  it('that is paused stays so, with its reason, and is tried every 6 hours until a try is delivered', () => {
    let health = afterTry(SOUND, 0, { delivered: false, gone: true, reason: 'gone' })
    for (let round = 1; round <= 20; round++) {
      const now = round * PROBE_EVERY_MS
      assert.equal(probeInMs(health, now - 1), 1)
      assert.equal(probeInMs(health, now), 0)
      health = afterTry(health, now, FAILED)
      assert.deepEqual([health.pausedAt, health.pausedFor], [0, 'gone'])
    }
    assert.deepEqual(afterTry(health, 21 * PROBE_EVERY_MS, { delivered: true }), soundHealth('f'))
  })

  it('is paused and tried after the usual times when the clock is set back by years', () => {
    const ahead = 3_650 * DAY
    let health = afterTry(SOUND, ahead, FAILED)
    health = afterTry(health, 0, FAILED)
    assert.equal(health.failingSince, 0)
    health = afterTry(health, 3 * DAY, FAILED)
    assert.equal(health.pausedAt, 3 * DAY)
    const paused = afterTry(SOUND, ahead, { ...FAILED, gone: true })
    assert.equal(probeInMs(paused, 0), PROBE_EVERY_MS)
  })

  it('is never paused before three days without a success, nor is a pause ended by a failure', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: DAY }), fc.boolean())
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
        let [now, health] = [0, SOUND]
        let firstFailure: number | undefined
        for (const [ms, delivered] of steps) {
          now += ms
          const before = health
          health = afterTry(health, now, { delivered })
          if (delivered) firstFailure = undefined
          else firstFailure ??= now
          const failingMs = firstFailure === undefined ? undefined : now - firstFailure
          const expected =
            failingMs !== undefined && (before.pausedAt !== null || failingMs >= PAUSE_AFTER_MS)
          assert.equal(health.pausedAt !== null, expected)
          assert.equal(health.probeAt !== null, expected)
        }
      }),
    )
  })
})
