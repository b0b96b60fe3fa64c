import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeTry, type RetryPolicy, type Tries } from '../../src/outbox/retry.ts'
import type { Outcome, ReasonCode } from '../../src/outcome.ts'
import { endpointsOf, only } from '../delivery/fixture.ts'
import { fc } from '../fake/property.ts'
import { DELIVERED, REJECTED } from './fixture.ts'

const retry = (code: ReasonCode, afterMs?: number): Outcome => ({
  status: 'retry',
  reason: { code, text: '' },
  ...(afterMs !== undefined && { afterMs }),
})
const tries = (attempts: number, stale = false): Tries => ({ attempts, stale })
const MIDDLE = { random: 0.5 }
/** As the config makes it of nothing, and of the fork's `retry_times`. */
const USUAL = only(endpointsOf({ url: 'http://localhost/' })).retry
const FORK = (times: number) => only(endpointsOf({ url: 'http://localhost/', retry_times: times })).retry

describe('the outcome of a try', () => {
  it('ends the delivery when it is delivered or refused for good, whatever the schedule has left', () => {
    assert.deepEqual(judgeTry(DELIVERED, 0, tries(99), USUAL, MIDDLE), { state: 'delivered' })
    assert.deepEqual(judgeTry(REJECTED, 0, tries(1), USUAL, MIDDLE), { state: 'dead', why: 'rejected' })
  })

  it('that may change leads through the schedule, which takes about three days', () => {
    const waits: number[] = []
    for (let attempts = 1; ; attempts++) {
      const verdict = judgeTry(retry('http_server_error'), 5_000, tries(attempts), USUAL, MIDDLE)
      if (verdict.state !== 'waiting') {
        assert.deepEqual(verdict, { state: 'dead', why: 'exhausted' })
        break
      }
      waits.push(verdict.afterMs / 1_000)
    }
    assert.deepEqual(waits, [1, 5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400])
    const days = waits.reduce((sum, wait) => sum + wait, 0) / 86_400
    assert.ok(days > 2.5 && days < 3.5, `${days} days`)
  })

  it('comes a fifth sooner or later at most', () => {
    const at = (random: number) => judgeTry(retry('refused'), 5_000, tries(3), USUAL, { random })
    assert.deepEqual(at(0), { state: 'waiting', afterMs: 24_000, stale: false })
    assert.deepEqual(at(0.5), { state: 'waiting', afterMs: 30_000, stale: false })
    const last = at(0.999_999)
    assert.ok(last.state === 'waiting' && last.afterMs < 36_000 && last.afterMs > 35_900)
  })
})

