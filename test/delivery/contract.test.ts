import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createAttempt } from '../../src/delivery/attempt.ts'
import { createHttp, type Http } from '../../src/delivery/http.ts'
import { createTester } from '../../src/delivery/tester.ts'
import type { Outcome } from '../../src/outcome.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import {
  answer,
  compressed,
  drip,
  flood,
  garbage,
  hang,
  page,
  type Receiver,
  type Reply,
  reset,
  stall,
  startReceiver,
} from '../fake/receiver.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

/** Stands in every place where an endpoint can hold a credential. */
const SECRET = 'hush-0123456789'

type Subject = {
  type: string
  endpoint: (url: string) => object
  /** What the service says of a delivery, and of a refusal with HTTP 200. */
  ok: object
  refused: object
  /** Whether the body decides, not the status alone. */
  readsBody: boolean
  /** JSON, where it is not said. */
  contentType?: string
}

const SUBJECTS: Subject[] = [
  {
    type: 'webhook',
    endpoint: url => ({ url: `${url}/hook/${SECRET}?token=${SECRET}`, headers: { 'X-Key': SECRET } }),
    ok: {},
    refused: {},
    readsBody: false,
  },
  {
    type: 'bark',
    endpoint: url => ({
      url: `${url}/push`,
      headers: { Authorization: `Basic ${SECRET}` },
      bark: { device_key: SECRET },
    }),
    ok: { code: 200, message: 'success', timestamp: 1 },
    refused: { code: 400, message: `failed to get [${SECRET}] device token`, timestamp: 1 },
    readsBody: true,
  },
  {
    type: 'serverchan',
    endpoint: url => ({ url: `${url}/${SECRET}.send`, serverchan: { sendkey: SECRET } }),
    ok: { code: 0, message: '', data: { pushid: '1', errno: 0 } },
    refused: { code: 20001, message: `bad key ${SECRET}` },
    readsBody: true,
  },
  {
    type: 'heartbeat',
    endpoint: url => ({ url: `${url}/ping/${SECRET}`, heartbeat: { service: 'healthchecks' } }),
    ok: {},
    refused: {},
    readsBody: false,
    contentType: 'text/plain; charset=utf-8',
  },
]

