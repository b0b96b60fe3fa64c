import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type AttemptReport, createDispatcher, type TestResult } from '../../src/delivery/dispatcher.ts'
import type { Http, HttpResult } from '../../src/delivery/http.ts'
import type { HttpRequest } from '../../src/delivery/provider.ts'
import type { EventName } from '../../src/event.ts'
import { endpointsOf, fullEvent, keptLog, movedClock, PLUGIN } from './fixture.ts'

type Call = { host: string; body: Record<string, string>; at: number; end: (result: HttpResult) => void }

function status(code: number, headers: { [name: string]: string } = {}): HttpResult {
  return { type: 'answer', answer: { status: code, headers, body: '' } }
}

/** A dispatcher whose requests the test answers, now by a rule or later by hand. */
function setUp(endpoints: object[], rule?: (request: HttpRequest, call: number) => HttpResult | undefined) {
  const clock = movedClock()
  const log = keptLog()
  const calls: Call[] = []
  const reports: AttemptReport[] = []
  const http: Http = {
    send: (request, { signal }) =>
      new Promise(resolve => {
        const end = resolve
        const body = JSON.parse(request.body ?? '')
        calls.push({ host: new URL(request.url).host, body, at: clock.monotonic(), end })
        const now = rule?.(request, calls.length)
        if (now) end(now)
        const stopped: HttpResult = { type: 'fault', reason: { code: 'stopped', text: 'stopped' } }
        if (signal?.aborted) end(stopped)
        signal?.addEventListener('abort', () => end(stopped), { once: true })
      }),
    close: async () => {},
  }
  const dispatcher = createDispatcher({
    endpoints: endpointsOf(...endpoints),
    http,
    clock,
    plugin: PLUGIN,
    log,
    onOutcome: report => reports.push(report),
  })
  const hosts = () => calls.map(({ host }) => host)
  return { clock, log, calls, reports, dispatcher, hosts }
}

const A = { name: 'a', url: 'http://a/' }
const B = { name: 'b', url: 'http://b/' }
const ok = () => status(200)

describe('an event', () => {
  it('goes to each endpoint that wants it', async () => {
    const { dispatcher, hosts } = setUp(
      [
        A,
        { ...B, enabled: false },
        { name: 'c', url: 'http://c/', events: ['backup_failure'] },
        { name: 'd', url: 'http://d/', servers: ['creative'] },
        { name: 'e', url: 'http://e/', events: ['backup_success'], servers: ['survival'] },
      ],
      ok,
    )
    await dispatcher.dispatch(fullEvent('backup_success'))
    assert.deepEqual(hosts(), ['a', 'e'])
  })

  it('goes out in the language of each endpoint', async () => {
    const { dispatcher, calls } = setUp([A, { ...B, language: 'zh_cn' }], ok)
    await dispatcher.dispatch(fullEvent('backup_success'))
    assert.deepEqual(
      calls.map(({ body }) => body.title),
      ['survival: backup #12 completed', 'survival：备份 #12 已完成'],
    )
  })

  it('does not wait at one endpoint for another', async () => {
    const { dispatcher, calls, hosts, reports } = setUp([A, B], request =>
      request.url === B.url ? ok() : undefined,
    )
    const first = dispatcher.dispatch(fullEvent('backup_success', { taskId: '1' }))
    const second = dispatcher.dispatch(fullEvent('backup_success', { taskId: '2' }))
    await setImmediate()
    assert.deepEqual(hosts(), ['a', 'b', 'a', 'b'])
    assert.equal(reports.length, 2)
    for (const call of calls) call.end(ok())
    await Promise.all([first, second])
    assert.equal(reports.length, 4)
  })

  it('that can’t be put into words harms nothing', async () => {
    const { dispatcher, log, hosts } = setUp([A], ok)
    await dispatcher.dispatch(fullEvent('backup_success', { at: Number.NaN }))
    await dispatcher.dispatch(fullEvent('backup_success'))
    assert.deepEqual(hosts(), ['a'])
    assert.equal(log.lines[0]?.level, 'error')
  })
})

