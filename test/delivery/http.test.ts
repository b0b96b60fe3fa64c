import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createAttempt } from '../../src/delivery/attempt.ts'
import { createHttp, type Http } from '../../src/delivery/http.ts'
import { toPayload } from '../../src/delivery/payload.ts'
import type { Outcome } from '../../src/outcome.ts'
import { fakeClock } from '../fake/clock.ts'
import { answer, hang, type Receiver, startReceiver } from '../fake/receiver.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

const event = fullEvent('backup_success')
const notification = {
  event,
  language: 'en_us',
  payload: toPayload(event, { plugin: PLUGIN, language: 'en_us' }),
  deliveryId: 'd-1',
} as const

let receiver: Receiver
let http: Http
const clock = fakeClock()

function useEnvironment(env: { [name: string]: string }) {
  http = createHttp({ userAgent: 'prime_backup_bridge/1.2.3', clock, env })
}

function send(endpoint: object, signal?: AbortSignal): Promise<Outcome> {
  const attempt = createAttempt({ http, clock })
  return attempt(only(endpointsOf(endpoint)), notification, undefined, signal)
}

function reasonOf(outcome: Outcome): string {
  return outcome.status === 'delivered' ? 'delivered' : `${outcome.reason.code}: ${outcome.reason.text}`
}

beforeEach(async () => {
  receiver = await startReceiver()
  useEnvironment({})
})

afterEach(async () => {
  await http.close()
  await receiver.stop()
  assert.equal(clock.pending(), 0)
})

describe('sending', () => {
  it('uses its connections again', async () => {
    for (let count = 0; count < 20; count++) await send({ url: receiver.url })
    assert.ok((await receiver.connections()) <= 2)
  })

  it('lets the endpoint’s headers win, whatever their case', async () => {
    await send({
      url: receiver.url,
      headers: { 'CONTENT-TYPE': 'application/cloudevents+json', 'user-Agent': 'mine', 'X-One': '1' },
    })
    const { headers } = await receiver.request(1)
    assert.equal(headers['content-type'], 'application/cloudevents+json')
    assert.equal(headers['user-agent'], 'mine')
    assert.equal(headers['x-one'], '1')
    assert.equal(headers['accept-encoding'], 'identity')
  })

  it('leaves the headers of the connection to the connection', async () => {
    const headers = { 'Content-Length': '3', 'Transfer-Encoding': 'gzip', Connection: 'upgrade', Expect: 'x' }
    assert.equal(reasonOf(await send({ url: receiver.url, headers })), 'delivered')
    const request = await receiver.request(1)
    assert.equal(request.headers['content-length'], String(Buffer.byteLength(request.body)))
  })

  it('turns a user in the URL into a header', async () => {
    await send({ url: receiver.url.replace('//', '//us%20er:p%40ss@') })
    const { headers, path } = await receiver.request(1)
    assert.equal(headers.authorization, `Basic ${Buffer.from('us er:p@ss').toString('base64')}`)
    assert.equal(path, '/')
  })

  it('stops when it is told to', async () => {
    receiver.reply = hang
    const stop = new AbortController()
    const sent = send({ url: receiver.url }, stop.signal)
    await receiver.request(1)
    stop.abort()
    assert.equal(reasonOf(await sent), 'stopped: stopped before it was answered')
    assert.match(reasonOf(await send({ url: receiver.url }, stop.signal)), /^stopped/)
  })

  it('ends what is under way when it is closed, and can be used again', async () => {
    receiver.reply = hang
    const sent = send({ url: receiver.url })
    await receiver.request(1)
    await http.close()
    assert.match(reasonOf(await sent), /^stopped/)
    receiver.reply = answer(200)
    assert.equal(reasonOf(await send({ url: receiver.url })), 'delivered')
  })
})

describe('a proxy', () => {
  const far = 'http://receiver.example:8080/hook'

  it('of the endpoint is used for it alone', async () => {
    const proxy = receiver.url.replace('//', '//user:pw@')
    assert.equal(reasonOf(await send({ url: far, proxy })), 'delivered')
    const { path, headers } = await receiver.request(1)
    assert.equal(path, far)
    assert.equal(headers.host, 'receiver.example:8080')
    assert.equal(headers['proxy-authorization'], `Basic ${Buffer.from('user:pw').toString('base64')}`)
    await send({ url: `${receiver.url}/direct` })
    assert.equal((await receiver.request(2)).path, '/direct')
  })

  it('of the environment is used but for the hosts that it excepts', async () => {
    useEnvironment({ HTTP_PROXY: receiver.url, no_proxy: '127.0.0.1' })
    await send({ url: far })
    await send({ url: `${receiver.url}/direct` })
    assert.deepEqual(
      receiver.requests.map(({ path }) => path),
      [far, '/direct'],
    )
  })

  it('that wants a password is named', async () => {
    receiver.reply = answer(407)
    const outcome = await send({ url: far, proxy: receiver.url })
    assert.match(reasonOf(outcome), /^proxy: the proxy can't be used/)
  })

  it('that is not there is named, be it the endpoint’s or the environment’s', async () => {
    const gone = receiver.url
    await receiver.stop()
    assert.match(reasonOf(await send({ url: far, proxy: gone })), /^proxy: .*\(ECONNREFUSED\)$/)
    useEnvironment({ http_proxy: gone })
    assert.match(reasonOf(await send({ url: far })), /^proxy: .*\(ECONNREFUSED\)$/)
  })

  it('that makes no tunnel ends the attempt', async () => {
    const outcome = await send({ url: 'https://receiver.example/hook', proxy: receiver.url })
    assert.equal(outcome.status, 'retry')
  })
})
