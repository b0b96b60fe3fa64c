/** The verdict table: every answer that facts/providers.md section 1 lists for a service, and what comes of the delivery. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createAttempt } from '../../src/delivery/attempt.ts'
import { createHttp, type Http } from '../../src/delivery/http.ts'
import { toPayload } from '../../src/delivery/payload.ts'
import { afterTry, soundHealth } from '../../src/outbox/health.ts'
import { judgeTry } from '../../src/outbox/retry.ts'
import { fakeClock } from '../fake/clock.ts'
import { answer, page, type Receiver, type Reply, reset, startReceiver } from '../fake/receiver.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

/** In words: `delivered`; `again in S s`; `dead`, and `paused` where the endpoint is given up too. */
type Fate = string

const DUPLICATE = { errno: 1024, errmsg: '不要重复发送同样的内容' }
/** Ten in the morning in Shanghai: fourteen hours to midnight. */
const NOW = Date.UTC(2026, 10, 25, 2, 0, 0)
const DOUBTFUL = { doubtful: true }

type Row = [what: string, reply: Reply, fate: Fate, carry?: unknown]

const STATUSES: Row[] = [
  ['400', answer(400), 'dead http_rejected'],
  ['401', answer(401), 'dead http_auth'],
  ['403', answer(403), 'dead http_auth'],
  ['404', answer(404), 'dead http_not_found'],
  ['405', answer(405), 'dead http_rejected'],
  ['408', answer(408), 'again in 60 s timeout'],
  ['410', answer(410), 'dead http_gone, paused'],
  ['413', answer(413), 'dead http_too_large'],
  ['415', answer(415), 'dead http_rejected'],
  ['422', answer(422), 'dead http_rejected'],
  ['425', answer(425), 'again in 60 s http_rate_limited'],
  ['429', answer(429), 'again in 60 s http_rate_limited'],
  [
    '429 that asks for 5 minutes',
    answer(429, '', { 'retry-after': '300' }),
    'again in 300 s http_rate_limited',
  ],
  [
    '429 that asks for a month',
    answer(429, '', { 'retry-after': '2592000' }),
    'again in 86400 s http_rate_limited',
  ],
  ['301', answer(301, '', { location: 'https://b.example/' }), 'dead http_redirect'],
  ['307', answer(307, '', { location: 'https://b.example/' }), 'dead http_redirect'],
  ['500', answer(500), 'again in 1 s http_server_error'],
  ['502', answer(502), 'again in 1 s http_server_error'],
  ['503 that asks for 90 s', answer(503, '', { 'retry-after': '90' }), 'again in 90 s http_server_error'],
  ['504', answer(504), 'again in 1 s http_server_error'],
  ['a cut connection', reset, 'again in 0 s reset'],
]

const bark = (code: number, message: string, status = 200): Reply =>
  answer(status, { code, message, timestamp: 1 })
const turbo = (code: number, message: string, status = 200): Reply => answer(status, { code, message })