describe('trying again', () => {
  it('comes after 1, 2 and 4 seconds, as often as is configured', async () => {
    const { dispatcher, clock, calls, reports } = setUp([{ ...A, retry_times: 3 }], () => status(500))
    const done = dispatcher.dispatch(fullEvent('backup_success'))
    await clock.advance(60_000)
    await done
    assert.deepEqual(
      calls.map(({ at }) => at),
      [0, 1000, 3000, 7000],
    )
    assert.deepEqual(
      reports.map(({ attempt, last }) => [attempt, last]),
      [
        [1, false],
        [2, false],
        [3, false],
        [4, true],
      ],
    )
  })

  it('comes no sooner than Retry-After', async () => {
    const { dispatcher, clock, calls } = setUp([A], (_request, call) =>
      call === 1 ? status(429, { 'retry-after': '30' }) : ok(),
    )
    const done = dispatcher.dispatch(fullEvent('backup_success'))
    await clock.advance(60_000)
    await done
    assert.deepEqual(
      calls.map(({ at }) => at),
      [0, 30_000],
    )
  })

  it('does not come when it would have to wait very long', async () => {
    const { dispatcher, hosts, reports } = setUp([A], () => status(429, { 'retry-after': '3600' }))
    await dispatcher.dispatch(fullEvent('backup_success'))
    assert.deepEqual(hosts(), ['a'])
    assert.equal(reports[0]?.last, true)
  })

  it('does not come after a rejection', async () => {
    const { dispatcher, hosts, log } = setUp([{ ...A, retry_times: 3 }], () => status(401))
    await dispatcher.dispatch(fullEvent('backup_success'))
    assert.deepEqual(hosts(), ['a'])
    assert.deepEqual(
      log.lines.map(({ level, message }) => [level, message]),
      [['warn', 'backup_success to a failed: HTTP 401: Unauthorized']],
    )
  })

  it('takes along what the provider left, also over an attempt without an answer', async () => {
    const url = 'http://a/push'
    const batch = (...codes: number[]): HttpResult => {
      const data = codes.map(code => ({ code, message: 'push failed' }))
      return {
        type: 'answer',
        answer: { status: 200, headers: {}, body: JSON.stringify({ code: 200, data }) },
      }
    }
    const answers = [
      batch(200, 500),
      { type: 'fault', reason: { code: 'timeout', text: '' } } satisfies HttpResult,
      batch(200),
    ]
    const { dispatcher, clock, calls, reports } = setUp(
      [{ name: 'a', type: 'bark', url, retry_times: 3, bark: { device_keys: ['key-a', 'key-b'] } }],
      (_request, call) => answers[call - 1],
    )
    const done = dispatcher.dispatch(fullEvent('backup_success'))
    await clock.advance(60_000)
    await done
    assert.deepEqual(
      calls.map(({ body }) => body.device_keys),
      [['key-a', 'key-b'], ['key-b'], ['key-b']],
    )
    assert.equal(reports.at(-1)?.outcome.status, 'delivered')
  })

  it('tells ServerChan’s duplicate from a first message by what came before', async () => {
    const duplicate: HttpResult = {
      type: 'answer',
      answer: { status: 200, headers: {}, body: '{"errno":1024,"errmsg":"x"}' },
    }
    const endpoint = { name: 'a', type: 'serverchan', serverchan: { sendkey: 'SCT1Tabc' } }
    for (const [code, last] of [
      ['timeout', 'delivered'],
      ['refused', 'rejected'],
    ] as const) {
      const { dispatcher, clock, reports } = setUp([endpoint], (_request, call) =>
        call === 1 ? { type: 'fault', reason: { code, text: '' } } : duplicate,
      )
      const done = dispatcher.dispatch(fullEvent('backup_success'))
      await clock.advance(60_000)
      await done
      assert.equal(reports.at(-1)?.outcome.status, last)
    }
  })
})

describe('the queue of an endpoint', () => {
  const of = (name: EventName, task: number) =>
    fullEvent(name, { id: `${name}-${task}`, taskId: String(task) })

  it('has four deliveries under way at most', async () => {
    const { dispatcher, calls } = setUp([A])
    const all = [1, 2, 3, 4, 5, 6].map(task => dispatcher.dispatch(of('backup_success', task)))
    await setImmediate()
    assert.equal(calls.length, 4)
    calls[1]?.end(ok())
    await setImmediate()
    assert.deepEqual(
      calls.map(({ body }) => body.task_id),
      ['1', '2', '3', '4', '5'],
    )
    for (const call of calls) call.end(ok())
    await setImmediate()
    calls[5]?.end(ok())
    await Promise.all(all)
  })

  it('tells the end of a task after its start', async () => {
    const { dispatcher, calls, clock } = setUp([A])
    const start = dispatcher.dispatch(of('backup_start', 1))
    const end = dispatcher.dispatch(of('backup_success', 1))
    const other = dispatcher.dispatch(of('backup_success', 2))
    await setImmediate()
    const seen = () => calls.map(({ body }) => body.id)
    assert.deepEqual(seen(), ['backup_start-1', 'backup_success-2'])
    calls[0]?.end(status(500))
    await setImmediate()
    assert.deepEqual(seen(), ['backup_start-1', 'backup_success-2', 'backup_success-1'])
    calls[1]?.end(ok())
    calls[2]?.end(ok())
    await Promise.all([end, other])
    await clock.advance(1000)
    calls[3]?.end(ok())
    await start
  })

  it('is bounded, and drops the oldest start first', async () => {
    const { dispatcher, log, clock } = setUp([A])
    const all: Promise<void>[] = []
    for (let task = 1; task <= 4; task++) all.push(dispatcher.dispatch(of('backup_success', task)))
    all.push(dispatcher.dispatch(of('backup_success', 5)), dispatcher.dispatch(of('backup_start', 6)))
    for (let task = 7; task <= 1006; task++) all.push(dispatcher.dispatch(of('backup_success', task)))
    assert.deepEqual(
      log.lines.map(({ message, fields }) => [message, 'event' in fields && fields.event]),
      [
        ['backup_start for a dropped: more than 1000 wait', 'backup_start-6'],
        ['backup_success for a dropped: more than 1000 wait', 'backup_success-5'],
      ],
    )
    const stopped = dispatcher.stop(10)
    await clock.advance(10)
    await Promise.all([...all, stopped])
  })
})