for (const { type, endpoint, ok, refused, readsBody, contentType = 'application/json' } of SUBJECTS) {
  describe(`an endpoint of type ${type}`, () => {
    let receiver: Receiver
    let http: Http
    const clock = fakeClock()
    const log = fakeLog()
    const outcomes: Outcome[] = []

    before(async () => {
      receiver = await startReceiver()
      http = createHttp({ userAgent: 'prime_backup_bridge/1.2.3', clock, env: {} })
    })
    after(async () => {
      await http.close()
      await receiver.stop()
    })

    /** What one attempt came to. `meanwhile` runs once the receiver has the request. */
    async function attempt(reply: Reply, meanwhile = async () => {}, url = receiver.url): Promise<Outcome> {
      receiver.reply = reply
      const seen = receiver.requests.length
      const tester = createTester({
        endpoints: endpointsOf({ type, retry_times: 0, ...endpoint(url) }),
        attempt: createAttempt({ http, clock }),
        clock,
        plugin: PLUGIN,
        log,
      })
      const done = tester.test(fullEvent('backup_success'))
      if (url === receiver.url) await receiver.request(seen + 1)
      await meanwhile()
      const { outcome } = only(await done)
      assert.ok(outcome.status !== 'skipped')
      outcomes.push(outcome)
      return outcome
    }

    function codeOf(outcome: Outcome): string {
      return outcome.status === 'delivered' ? 'delivered' : `${outcome.status} ${outcome.reason.code}`
    }

    function textOf(outcome: Outcome): string {
      return outcome.status === 'delivered' ? '' : outcome.reason.text
    }

    it('is delivered when the service says so', async () => {
      assert.equal(codeOf(await attempt(answer(200, ok))), 'delivered')
    })

    it(`names itself and sends ${contentType}`, async () => {
      await attempt(answer(200, ok))
      const request = receiver.requests.at(-1)
      assert.equal(request?.method, 'POST')
      assert.equal(request?.headers['user-agent'], 'prime_backup_bridge/1.2.3')
      assert.equal(request?.headers['content-type'], contentType)
      if (contentType === 'application/json') assert.equal(typeof JSON.parse(request?.body ?? ''), 'object')
    })

    if (readsBody) {
      it('is not delivered when the body of a 200 says no', async () => {
        const outcome = await attempt(answer(200, refused))
        assert.equal(codeOf(outcome), 'rejected vendor')
        assert.match(textOf(outcome), /\*\*\*/)
      })

      it('doubts a page, an empty answer and one that it can’t read', async () => {
        for (const reply of [page, answer(200), answer(204), compressed(ok)]) {
          assert.equal(codeOf(await attempt(reply)), 'retry bad_answer')
        }
      })
    } else {
      it('is delivered by any 2xx, since nothing but the status counts', async () => {
        for (const reply of [page, answer(204), answer(202, 'queued'), compressed({})]) {
          assert.equal(codeOf(await attempt(reply)), 'delivered')
        }
      })
    }

    it('is tried again no sooner than Retry-After says', async () => {
      const seconds = await attempt(answer(429, 'slow down', { 'retry-after': '7' }))
      assert.equal(codeOf(seconds), 'retry http_rate_limited')
      assert.equal(seconds.status === 'retry' && seconds.afterMs, 7000)
      const date = new Date(clock.now() + 30_000).toUTCString()
      const dated = await attempt(answer(503, '', { 'retry-after': date }))
      assert.equal(codeOf(dated), 'retry http_server_error')
      assert.equal(dated.status === 'retry' && dated.afterMs, 30_000)
    })

    it('tells what will not change from what may', async () => {
      const table: [number, string, string][] = [
        [400, 'rejected http_rejected', 'HTTP 400: Bad Request'],
        [401, 'rejected http_auth', 'HTTP 401: Unauthorized'],
        [403, 'rejected http_auth', 'HTTP 403: Forbidden'],
        [404, 'rejected http_not_found', 'HTTP 404: Not Found'],
        [408, 'retry timeout', 'HTTP 408: Request Timeout'],
        [410, 'rejected http_gone', 'HTTP 410: Gone'],
        [413, 'rejected http_too_large', 'HTTP 413: Payload Too Large'],
        [422, 'rejected http_rejected', 'HTTP 422: Unprocessable Entity'],
        [425, 'retry http_rate_limited', 'HTTP 425: Too Early'],
        [429, 'retry http_rate_limited', 'HTTP 429: Too Many Requests'],
        [500, 'retry http_server_error', 'HTTP 500: Internal Server Error'],
        [502, 'retry http_server_error', 'HTTP 502: Bad Gateway'],
        [504, 'retry http_server_error', 'HTTP 504: Gateway Timeout'],
      ]
      for (const [status, code, text] of table) {
        const outcome = await attempt(answer(status, 'no JSON'))
        assert.deepEqual([codeOf(outcome), textOf(outcome)], [code, text])
      }
    })

    it('does not follow a redirect, and names where it leads', async () => {
      const seen = receiver.requests.length
      for (const status of [301, 302, 303, 307, 308]) {
        const outcome = await attempt(answer(status, '', { location: 'https://other.example/new?a=b' }))
        assert.equal(codeOf(outcome), 'rejected http_redirect')
        assert.match(textOf(outcome), /moved to https:\/\/other\.example\/new\)$/)
      }
      const own = await attempt(answer(301, '', { location: `/x/${SECRET}.send/?key=${SECRET}` }))
      assert.match(textOf(own), /moved to http:\/\/127\.0\.0\.1:\d+\/x\/\S+\)$/)
      assert.equal(receiver.requests.length, seen + 6)
    })

    it('times out when nothing, or never all, is answered', async () => {
      for (const reply of [hang, stall, drip]) {
        const outcome = await attempt(reply, () => clock.advance(5000))
        assert.deepEqual([codeOf(outcome), textOf(outcome)], ['retry timeout', 'Timeout after 5s'])
      }
    })

    it('says that the connection was cut', async () => {
      const outcome = await attempt(reset)
      assert.equal(codeOf(outcome), 'retry reset')
      assert.match(textOf(outcome), /^connection cut by 127\.0\.0\.1:\d+ \(ECONNRESET\)$/)
    })

    it('says that the answer is no HTTP', async () => {
      assert.equal(codeOf(await attempt(garbage)), 'retry bad_answer')
    })

    it('reads 64 KiB of a long answer and drops the connection', async () => {
      const closed = Promise.withResolvers<boolean>()
      const outcome = await attempt((response, request) => {
        response.once('close', () => closed.resolve(response.writableFinished))
        flood(64 * 1024 ** 2)(response, request)
      })
      assert.equal(codeOf(outcome), readsBody ? 'retry bad_answer' : 'delivered')
      assert.equal(await closed.promise, false)
    })

    it('says that nobody listens', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise(resolve => server.once('listening', resolve))
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : 0
      await new Promise(resolve => server.close(resolve))
      const outcome = await attempt(hang, undefined, `http://127.0.0.1:${port}`)
      assert.deepEqual(
        [codeOf(outcome), textOf(outcome)],
        ['retry refused', `connection refused by 127.0.0.1:${port} (ECONNREFUSED)`],
      )
    })

    it('says that the host has no address', async () => {
      // Too long for a label: no name server is asked.
      const outcome = await attempt(hang, undefined, `http://${'n'.repeat(64)}.invalid`)
      assert.equal(codeOf(outcome), 'retry dns')
      assert.match(textOf(outcome), /^no address found for n{64}\.invalid/)
    })

    it('says that there is no TLS', async () => {
      const outcome = await attempt(hang, undefined, receiver.url.replace('http:', 'https:'))
      assert.equal(codeOf(outcome), 'retry tls')
    })

    it('keeps what was answered, its beginning only, for whoever looks into a dead letter', async () => {
      const outcome = await attempt(answer(400, `no, ${SECRET}! ${'x'.repeat(5000)}`))
      assert.ok(outcome.status === 'rejected')
      assert.match(outcome.reason.answer ?? '', /^no, \*\*\*! x{2000,}/)
      assert.ok((outcome.reason.answer ?? '').length <= 2048)
    })

    it('leaves no timer, and no secret in any text, carry or log', () => {
      assert.equal(clock.pending(), 0)
      assert.ok(outcomes.length > 30)
      assert.doesNotMatch(JSON.stringify([outcomes, log.lines]), new RegExp(SECRET))
    })
  })
}
