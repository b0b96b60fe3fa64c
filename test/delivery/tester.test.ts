import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAttempt } from '../../src/delivery/attempt.ts'
import type { Http, HttpResult } from '../../src/delivery/http.ts'
import type { HttpRequest } from '../../src/delivery/provider.ts'
import { createTester, type TestResult } from '../../src/delivery/tester.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { endpointsOf, fullEvent, PLUGIN } from './fixture.ts'

type Call = { host: string; body: Record<string, string>; at: number; end: (result: HttpResult) => void }

function status(code: number, headers: { [name: string]: string } = {}): HttpResult {
  return { type: 'answer', answer: { status: code, headers, body: '' } }
}

/** A tester whose requests the test answers: now by a rule, or later by hand. */
function setUp(endpoints: object[], rule?: (request: HttpRequest, call: number) => HttpResult | undefined) {
  const clock = fakeClock()
  const log = fakeLog()
  const calls: Call[] = []
  const http: Http = {
    send: (request, { signal }) =>
      new Promise(resolve => {
        const body = JSON.parse(request.body ?? '')
        calls.push({ host: new URL(request.url).host, body, at: clock.monotonic(), end: resolve })
        const now = rule?.(request, calls.length)
        if (now) resolve(now)
        const stopped: HttpResult = { type: 'fault', reason: { code: 'stopped', text: 'stopped' } }
        signal?.addEventListener('abort', () => resolve(stopped), { once: true })
      }),
    close: async () => {},
  }
  const attempt = createAttempt({ http, clock })
  const tester = createTester({ endpoints: endpointsOf(...endpoints), attempt, clock, plugin: PLUGIN, log })
  return {
    clock,
    log,
    calls,
    tester,
    hosts: () => calls.map(({ host }) => host),
    times: () => calls.map(({ at }) => at),
  }
}

const A = { name: 'a', url: 'http://a/' }
const B = { name: 'b', url: 'http://b/' }
const ok = () => status(200)
const event = fullEvent('backup_success')

describe('a test', () => {
  it('goes to every enabled endpoint, whatever it wants, and tells of the others', async () => {
    const { tester, hosts } = setUp(
      [A, { ...B, enabled: false }, { name: 'c', url: 'http://c/', events: ['restore_start'] }],
      ok,
    )
    const results = await tester.test(event)
    assert.deepEqual(hosts(), ['a', 'c'])
    const result = (key: string, notSubscribed: boolean, outcome: TestResult['outcome']): TestResult => ({
      key,
      name: key,
      type: 'webhook',
      notSubscribed,
      tookMs: 0,
      outcome,
    })
    assert.deepEqual(results, [
      result('a', false, { status: 'delivered' }),
      result('b', false, { status: 'skipped', why: 'disabled' }),
      result('c', true, { status: 'delivered' }),
    ])
  })

  it('tells each result in the order of the config, as soon as that is possible', async () => {
    const { tester, calls, clock } = setUp([A, B, { name: 'c', url: 'http://c/' }])
    const told: TestResult[] = []
    const done = tester.test(event, { onResult: result => told.push(result) })
    const keys = () => told.map(({ key }) => key)
    await clock.advance(100)
    calls[1]?.end(ok())
    await clock.advance(100)
    assert.deepEqual(keys(), [])
    calls[0]?.end(status(404))
    await clock.advance(100)
    assert.deepEqual(keys(), ['a', 'b'])
    calls[2]?.end(ok())
    await done
    assert.deepEqual(
      told.map(({ key, tookMs, outcome }) => [key, tookMs, outcome.status]),
      [
        ['a', 200, 'rejected'],
        ['b', 100, 'delivered'],
        ['c', 300, 'delivered'],
      ],
    )
  })

  it('may be for some endpoints alone', async () => {
    const { tester, hosts } = setUp([A, B], ok)
    const results = await tester.test(event, { endpoints: ['b'] })
    assert.deepEqual(hosts(), ['b'])
    assert.equal(results.length, 1)
  })

  it('is tried again after short waits only: once where nothing is said, else as retry_times says', async () => {
    for (const [endpoint, at] of [
      [A, [0, 1_000]],
      [{ ...A, retry: { schedule: ['1d'] } }, [0, 1_000]],
      [{ ...A, retry_times: 0 }, [0]],
      [{ ...A, retry_times: 3 }, [0, 1_000, 3_000, 7_000]],
    ] as const) {
      const { tester, clock, times } = setUp([endpoint], () => status(500))
      const done = tester.test(event)
      await clock.advance(86_400_000)
      assert.equal((await done)[0]?.outcome.status, 'retry')
      assert.deepEqual(times(), at)
      assert.equal(clock.pending(), 0)
    }
  })

  it('waits for a Retry-After of 10 s at most, and is over where a longer one is asked for', async () => {
    for (const [seconds, at] of [
      ['10', [0, 10_000]],
      ['11', [0]],
    ] as const) {
      const { tester, clock, times } = setUp([A], () => status(429, { 'retry-after': seconds }))
      const done = tester.test(event)
      await clock.advance(60_000)
      await done
      assert.deepEqual(times(), at)
    }
  })

  it('is not tried again after a rejection', async () => {
    const { tester, times } = setUp([{ ...A, retry_times: 3 }], () => status(401))
    await tester.test(event)
    assert.deepEqual(times(), [0])
  })

  it('goes on when who listens fails', async () => {
    const { tester, log } = setUp([A, B], ok)
    const results = await tester.test(event, {
      onResult: () => {
        throw new Error('listener')
      },
    })
    assert.equal(results.length, 2)
    assert.equal(log.lines.at(-1)?.level, 'error')
  })

  it('is cut by a stop, in its request and in its wait for another', async () => {
    const { tester, clock } = setUp([A, { ...B, retry_times: 3 }], ({ url }) =>
      url === B.url ? status(500) : undefined,
    )
    const done = tester.test(event)
    await clock.advance(500)
    await tester.stop()
    assert.deepEqual(
      (await done).map(({ outcome }) => outcome.status),
      ['retry', 'retry'],
    )
    assert.equal(clock.pending(), 0)
  })
})