describe('a test', () => {
  it('goes to every enabled endpoint, whatever it wants, and tells of the others', async () => {
    const { dispatcher, hosts } = setUp(
      [A, { ...B, enabled: false }, { name: 'c', url: 'http://c/', events: ['restore_start'] }],
      ok,
    )
    const results = await dispatcher.test(fullEvent('backup_success'))
    assert.deepEqual(hosts(), ['a', 'c'])
    assert.deepEqual(results, [
      {
        key: 'a',
        name: 'a',
        type: 'webhook',
        notSubscribed: false,
        tookMs: 0,
        outcome: { status: 'delivered' },
      },
      {
        key: 'b',
        name: 'b',
        type: 'webhook',
        notSubscribed: false,
        tookMs: 0,
        outcome: { status: 'skipped', why: 'disabled' },
      },
      {
        key: 'c',
        name: 'c',
        type: 'webhook',
        notSubscribed: true,
        tookMs: 0,
        outcome: { status: 'delivered' },
      },
    ])
  })

  it('tells each result in the order of the config, as soon as that is possible', async () => {
    const { dispatcher, calls, clock } = setUp([A, B, { name: 'c', url: 'http://c/' }])
    const told: TestResult[] = []
    const done = dispatcher.test(fullEvent('backup_success'), { onResult: result => told.push(result) })
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
    const { dispatcher, hosts } = setUp([A, B], ok)
    const results = await dispatcher.test(fullEvent('backup_success'), { endpoints: ['b'] })
    assert.deepEqual(hosts(), ['b'])
    assert.equal(results.length, 1)
  })

  it('goes on when who listens fails', async () => {
    const { dispatcher, log } = setUp([A], ok)
    const results = await dispatcher.test(fullEvent('backup_success'), {
      onResult: () => {
        throw new Error('listener')
      },
    })
    assert.equal(results.length, 1)
    assert.equal(log.lines.at(-1)?.level, 'error')
  })
})

describe('stopping', () => {
  it('waits for what is under way', async () => {
    const { dispatcher, calls, clock, reports } = setUp([A])
    const sent = dispatcher.dispatch(fullEvent('backup_success'))
    const stopped = dispatcher.stop(5000)
    await setImmediate()
    calls[0]?.end(ok())
    await Promise.all([sent, stopped])
    assert.equal(reports[0]?.outcome.status, 'delivered')
    assert.equal(clock.pending(), 0)
  })

  it('cuts what is not done in time, a wait for another attempt too', async () => {
    const { dispatcher, clock, log } = setUp([A, { ...B, retry_times: 3 }], request =>
      request.url === B.url ? status(500) : undefined,
    )
    const sent = dispatcher.dispatch(fullEvent('backup_success'))
    const tested = dispatcher.test(fullEvent('backup_success'), { endpoints: ['a'] })
    const stopped = dispatcher.stop(2000)
    await clock.advance(2000)
    await Promise.all([sent, tested, stopped])
    assert.equal(clock.pending(), 0)
    const messages = log.lines.map(({ message }) => message)
    assert.ok(messages.includes('backup_success to a failed: stopped'))
    assert.ok(messages.includes('backup_success to b given up: the bridge stops'))
  })

  it('takes nothing more, and can be done twice', async () => {
    const { dispatcher, hosts, log } = setUp([A], ok)
    await dispatcher.stop(1000)
    await dispatcher.dispatch(fullEvent('backup_success'))
    await dispatcher.stop(1000)
    assert.deepEqual(hosts(), [])
    assert.equal(log.lines.length, 1)
  })
})
