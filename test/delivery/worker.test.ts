import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createAttempt } from '../../src/delivery/attempt.ts'
import type { Http, HttpResult } from '../../src/delivery/http.ts'
import type { HttpRequest } from '../../src/delivery/provider.ts'
import { createWorker, type Worker } from '../../src/delivery/worker.ts'
import type { EventName, LifecycleEvent } from '../../src/event.ts'
import { createOutbox, type Outbox, type OutboxNews } from '../../src/outbox/outbox.ts'
import type { Store } from '../../src/outbox/store.ts'
import { type FakeClock, fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { doubleStore, statesOf } from '../outbox/fixture.ts'
import { endpointsOf, fullEvent, PLUGIN } from './fixture.ts'

type Call = { host: string; body: Record<string, string>; at: number; end: (result: HttpResult) => void }

function status(code: number, headers: { [name: string]: string } = {}): HttpResult {
  return { type: 'answer', answer: { status: code, headers, body: '' } }
}

/** An outbox and its worker, whose requests the test answers: now by a rule, or later by hand. */
function setUp(
  endpoints: object[],
  rule?: (request: HttpRequest, call: number) => HttpResult | undefined,
  { clock, store }: { clock: FakeClock; store: Store } = doubleStore(),
) {
  const log = fakeLog()
  const calls: Call[] = []
  const news: OutboxNews[] = []
  const http: Http = {
    send: (request, { signal }) =>
      new Promise(resolve => {
        const body = JSON.parse(request.body ?? '')
        calls.push({ host: new URL(request.url).host, body, at: clock.monotonic(), end: resolve })
        const now = rule?.(request, calls.length)
        if (now) resolve(now)
        const stopped: HttpResult = { type: 'fault', reason: { code: 'stopped', text: 'stopped' } }
        if (signal?.aborted) resolve(stopped)
        signal?.addEventListener('abort', () => resolve(stopped), { once: true })
      }),
    close: async () => {},
  }
  const all = endpointsOf(...endpoints)
  const worker: Worker = createWorker({
    endpoints: all,
    outbox: () => outbox,
    attempt: createAttempt({ http, clock }),
    clock,
    plugin: PLUGIN,
    log,
  })
  const outbox: Outbox = createOutbox(
    {
      recipients: all.map(({ key, fingerprint, retry }) => ({ key, fingerprint, retry, wants: () => true })),
      startExpiryMs: 15 * 60_000,
    },
    { store, clock, log, random: () => 0.5, onNews: one => news.push(one), onWork: worker.wake },
  )
  outbox.load()
  return {
    clock,
    store,
    log,
    calls,
    news,
    worker,
    outbox,
    hosts: () => calls.map(({ host }) => host),
    times: () => calls.map(({ at }) => at),
    ids: () => calls.map(({ body }) => body.id),
    accept: async (...events: LifecycleEvent[]) => {
      await outbox.accept(events)
      await settle()
    },
  }
}

async function settle() {
  for (let turn = 0; turn < 20; turn++) await setImmediate()
}

const clockNow = fakeClock().now()
const of = (name: EventName, task: number) =>
  fullEvent(name, { id: `${name}-${task}`, taskId: String(task), at: clockNow })

const A = { name: 'a', url: 'http://a/' }
const B = { name: 'b', url: 'http://b/' }
const ok = () => status(200)

describe('the worker', () => {
  it('sends what the outbox has to each endpoint, in its language', async () => {
    const { accept, calls, store } = setUp([A, { ...B, language: 'zh_cn' }], ok)
    await accept(of('backup_success', 1))
    assert.deepEqual(
      calls.map(({ host, body }) => [host, body.title]),
      [
        ['a', 'survival: backup #12 completed'],
        ['b', 'survival：备份 #12 已完成'],
      ],
    )
    assert.deepEqual(statesOf(store), {
      'backup_success-1@a': 'delivered',
      'backup_success-1@b': 'delivered',
    })
  })

  it('does not wait at one endpoint for another', async () => {
    const { accept, hosts, store } = setUp([A, B], request => (request.url === B.url ? ok() : undefined))
    await accept(of('backup_success', 1), of('backup_success', 2))
    assert.deepEqual(hosts().sort(), ['a', 'a', 'b', 'b'])
    assert.deepEqual(Object.values(statesOf(store)), ['sending', 'delivered', 'sending', 'delivered'])
  })

  it('has four deliveries under way at most', async () => {
    const { accept, calls, ids, clock } = setUp([A])
    await accept(...[1, 2, 3, 4, 5, 6].map(task => of('backup_success', task)))
    assert.equal(calls.length, 4)
    await clock.advance(60_000)
    assert.equal(calls.length, 4)
    calls[1]?.end(ok())
    await settle()
    assert.deepEqual(
      ids(),
      [1, 2, 3, 4, 5].map(task => `backup_success-${task}`),
    )
  })

  it('begins the end of a task after the start’s first try, and then waits for no try of it', async () => {
    const { accept, calls, ids } = setUp([A])
    await accept(of('backup_start', 1), of('backup_success', 1), of('backup_success', 2))
    assert.deepEqual(ids(), ['backup_start-1', 'backup_success-2'])
    calls[0]?.end(status(500))
    await settle()
    assert.deepEqual(ids(), ['backup_start-1', 'backup_success-2', 'backup_success-1'])
  })

  it('has no timer while only the end of a try can bring work', async () => {
    const { accept, clock, calls } = setUp([A])
    await accept(of('backup_start', 1), of('backup_success', 1))
    assert.equal(clock.pending(), 0)
    calls[0]?.end(ok())
    await settle()
    calls[1]?.end(ok())
    await settle()
    assert.deepEqual([calls.length, clock.pending()], [2, 0])
  })

  it('tries again after 1, 2 and 4 s with retry_times, with one timer', async () => {
    const { accept, clock, times, news } = setUp([{ ...A, retry_times: 3 }], () => status(500))
    await accept(of('backup_success', 1))
    assert.equal(clock.pending(), 1)
    await clock.advance(60_000)
    assert.deepEqual(times(), [0, 1_000, 3_000, 7_000])
    assert.deepEqual(
      news.map(({ type }) => type),
      ['dead'],
    )
    assert.equal(clock.pending(), 0)
  })

  it('tries again no sooner than Retry-After', async () => {
    const { accept, clock, times } = setUp([A], (_request, call) =>
      call === 1 ? status(503, { 'retry-after': '30' }) : ok(),
    )
    await accept(of('backup_success', 1))
    await clock.advance(60_000)
    assert.deepEqual(times(), [0, 30_000])
  })

  it('tells of a refusal once, as a dead letter with the answer in words', async () => {
    const { accept, log, hosts } = setUp([A], () => status(401))
    await accept(of('backup_success', 1))
    assert.deepEqual(hosts(), ['a'])
    assert.deepEqual(log.said(), [
      'backup_success to a: HTTP 401: Unauthorized; given up, kept as a dead letter',
    ])
  })

  it('takes along what the provider left, also over a restart and a try without an answer', async () => {
    const batch = (...codes: number[]): HttpResult => {
      const data = codes.map(code => ({ code, message: 'push failed' }))
      return {
        type: 'answer',
        answer: { status: 200, headers: {}, body: JSON.stringify({ code: 200, data }) },
      }
    }
    const phones = {
      name: 'a',
      type: 'bark',
      url: 'http://a/push',
      retry_times: 3,
      bark: { device_keys: ['key-a', 'key-b'] },
    }
    const double = doubleStore()
    const first = setUp([phones], () => batch(200, 500), double)
    await first.accept(of('backup_success', 1))
    await first.worker.stop(0)
    const { calls } = setUp(
      [phones],
      (_request, call) =>
        call === 1 ? { type: 'fault', reason: { code: 'unreachable', text: '' } } : batch(200),
      double,
    )
    await double.clock.advance(60_000)
    assert.deepEqual(
      [...first.calls, ...calls].map(({ body }) => body.device_keys),
      [['key-a', 'key-b'], ['key-b'], ['key-b']],
    )
    assert.deepEqual(statesOf(double.store), { 'backup_success-1@a': 'delivered' })
  })

  it('tells ServerChan’s duplicate from a first message by what came before', async () => {
    const duplicate: HttpResult = {
      type: 'answer',
      answer: { status: 200, headers: {}, body: '{"errno":1024,"errmsg":"x"}' },
    }
    const endpoint = { name: 'a', type: 'serverchan', serverchan: { sendkey: 'SCT1Tabc' } }
    for (const [code, last] of [
      ['timeout', 'delivered'],
      ['refused', 'dead'],
    ] as const) {
      const { accept, clock, store } = setUp([endpoint], (_request, call) =>
        call === 1 ? { type: 'fault', reason: { code, text: '' } } : duplicate,
      )
      await accept(of('backup_success', 1))
      await clock.advance(120_000)
      assert.deepEqual(Object.values(statesOf(store)), [last])
    }
  })

  it('says in the text that it is late, and when it happened, from 5 minutes on', async () => {
    for (const [agoMs, late] of [
      [5 * 60_000, false],
      [5 * 60_000 + 1, true],
    ] as const) {
      const { accept, calls, clock } = setUp([A], ok)
      await accept(fullEvent('backup_success', { at: clock.now() - agoMs }))
      assert.equal(/late/i.test(calls[0]?.body.title ?? ''), late)
      assert.equal(/Note: .*5 min/.test(calls[0]?.body.body ?? ''), late)
      assert.match(calls[0]?.body.body ?? '', /Time: /)
    }
  })

  it('goes at the pace that a service allows: ServerChan takes 3 at once, then one a second', async () => {
    const endpoint = { name: 'a', type: 'serverchan', serverchan: { sendkey: 'SCT1Tabc' } }
    const { accept, clock, times } = setUp([endpoint], () => ({
      type: 'answer',
      answer: { status: 200, headers: {}, body: '{"code":0,"message":"","data":{"errno":0}}' },
    }))
    await accept(...[1, 2, 3, 4, 5, 6].map(task => of('backup_success', task)))
    await settle()
    await clock.advance(10_000)
    assert.deepEqual(times(), [0, 0, 0, 1_000, 2_000, 3_000])
    assert.equal(clock.pending(), 0)
  })

  it('survives an event that can’t be put into words: it is a dead letter, and the next one is sent', async () => {
    const { accept, ids, store, log } = setUp([A], ok)
    await accept({ ...of('backup_success', 1), at: 1e300 }, of('backup_success', 2))
    assert.deepEqual(ids(), ['backup_success-2'])
    assert.deepEqual(statesOf(store), { 'backup_success-1@a': 'dead', 'backup_success-2@a': 'delivered' })
    assert.ok(log.lines.some(({ level }) => level === 'error'))
  })

  it('neither loses nor bursts when the clock jumps', async () => {
    for (const jump of [-3_600_000, 86_400_000]) {
      let well = false
      const { accept, clock, calls, store } = setUp([A], () => (well ? ok() : status(500)))
      await accept(...Array.from({ length: 20 }, (_, task) => of('backup_success', task)))
      const before = calls.length
      clock.jump(jump)
      await settle()
      assert.equal(calls.length, before)
      well = true
      await clock.advance(10_000)
      await settle()
      assert.ok(Object.values(statesOf(store)).every(state => state === 'delivered'))
      assert.equal(calls.length, before + 20)
    }
  })
})

describe('stopping', () => {
  it('waits for what is under way, and begins nothing more', async () => {
    const { accept, worker, calls, store, clock } = setUp([A])
    await accept(...[1, 2, 3, 4, 5].map(task => of('backup_success', task)))
    let stopped = false
    const stopping = worker.stop(5_000).then(() => {
      stopped = true
    })
    for (const call of calls) call.end(ok())
    await stopping
    assert.equal(calls.length, 4)
    assert.equal(clock.pending(), 0)
    assert.deepEqual(Object.values(statesOf(store)), [...Array(4).fill('delivered'), 'waiting'])
    assert.ok(stopped)
  })

  it('cuts what is not done in time and keeps it: the next run sends it under the same id', async () => {
    const double = doubleStore()
    const first = setUp(
      [A, { ...B, retry_times: 3 }],
      ({ url }) => (url === B.url ? status(500) : undefined),
      double,
    )
    await first.accept(of('backup_success', 1))
    const stopping = first.worker.stop(2_000)
    await double.clock.advance(1_999)
    assert.deepEqual(statesOf(double.store)['backup_success-1@a'], 'sending')
    await double.clock.advance(1)
    await stopping
    assert.equal(double.clock.pending(), 0)
    assert.deepEqual(Object.values(statesOf(double.store)), ['waiting', 'waiting'])
    const second = setUp([A, { ...B, retry_times: 3 }], ok, double)
    await double.clock.advance(60_000)
    assert.deepEqual(second.hosts().sort(), ['a', 'b'])
    assert.deepEqual(Object.values(statesOf(double.store)), ['delivered', 'delivered'])
  })

  it('takes nothing more afterwards, and can be done twice', async () => {
    const { accept, worker, hosts, store } = setUp([A], ok)
    await worker.stop(1_000)
    await accept(of('backup_success', 1))
    worker.wake('a')
    worker.wake('none')
    await worker.stop(1_000)
    assert.deepEqual(hosts(), [])
    assert.deepEqual(statesOf(store), { 'backup_success-1@a': 'waiting' })
  })
})
