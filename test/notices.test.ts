import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LifecycleEvent } from '../src/event.ts'
import { createNotices, NOTICE_INTERVAL_MS, NOTICES, type NoticeCode } from '../src/notices.ts'
import { fakeClock } from './fake/clock.ts'

function setUp() {
  const clock = fakeClock()
  const told: LifecycleEvent[] = []
  return { clock, told, ...createNotices(clock, event => told.push(event)) }
}

describe('a notice', () => {
  it('is an event of the bridge with a stable code and the words in both languages', () => {
    const { raise, told, clock } = setUp()
    raise('endpoint_paused', 'phone', 'phone', 'HTTP 500', 'phone')
    const [event] = told
    assert.partialDeepStrictEqual(event, {
      name: 'bridge_notice',
      at: clock.now(),
      server: '',
      running: null,
      extra: { about: 'phone' },
      notice: {
        code: 'endpoint_paused',
        text: {
          en_us:
            'endpoint phone is paused: HTTP 500. It is tried every 6 hours; mend it, then run: pb-bridge resume phone',
          zh_cn: '端点 phone 已暂停：HTTP 500。每 6 小时会再试一次；修复后请运行：pb-bridge resume phone',
        },
      },
    })
    assert.match(event?.id ?? '', /^notice-[0-9a-f]{16}$/)
    assert.equal(event?.taskId, event?.id)
  })

  it('is told once an hour of each code and subject', async () => {
    const { raise, told, clock } = setUp()
    for (let minute = 0; minute < 180; minute++) {
      raise('dead_letter', 'a', 'backup_success', 'a', 'HTTP 400', 'x')
      raise('dead_letter', 'b', 'backup_success', 'b', 'HTTP 400', 'y')
      raise('store_at_risk', '', 'full')
      await clock.advance(60_000)
    }
    const at = (code: string, about?: string) =>
      told
        .filter(({ notice, extra }) => notice?.code === code && extra?.about === about)
        .map(event => (event.at - (told[0]?.at ?? 0)) / NOTICE_INTERVAL_MS)
    // What was held back is told when the hour is over; many dead letters are one notice.
    assert.deepEqual(at('dead_letter', 'a'), [0])
    assert.deepEqual(at('dead_letters', 'a'), [1, 2, 3])
    assert.deepEqual(at('dead_letters', 'b'), [1, 2, 3])
    assert.deepEqual(at('store_at_risk'), [0, 1, 2, 3])
    const more = told.find(({ notice }) => notice?.code === 'dead_letters')
    assert.match(more?.notice?.text.en_us ?? '', /^59 more .* pb-bridge resend --dead --endpoint a$/)
    assert.equal(new Set(told.map(({ id }) => id)).size, told.length)
  })

  it('has the last word, whatever the hour: what it overtakes is not said after it', async () => {
    const { raise, told, clock } = setUp()
    raise('store_at_risk', '', 'full')
    await clock.advance(60_000)
    raise('store_recovered', '')
    await clock.advance(60_000)
    raise('store_at_risk', '', 'full again')
    await clock.advance(NOTICE_INTERVAL_MS)
    const codes = told.map(({ notice }) => notice?.code)
    assert.deepEqual(codes, ['store_at_risk', 'store_recovered', 'store_at_risk'])
    raise('store_recovered', '')
    raise('store_at_risk', '', 'once more')
    raise('store_recovered', '')
    await clock.advance(2 * NOTICE_INTERVAL_MS)
    assert.equal(told.at(-1)?.notice?.code, 'store_recovered')
  })

  it('that is held back is not said after the bridge has stopped, and leaves no timer', async () => {
    const { raise, stop, told, clock } = setUp()
    raise('store_at_risk', '', 'full')
    raise('store_at_risk', '', 'full')
    stop()
    assert.equal(clock.pending(), 0)
    assert.equal(told.length, 1)
  })

  it('is held back by time that passed, not by a clock that was set', async () => {
    const { raise, told, clock } = setUp()
    raise('store_recovered', '')
    clock.jump(86_400_000)
    raise('store_recovered', '')
    assert.equal(told.length, 1)
    clock.jump(-2 * 86_400_000)
    await clock.advance(NOTICE_INTERVAL_MS)
    raise('store_recovered', '')
    assert.equal(told.length, 2)
  })

  it('of any code has a place for each value in both languages alike, and leaves what is put there as it is', () => {
    for (const code of Object.keys(NOTICES) as NoticeCode[]) {
      const { en_us, zh_cn } = NOTICES[code]
      const places = en_us.split('{}').length - 1
      assert.equal(zh_cn.split('{}').length - 1, places, code)
      const { raise, told } = setUp()
      raise(code, '', ...Array.from({ length: places }, () => '{} $& $1'))
      for (const text of Object.values(told[0]?.notice?.text ?? {}))
        assert.equal(text.split('{} $& $1').length - 1, places, code)
    }
  })
})