describe('Retry-After', () => {
  it('lengthens a wait and shortens none', () => {
    const wait = (afterMs: number) =>
      judgeTry(retry('http_server_error', afterMs), 0, tries(3), USUAL, MIDDLE)
    assert.partialDeepStrictEqual(wait(45_000), { afterMs: 45_000 })
    assert.partialDeepStrictEqual(wait(10_000), { afterMs: 30_000 })
  })

  it('is kept up to the longest step of the schedule', () => {
    for (const asked of [86_400_001, 9e9, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
      const verdict = judgeTry(retry('http_server_error', asked), 0, tries(1), USUAL, MIDDLE)
      assert.partialDeepStrictEqual(verdict, { afterMs: 86_400_000 })
    }
  })
})

describe('a receiver that was too slow or had too much', () => {
  for (const code of ['timeout', 'http_rate_limited', 'vendor_quota'] as const) {
    it(`is left alone for 60 s at least (${code})`, () => {
      for (const [attempts, afterMs] of [
        [1, 60_000],
        [2, 60_000],
        [3, 60_000],
        [4, 120_000],
      ] as const)
        assert.deepEqual(judgeTry(retry(code), 5_000, tries(attempts), USUAL, MIDDLE), {
          state: 'waiting',
          afterMs,
          stale: false,
        })
    })
  }

  it('is left alone for as long as it asked, where that is longer', () => {
    const verdict = judgeTry(retry('http_rate_limited', 90_000), 0, tries(1), USUAL, MIDDLE)
    assert.partialDeepStrictEqual(verdict, { afterMs: 90_000 })
  })
})

describe('a connection that died within a second', () => {
  it('is tried once more at once, which takes no step of the schedule', () => {
    const first = judgeTry(retry('reset'), 999, tries(1), USUAL, MIDDLE)
    assert.deepEqual(first, { state: 'waiting', afterMs: 0, stale: true })
    const second = judgeTry(retry('reset'), 999, tries(2, true), USUAL, MIDDLE)
    assert.deepEqual(second, { state: 'waiting', afterMs: 1_000, stale: true })
    const third = judgeTry(retry('reset'), 999, tries(3, true), USUAL, MIDDLE)
    assert.deepEqual(third, { state: 'waiting', afterMs: 5_000, stale: true })
  })

  it('is no stale one when it died later, or was never made', () => {
    assert.partialDeepStrictEqual(judgeTry(retry('reset'), 1_000, tries(1), USUAL, MIDDLE), {
      afterMs: 1_000,
    })
    assert.partialDeepStrictEqual(judgeTry(retry('refused'), 1, tries(1), USUAL, MIDDLE), { afterMs: 1_000 })
  })

  it('may come late in the schedule, and then too takes no step', () => {
    const verdict = judgeTry(retry('reset'), 5, tries(12), USUAL, MIDDLE)
    assert.deepEqual(verdict, { state: 'waiting', afterMs: 0, stale: true })
    const last = judgeTry(retry('reset'), 5_000, tries(13, true), USUAL, MIDDLE)
    assert.deepEqual(last, { state: 'dead', why: 'exhausted' })
  })
})

describe('retry_times', () => {
  it('means what it means for the fork: after 1, 2 and 4 s, without jitter, penalty or a try at once', () => {
    for (const code of ['http_server_error', 'timeout', 'http_rate_limited', 'reset'] as const) {
      for (let times = 0; times <= 3; times++) {
        const waits: number[] = []
        for (let attempts = 1; ; attempts++) {
          const verdict = judgeTry(retry(code), 5, tries(attempts), FORK(times), { random: 0 })
          if (verdict.state !== 'waiting') {
            assert.deepEqual(verdict, { state: 'dead', why: 'exhausted' })
            break
          }
          waits.push(verdict.afterMs)
        }
        assert.deepEqual(waits, [1_000, 2_000, 4_000].slice(0, times), `${code} ${times}`)
      }
    }
  })

  it('takes a Retry-After up to its own longest wait', () => {
    const verdict = judgeTry(retry('http_rate_limited', 3_600_000), 0, tries(1), FORK(3), MIDDLE)
    assert.partialDeepStrictEqual(verdict, { afterMs: 4_000 })
  })
})

describe('a start', () => {
  const start = (expiresInMs: number, attempts = 4) =>
    judgeTry(retry('http_server_error'), 5_000, tries(attempts), USUAL, { random: 0.5, expiresInMs })

  it('expires when its next try would come too late', () => {
    assert.equal(start(119_999).state, 'expired')
    assert.equal(start(120_000).state, 'waiting')
    assert.equal(start(-1).state, 'expired')
  })

  it('is a dead letter all the same when it is refused, or has no try left', () => {
    const late = { random: 0.5, expiresInMs: -1 }
    assert.equal(judgeTry(REJECTED, 0, tries(1), USUAL, late).state, 'dead')
    assert.equal(start(-1, 12).state, 'dead')
    assert.equal(judgeTry(DELIVERED, 0, tries(1), USUAL, late).state, 'delivered')
  })
})

describe('any schedule', () => {
  const policy: fc.Arbitrary<RetryPolicy> = fc.record({
    delaysMs: fc.array(fc.integer({ min: 1_000, max: 7 * 86_400_000 }), { maxLength: 30 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    patient: fc.boolean(),
  })
  const codes = fc.constantFrom<ReasonCode>(
    'reset',
    'timeout',
    'http_rate_limited',
    'http_server_error',
    'dns',
  )
  const answers = fc.array(
    fc.record({
      code: codes,
      afterMs: fc.option(fc.double({ min: 0, noNaN: true }), { nil: undefined }),
      tookMs: fc.nat(2_000),
    }),
    { minLength: 40, maxLength: 40 },
  )

  it('comes to its end after a try more than it has waits, or one more for a stale connection', () => {
    fc.assert(
      fc.property(
        policy,
        answers,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (policy, answers, random) => {
          let state = tries(0)
          for (const { code, afterMs, tookMs } of answers) {
            state = { ...state, attempts: state.attempts + 1 }
            const verdict = judgeTry(retry(code, afterMs), tookMs, state, policy, { random })
            if (verdict.state === 'waiting') {
              assert.ok(verdict.afterMs >= 0 && Number.isFinite(verdict.afterMs), String(verdict.afterMs))
              assert.ok(verdict.afterMs <= Math.max(60_000, 2 * Math.max(...policy.delaysMs)))
              state = { ...state, stale: verdict.stale }
              continue
            }
            const most = policy.delaysMs.length + 1
            assert.ok(state.attempts === most || (policy.patient && state.attempts === most + 1))
            return
          }
          assert.fail('it has no end')
        },
      ),
    )
  })
})
