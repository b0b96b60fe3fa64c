import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPace } from '../../src/delivery/pace.ts'
import { fakeClock } from '../fake/clock.ts'
import { fc } from '../fake/property.ts'

describe('a pace', () => {
  it('without a rate has no limit', () => {
    const pace = createPace(undefined, fakeClock())
    for (let take = 0; take < 1_000; take++) assert.equal(pace.take(), 0)
  })

  it('lets a burst through, then one each interval, and says how long to wait', async () => {
    const clock = fakeClock()
    const pace = createPace({ burst: 2, intervalMs: 1_000 }, clock)
    assert.deepEqual([pace.take(), pace.take(), pace.take()], [0, 0, 1_000])
    await clock.advance(400)
    assert.equal(pace.take(), 600)
    await clock.advance(600)
    assert.deepEqual([pace.take(), pace.take()], [0, 1_000])
    await clock.advance(10_000)
    assert.deepEqual([pace.take(), pace.take(), pace.take()], [0, 0, 1_000])
  })

  it('gives in no stretch of time more than the burst and one for each interval, and none late', async () => {
    const steps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 1_500 }),
        steps,
        async (burst, intervalMs, steps) => {
          const clock = fakeClock()
          const pace = createPace({ burst, intervalMs }, clock)
          const taken: number[] = []
          for (const ms of steps) {
            for (;;) {
              const waitMs = pace.take()
              if (waitMs > 0) {
                assert.ok(waitMs <= intervalMs)
                break
              }
              taken.push(clock.monotonic())
            }
            await clock.advance(ms)
          }
          for (const [from, begin] of taken.entries()) {
            for (const [to, end] of taken.entries()) {
              if (to >= from) assert.ok(to - from + 1 <= burst + Math.floor((end - begin) / intervalMs) + 1)
            }
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('is not changed by a wall clock that is set', () => {
    const clock = fakeClock()
    const pace = createPace({ burst: 1, intervalMs: 1_000 }, clock)
    pace.take()
    clock.jump(86_400_000)
    assert.equal(pace.take(), 1_000)
    clock.jump(-2 * 86_400_000)
    assert.equal(pace.take(), 1_000)
  })
})