const TABLE: { [type: string]: { endpoint: object; rows: Row[] } } = {
  webhook: {
    endpoint: {},
    rows: [
      ['200', answer(200), 'delivered'],
      ['202', answer(202, 'queued'), 'delivered'],
      ['204', answer(204), 'delivered'],
      ['a page', page, 'delivered'],
      ...STATUSES,
    ],
  },
  bark: {
    endpoint: { bark: { device_key: 'key-0' } },
    rows: [
      ['success', bark(200, 'success'), 'delivered'],
      ['an unknown key', bark(400, 'failed to get [key-0] device token', 400), 'dead vendor'],
      ['an unknown key under HTTP 200', bark(400, 'failed to get device token'), 'dead vendor'],
      ['no text', bark(400, 'Empty Message', 400), 'dead vendor'],
      ['too large for APNs', bark(500, 'push failed: PayloadTooLarge', 500), 'dead vendor'],
      ['a token that APNs refuses', bark(500, 'push failed: BadDeviceToken', 500), 'dead vendor'],
      ['a token that is gone', bark(500, 'push failed: 410 Unregistered', 500), 'dead vendor'],
      ['another fault of APNs', bark(500, 'push failed: InternalServerError', 500), 'again in 1 s vendor'],
      ['too many', bark(429, 'too many', 429), 'again in 60 s http_rate_limited'],
      ['a password that is asked for', bark(401, 'unauthorized', 401), 'dead http_auth'],
      ['a page', page, 'again in 1 s bad_answer'],
      ['nothing', answer(204), 'again in 1 s bad_answer'],
      ...STATUSES,
    ],
  },
  'bark in a batch': {
    endpoint: { type: 'bark', bark: { device_keys: ['a', 'b'] } },
    rows: [
      ['all reached', batch(200, 200), 'delivered'],
      ['one to try again', batch(200, 500), 'again in 1 s vendor'],
      ['one unknown', batch(200, 400), 'dead vendor'],
      ['one unknown, one to try again', batch(400, 500), 'again in 1 s vendor'],
    ],
  },
  serverchan: {
    endpoint: { serverchan: { sendkey: 'SCT1T' } },
    rows: [
      ['code 0', answer(200, { code: 0, data: { errno: 0, pushid: '1', readkey: 'r' } }), 'delivered'],
      ['errno 0 of the old API', answer(200, { errno: 0, errmsg: 'success' }), 'delivered'],
      ['an errno inside a code 0', answer(200, { code: 0, data: { errno: 5, error: 'no' } }), 'dead vendor'],
      [
        'the quota of the day',
        turbo(40001, '[AUTH]超过当天的发送次数限制[5]', 400),
        'again in 50400 s vendor_quota',
      ],
      ['the quota as 471', turbo(471, '超过当天的发送次数限制[10]', 400), 'again in 50400 s vendor_quota'],
      ['a wrong key', turbo(40001, '[AUTH]用户不存在或者权限不足', 400), 'dead http_auth'],
      ['the limit of an address', answer(429, 'Too Many Requests'), 'again in 60 s http_rate_limited'],
      ['a duplicate, out of the blue', answer(200, DUPLICATE), 'dead vendor'],
      ['a duplicate, after a try that ended unknown', answer(200, DUPLICATE), 'delivered', DOUBTFUL],
      ['another code', turbo(20001, 'no'), 'dead vendor'],
      ['a page', page, 'again in 1 s bad_answer'],
      ['nothing', answer(200), 'again in 1 s bad_answer'],
      ...STATUSES,
    ],
  },
}

function batch(...codes: number[]): Reply {
  const data = codes.map((code, index) => ({ code, device_key: 'ab'[index], message: 'push failed' }))
  return answer(200, { code: 200, message: 'success', data })
}

for (const [name, { endpoint, rows }] of Object.entries(TABLE)) {
  describe(`what comes of a delivery by ${name}`, () => {
    const clock = fakeClock(NOW)
    let receiver: Receiver
    let http: Http

    before(async () => {
      receiver = await startReceiver()
      http = createHttp({ userAgent: 'test', clock, env: {} })
    })
    after(async () => {
      await http.close()
      await receiver.stop()
      assert.equal(clock.pending(), 0)
    })

    async function fateOf(reply: Reply, carry: unknown): Promise<Fate> {
      receiver.reply = reply
      const target = only(endpointsOf({ type: name, url: `${receiver.url}/push`, ...endpoint }))
      const event = fullEvent('backup_success')
      const payload = toPayload(event, { plugin: PLUGIN, language: 'en_us' })
      const notification = { event, language: 'en_us' as const, payload, deliveryId: `${event.id}@a` }
      const outcome = await createAttempt({ http, clock })(target, notification, carry)
      const tries = { attempts: 1, stale: false }
      const verdict = judgeTry(outcome, 5, tries, { ...target.retry, jitter: 0 }, { random: 0.5 })
      if (outcome.status === 'delivered') return verdict.state
      const { code, text } = outcome.reason
      const result = { delivered: false, gone: code === 'http_gone', reason: text }
      const paused = afterTry(soundHealth('f'), NOW, result).pausedAt === null ? '' : ', paused'
      if (verdict.state === 'waiting') return `again in ${verdict.afterMs / 1000} s ${code}${paused}`
      return `${verdict.state} ${code}${paused}`
    }

    for (const [what, reply, fate, carry] of rows) {
      it(`is "${fate}" after ${what}`, async () => {
        assert.equal(await fateOf(reply, carry), fate)
      })
    }
  })
}
