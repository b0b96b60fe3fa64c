import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toPayload } from '../../src/delivery/payload.ts'
import type { HttpAnswer, HttpRequest } from '../../src/delivery/provider.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import type { Outcome } from '../../src/outcome.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

type Options = { url?: string; bark?: object }

function endpointOf(options: Options) {
  return only(endpointsOf({ type: 'bark', ...options }))
}

function request(options: Options, event = fullEvent('backup_success'), carry?: unknown): HttpRequest {
  const { provider, target } = endpointOf(options)
  const payload = toPayload(event, { plugin: PLUGIN, language: 'en_us' })
  return provider.request({ event, language: 'en_us', payload, deliveryId: 'd-1' }, target, { carry, now: 0 })
}

function sent(options: Options, event?: LifecycleEvent): Record<string, unknown> {
  return JSON.parse(request(options, event).body ?? '')
}

function judge(options: Options, answer: Partial<HttpAnswer> & { json?: unknown }, carry?: unknown) {
  const { provider } = endpointOf(options)
  const { json, ...rest } = answer
  return provider.judge?.(
    { status: 200, headers: {}, body: json === undefined ? '' : JSON.stringify(json), ...rest },
    { request: request(options, undefined, carry), carry, doubtful: false, now: 0 },
  )
}

function codeOf(outcome: Outcome | undefined): string {
  if (!outcome) return 'left to the status'
  return outcome.status === 'delivered' ? 'delivered' : `${outcome.status} ${outcome.reason.code}`
}

const KEY = { device_key: 'k/1?' }

describe('where Bark sends', () => {
  it('puts the key in the body at /push alone', () => {
    for (const url of ['https://b.example/push', 'https://b.example/x/push/']) {
      assert.equal(request({ url, bark: KEY }).url, url)
      assert.equal(sent({ url, bark: KEY }).device_key, 'k/1?')
    }
    assert.equal('device_key' in sent({ url: 'https://b.example/KEY', bark: KEY }), false)
  })

  it('puts the key where the URL has its place, encoded', () => {
    for (const place of ['{device_key}', '{key}']) {
      const asked = request({ url: `https://b.example/${place}`, bark: KEY })
      assert.equal(asked.url, 'https://b.example/k%2F1%3F')
      assert.equal('device_key' in JSON.parse(asked.body ?? ''), false)
    }
  })

  it('leaves a place alone when there is no key', () => {
    assert.equal(request({ url: 'https://b.example/{key}' }).url, 'https://b.example/{key}')
  })

  it('knows the public server, and that a bare host means /push', () => {
    assert.equal(request({ bark: KEY }).url, 'https://api.day.app/push')
    assert.equal(request({ url: 'https://b.example', bark: KEY }).url, 'https://b.example/push')
    assert.equal(endpointsOf({ url: 'https://api.day.app/KEY' })[0]?.provider.type, 'bark')
  })
})

describe('what Bark is sent', () => {
  const level = (event: LifecycleEvent) => sent({ bark: KEY }, event).level

  it('is as loud as the event is bad', () => {
    const unknown = (watched?: boolean) => {
      const extra = { inferred: true, ...(watched !== undefined && { watched }) }
      return fullEvent('backup_failure', { message: 'outcome_unknown', extra })
    }
    assert.equal(level(fullEvent('backup_success')), 'passive')
    assert.equal(level(fullEvent('backup_start')), 'active')
    assert.equal(level(fullEvent('restore_start')), 'active')
    assert.equal(level(fullEvent('backup_failure')), 'critical')
    assert.equal(level(fullEvent('backup_failure', { message: 'aborted' })), 'active')
    assert.equal(level(fullEvent('restore_failure', { message: 'server_not_back' })), 'critical')
    assert.equal(level(unknown()), 'critical')
    assert.equal(level(unknown(true)), 'critical')
    assert.equal(level(unknown(false)), 'timeSensitive')
  })

  it('has the number of the backup in its title once', () => {
    assert.equal(sent({ bark: KEY }).title, 'survival: backup #12 completed')
    assert.equal(sent({ bark: { ...KEY, title: 'Backup' } }).title, 'Backup #12')
    assert.equal(
      sent({ bark: { ...KEY, title: 'Backup' } }, fullEvent('backup_start', { backup: {} })).title,
      'Backup',
    )
  })

  it('is text, Markdown or one’s own words', () => {
    const event = fullEvent('backup_success')
    const { body, desp } = toPayload(event, { plugin: PLUGIN, language: 'en_us' })
    const text = (bark: object) => {
      const { body, markdown } = sent({ bark: { ...KEY, ...bark } })
      return { body, markdown }
    }
    assert.deepEqual(text({}), { body, markdown: undefined })
    assert.deepEqual(text({ body: 'mine' }), { body: 'mine', markdown: undefined })
    assert.deepEqual(text({ markdown: true }), { body: undefined, markdown: desp })
    assert.deepEqual(text({ markdown: true, body: '*mine*' }), { body: undefined, markdown: '*mine*' })
    assert.deepEqual(text({ markdown: '# mine', body: 'no' }), { body: undefined, markdown: '# mine' })
  })

  it('has every option as Bark wants it, whatever it was written as', () => {
    const bark = {
      ...KEY,
      level: null,
      volume: '7',
      badge: 3,
      call: 1,
      autoCopy: true,
      isArchive: 0,
      delete: '1',
      ttl: 3600,
      sound: null,
      icon: '',
    }
    const { title: _title, body: _body, ...rest } = sent({ url: 'https://b.example/KEY', bark })
    assert.deepEqual(rest, {
      level: 'passive',
      volume: 7,
      badge: 3,
      call: '1',
      autoCopy: '1',
      group: 'prime_backup_bridge',
      id: 'y7EGty8W4vR4',
      delete: '1',
      isArchive: '0',
      ttl: '3600',
    })
  })

  it('is one banner a task: the end of a task, and a repeat, have the id of its start', () => {
    const bark = { url: 'https://b.example/KEY' }
    const idOf = (event: LifecycleEvent) => sent(bark, event).id
    const start = idOf(fullEvent('backup_start', { id: 'a-start', taskId: 'a' }))
    assert.equal(idOf(fullEvent('backup_failure', { id: 'a-end', taskId: 'a' })), start)
    assert.notEqual(idOf(fullEvent('backup_start', { id: 'b-start', taskId: 'b' })), start)
  })

  it('has nothing of the payload but title and text', () => {
    const event = fullEvent('backup_success', { extra: { private: 'private' } })
    assert.deepEqual(Object.keys(sent({ bark: KEY }, event)), [
      'body',
      'title',
      'level',
      'group',
      'id',
      'device_key',
    ])
  })
})

