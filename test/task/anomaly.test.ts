import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toMessage } from '../../src/delivery/message.ts'
import { initialState, lifecycleSchema, observe, watchSchema } from '../../src/lifecycle.ts'
import type { Observation } from '../../src/observation.ts'
import { anomalyOf } from '../../src/task/anomaly.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const sizes = (...rawBytes: number[]) => ({ rawBytes, tookMs: [] })
const times = (...tookMs: number[]) => ({ rawBytes: [], tookMs })
const SAME = Array(10).fill(GIB)

describe('a backup is unlike those before it', () => {
  it('where its size is at most half, or at least twice, their median', () => {
    assert.deepEqual(anomalyOf({ rawBytes: GIB / 2 }, sizes(...SAME)), {
      of: 'size',
      ratio: 0.5,
      compared: 10,
    })
    assert.equal(anomalyOf({ rawBytes: 2.5 * GIB }, sizes(...SAME))?.ratio, 2.5)
    assert.equal(anomalyOf({ rawBytes: 0.6 * GIB }, sizes(...SAME)), undefined)
    assert.equal(anomalyOf({ rawBytes: 1.9 * GIB }, sizes(...SAME)), undefined)
  })

  it('but not where so little makes no difference', () => {
    assert.equal(anomalyOf({ rawBytes: MIB }, sizes(...Array(10).fill(10 * MIB))), undefined)
    assert.equal(anomalyOf({ tookMs: 30_000 }, times(...Array(10).fill(1000))), undefined)
  })

  it('nor where there are too few to compare, or nothing is known of it', () => {
    assert.equal(anomalyOf({ rawBytes: MIB }, sizes(GIB, GIB, GIB, GIB)), undefined)
    assert.equal(anomalyOf({}, sizes(...SAME)), undefined)
    assert.equal(anomalyOf({ rawBytes: GIB }, sizes(0, 0, 0, 0, 0)), undefined)
  })

  it('where it took at least twice as long; a quick one is no harm', () => {
    const usual = times(...Array(20).fill(100_000))
    assert.deepEqual(anomalyOf({ tookMs: 400_000 }, usual), { of: 'duration', ratio: 4, compared: 10 })
    assert.equal(anomalyOf({ tookMs: 10_000 }, usual), undefined)
  })

  it('and one odd one before it does not move the median', () => {
    assert.equal(anomalyOf({ rawBytes: GIB }, sizes(GIB, GIB, 100 * GIB, GIB, 1, GIB)), undefined)
  })
})

/** Six backups of a GiB, then one of a tenth of that. */
function lastOf(anomaly: boolean) {
  const options = { ...lifecycleSchema.parse({}), watch: watchSchema.parse({ anomaly }) }
  let state = initialState('survival')
  let last = [] as ReturnType<typeof observe>['events']
  for (let night = 0; night < 7; night += 1) {
    const rawBytes = night === 6 ? 0.1 * GIB : GIB
    const facts: Observation[] = [
      { type: 'backup_started', at: night * 3_600_000, source: 'chat' },
      {
        type: 'backup_completed',
        backup: { id: night + 1, rawBytes },
        costS: 5,
        at: night * 3_600_000 + 5000,
        source: 'chat',
      },
    ]
    for (const seen of facts) {
      const step = observe(state, seen, options)
      state = JSON.parse(JSON.stringify(step.state))
      last = step.events
    }
  }
  return last[0] ?? assert.fail('no event')
}

describe('what is unlike', () => {
  it('is one sentence in the text of the success, in both languages, where it is asked for', () => {
    const event = lastOf(true)
    assert.match(toMessage(event, 'en_us').body, /^Note: its size is 0\.1 times the median of the last 6$/m)
    assert.match(toMessage(event, 'zh_cn').body, /^说明: 体积为最近 6 次备份中位数的 0\.1 倍$/m)
  })

  it('is not looked for by default', () => {
    assert.equal(lastOf(false).anomaly, undefined)
  })
})