describe('what Bark says', () => {
  const table: [string, Partial<HttpAnswer> & { json?: unknown }, string][] = [
    ['code 200', { json: { code: 200, message: 'success' } }, 'delivered'],
    ['code 200 with HTTP 500', { status: 500, json: { code: 200 } }, 'left to the status'],
    ['no key', { status: 400, json: { code: 400, message: 'device key is empty' } }, 'rejected vendor'],
    ['code 400 with HTTP 200', { json: { code: 400, message: 'no' } }, 'rejected vendor'],
    ['APNs is away', { status: 500, json: { code: 500, message: 'push failed: eof' } }, 'retry vendor'],
    [
      'too long',
      { status: 500, json: { code: 500, message: 'push failed: PayloadTooLarge' } },
      'rejected vendor',
    ],
    [
      'phone gone',
      { status: 500, json: { code: 500, message: 'push failed: BadDeviceToken' } },
      'rejected vendor',
    ],
    [
      'wrong path',
      { status: 404, json: { code: 404, message: 'Cannot POST /x' } },
      'rejected http_not_found',
    ],
    ['bad password', { status: 401, body: 'Unauthorized' }, 'left to the status'],
    ['too often', { status: 429, json: { code: 429, message: 'slow' } }, 'retry http_rate_limited'],
    ['a page', { body: '<html>' }, 'retry bad_answer'],
    ['nothing', { status: 204, body: '' }, 'retry bad_answer'],
    ['a gateway’s page', { status: 502, body: '<html>' }, 'left to the status'],
  ]
  for (const [what, answer, code] of table) {
    it(`makes "${what}" ${code}`, () => {
      assert.equal(codeOf(judge({ bark: KEY }, answer)), code)
    })
  }
})

describe('a batch of Bark', () => {
  const batch = { url: 'https://b.example/push', bark: { device_keys: 'key-a, key-b,key-c,key-a' } }
  const entries = (...codes: [string, number, string?][]) => ({
    json: {
      code: 200,
      data: codes.map(([device_key, code, message]) => ({ device_key, code, message })),
    },
  })
  const keysOf = (asked: HttpRequest) => JSON.parse(asked.body ?? '').device_keys

  it('goes to each key once', () => {
    assert.deepEqual(keysOf(request(batch)), ['key-a', 'key-b', 'key-c'])
    const both = { ...batch, bark: { device_keys: ['key-a'], device_key: 'key-d' } }
    assert.deepEqual(keysOf(request(both)), ['key-a', 'key-d'])
  })

  it('is delivered when each phone was reached', () => {
    const answer = entries(['key-a', 200], ['key-b', 200], ['key-c', 200])
    assert.equal(codeOf(judge(batch, answer)), 'delivered')
  })

  it('is sent again to those alone that may yet be reached', () => {
    const first = judge(batch, entries(['key-a', 200], ['key-b', 500, 'push failed: eof'], ['key-c', 200]))
    assert.equal(codeOf(first), 'retry vendor')
    const carry: unknown = first?.status === 'retry' ? JSON.parse(JSON.stringify(first.carry)) : undefined
    assert.doesNotMatch(JSON.stringify(carry), /key-/)
    assert.deepEqual(keysOf(request(batch, undefined, carry)), ['key-b'])
    assert.equal(codeOf(judge(batch, entries(['key-b', 200]), carry)), 'delivered')
  })

  it('is rejected in the end when a phone can’t be reached', () => {
    const answer = entries(['key-a', 400, 'no key-a'], ['key-b', 500, 'eof'], ['key-c', 200])
    const first = judge(batch, answer)
    assert.equal(codeOf(first), 'retry vendor')
    const carry = first?.status === 'retry' ? first.carry : undefined
    assert.deepEqual(keysOf(request(batch, undefined, carry)), ['key-b'])
    const second = judge(batch, entries(['key-b', 200]), carry)
    assert.equal(codeOf(second), 'rejected vendor')
    assert.match(second?.status === 'rejected' ? second.reason.text : '', /^1 of the phones not reached/)
  })

  it('takes entries without keys in their order, and a missing one as not reached', () => {
    const answer = { json: { code: 200, data: [{ code: 200 }, { code: 200 }] } }
    const outcome = judge(batch, answer)
    const carry = outcome?.status === 'retry' ? outcome.carry : undefined
    assert.deepEqual(keysOf(request(batch, undefined, carry)), ['key-c'])
  })

  it('is delivered by a server that says only that all went well', () => {
    assert.equal(codeOf(judge(batch, { json: { code: 200, message: 'success' } })), 'delivered')
  })

  it('is rejected whole when the server takes no batches', () => {
    const answer = { status: 400, json: { code: 400, message: 'device key is empty' } }
    assert.equal(codeOf(judge(batch, answer)), 'rejected vendor')
  })
})
