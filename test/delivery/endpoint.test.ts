import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { PROVIDERS } from '../../src/delivery/catalog.ts'
import { notificationSchema, resolveEndpoints } from '../../src/delivery/endpoint.ts'
import { EVENT_NAMES } from '../../src/event.ts'
import { endpointsOf, only } from './fixture.ts'

function faultsOf(block: object): string[] {
  const result = notificationSchema.safeParse(block)
  return result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

function faultsOfEndpoint(endpoint: object): string[] {
  return faultsOf({ endpoints: [endpoint] }).map(fault => fault.replace(/^endpoints\.0\.?/, ''))
}

function warningsOf(...endpoints: object[]): string[] {
  return resolveEndpoints(notificationSchema.parse({ enabled: true, endpoints })).warnings
}

const NONE = {
  device_key: null,
  title: null,
  subtitle: null,
  body: null,
  level: null,
  call: null,
  autoCopy: null,
  copy: null,
  sound: null,
  icon: null,
  image: null,
  group: null,
  url: null,
  action: null,
  id: null,
  delete: null,
  isArchive: null,
  volume: null,
  badge: null,
  markdown: false,
}

describe('a notification block of the fork', () => {
  it('works unchanged', () => {
    const block = notificationSchema.parse({
      enabled: true,
      language: 'zh_cn',
      events: ['BACKUP_FAILURE', 'restore_failure'],
      endpoints: [
        {
          enabled: true,
          name: 'hook',
          type: 'Webhook',
          url: 'https://example.com/hook?x=1',
          headers: { Authorization: 'Bearer t0ken' },
          timeout: '5s',
          retry_times: 2,
          bark: NONE,
        },
        {
          enabled: false,
          name: 'phone',
          type: 'bark',
          url: 'https://api.day.app/{device_key}',
          headers: {},
          timeout: '1min',
          retry_times: 0,
          bark: { ...NONE, device_key: 'k', level: 'timeSensitive', volume: 7, badge: 3, isArchive: '1' },
        },
      ],
    })
    const { endpoints, warnings } = resolveEndpoints(block)
    assert.deepEqual(warnings, [])
    const shown = endpoints.map(({ provider, target, fingerprint, ...rest }) => ({
      ...rest,
      type: provider.type,
    }))
    const events = ['backup_failure', 'restore_failure']
    assert.deepEqual(shown, [
      {
        key: 'hook',
        name: 'hook',
        type: 'webhook',
        enabled: true,
        events,
        language: 'zh_cn',
        timeoutMs: 5000,
        retry: { delaysMs: [1000, 2000], jitter: 0, patient: false },
        testDelaysMs: [1000, 2000],
        notices: false,
        problemsOnly: false,
      },
      {
        key: 'phone',
        name: 'phone',
        type: 'bark',
        enabled: false,
        events,
        language: 'zh_cn',
        timeoutMs: 60_000,
        retry: { delaysMs: [], jitter: 0, patient: false },
        testDelaysMs: [],
        notices: true,
        problemsOnly: false,
      },
    ])
  })

  it('has the fork’s defaults', () => {
    const { enabled, language, events, endpoints } = notificationSchema.parse({})
    assert.deepEqual([enabled, language, events, endpoints], [false, 'en_us', [...EVENT_NAMES], []])
    const endpoint = only(endpointsOf({ url: 'http://localhost/' }))
    assert.deepEqual(
      [endpoint.name, endpoint.enabled, endpoint.timeoutMs, endpoint.testDelaysMs],
      ['default', true, 5000, [1000]],
    )
  })
})

describe('an endpoint', () => {
  it('is off while the block is off', () => {
    const block = notificationSchema.parse({ endpoints: [{ url: 'http://localhost/' }] })
    assert.equal(only(resolveEndpoints(block).endpoints).enabled, false)
  })

  it('gets of its own events those that the block names', () => {
    const block = notificationSchema.parse({
      enabled: true,
      events: ['backup_success', 'backup_failure'],
      endpoints: [{ url: 'http://localhost/', events: ['Backup_Failure', 'restore_failure'] }],
    })
    assert.deepEqual(only(resolveEndpoints(block).endpoints).events, ['backup_failure'])
  })

  it('may have a language, servers and a proxy of its own', () => {
    const own = { language: 'zh_cn', servers: ['creative'], proxy: 'http://user:pw@proxy:3128' }
    const { language, servers, proxy } = only(endpointsOf({ url: 'http://localhost/', ...own }))
    assert.deepEqual({ language, servers, proxy }, own)
  })

  it('has a key that no other has', () => {
    const names = ['a', 'a', 'a-2', 'a', 'b']
    const endpoints = names.map(name => ({ name, url: 'http://localhost/' }))
    assert.deepEqual(
      endpointsOf(...endpoints).map(({ key }) => key),
      ['a', 'a-3', 'a-2', 'a-4', 'b'],
    )
    assert.deepEqual(warningsOf(...endpoints), [
      "two notification endpoints are named 'a'; the later one is called 'a-3'",
      "two notification endpoints are named 'a'; the later one is called 'a-4'",
    ])
  })

  it('needs no URL where the key says it all', () => {
    const bark = only(endpointsOf({ type: 'bark', bark: { device_keys: ['a', 'b'] } }))
    assert.equal(bark.target.url, 'https://api.day.app/push')
    assert.deepEqual(faultsOfEndpoint({ type: 'serverchan', serverchan: { sendkey: 'k' } }), [])
  })
})

describe('a fault of the block', () => {
  const table: [string, object, string[]][] = [
    [
      'a wrong type',
      { type: 'x', url: 'http://localhost/' },
      ["type: bad notification endpoint type 'x'; write one of webhook, bark, serverchan, heartbeat"],
    ],
    [
      'no URL',
      { name: 'n', type: 'webhook' },
      ["url: notification endpoint 'n' is enabled but URL is empty; write its url, or enabled: false"],
    ],
    ['no URL of an endpoint that is off', { enabled: false }, []],
    [
      'too little time',
      { name: 'n', url: 'http://localhost/', timeout: '0.5s' },
      ['timeout: notification endpoint \'n\' timeout is too short: 0.5s (min 1s); write "1s" to "60s"'],
    ],
    [
      'too much time',
      { name: 'n', url: 'http://localhost/', timeout: 120 },
      ['timeout: notification endpoint \'n\' timeout is too long: 120s (max 60s); write "1s" to "60s"'],
    ],
    [
      'negative retries',
      { name: 'n', url: 'http://localhost/', retry_times: -1 },
      ["retry_times: notification endpoint 'n' retry_times is negative: -1; write 0 to 3"],
    ],
    [
      'too many retries',
      { name: 'n', url: 'http://localhost/', retry_times: 10 },
      ["retry_times: notification endpoint 'n' retry_times is too large: 10 (max 3); write 0 to 3"],
    ],
    [
      'a wrong proxy',
      { name: 'n', url: 'http://localhost/', proxy: 'proxy:3128' },
      ['proxy: notification endpoint \'n\' proxy is no URL; write it as "http://host:port"'],
    ],
  ]
  for (const [what, endpoint, faults] of table) {
    it(`is said of ${what}`, () => assert.deepEqual(faultsOfEndpoint(endpoint), faults))
  }

  it('is said of a wrong event, in the words of the fork', () => {
    const [first, second] = faultsOf({ events: ['backup', 3] })
    assert.match(
      first ?? '',
      /^events\.0: 'backup' is not a valid NotificationEvent; write one of backup_start,/,
    )
    assert.match(second ?? '', /^events\.1: bad notification event; write/)
  })

  it('is shown together with all the others, with none of the secrets', () => {
    const secret = 'hush-0123456789'
    const faults = faultsOfEndpoint({
      type: 'x',
      name: 'n',
      url: `ftp://${secret}`,
      proxy: secret,
      timeout: '120s',
      retry_times: 9,
      headers: { a: `${secret}\n`, [`${secret} `]: secret, b: 1 },
      bark: { device_key: { secret }, level: secret, volume: secret, markdown: [secret] },
      serverchan: { sendkey: [secret] },
      extra: secret,
      events: [],
      language: secret,
    })
    const places = new Set(faults.map(fault => fault.split(':')[0]))
    for (const place of [
      'type',
      'url',
      'proxy',
      'timeout',
      'retry_times',
      'headers',
      'headers.b',
      'bark.device_key',
      'bark.level',
      'bark.volume',
      'bark.markdown',
      'serverchan.sendkey',
      'language',
    ]) {
      assert.ok(places.has(place), place)
    }
    assert.ok(faults.some(fault => fault.includes('"extra"')))
    assert.doesNotMatch(faults.join('\n'), new RegExp(secret))
  })
})

describe('a warning', () => {
  const exposed = (what: string) =>
    `notification endpoint 'default' uses ${what} with non-HTTPS URL, credentials may be exposed; write https://`

  it('is given of credentials that go in the clear to a public host', () => {
    const url = 'http://example.com/hook'
    assert.deepEqual(warningsOf({ url }), [])
    assert.deepEqual(warningsOf({ url, headers: { authorization: 'x' } }), [exposed('authorization header')])
    assert.deepEqual(warningsOf({ url, headers: { 'X-API-Key': 'x' } }), [exposed('X-API-Key header')])
    assert.deepEqual(warningsOf({ url: `${url}?access_token=x` }), [exposed('URL parameter access_token')])
    assert.deepEqual(warningsOf({ url: 'http://u:p@example.com/' }), [
      exposed('a user and password in its URL'),
    ])
    assert.deepEqual(warningsOf({ url, type: 'bark' }), [exposed('a key')])
    assert.deepEqual(warningsOf({ url, enabled: false, headers: { Cookie: 'x' } }), [])
  })

  it('is not given of this machine and of private networks', () => {
    const headers = { Authorization: 'x' }
    const near =
      '127.0.0.1 127.9.9.9 localhost a.localhost [::1] 10.1.2.3 172.31.0.1 192.168.1.1 [fd00::1] [fe80::1] receiver nas.local [::ffff:10.0.0.1]'
    for (const host of near.split(' ')) {
      assert.deepEqual(warningsOf({ url: `http://${host}/`, headers }), [], host)
    }
    for (const host of ['127.evil.example', '172.32.0.1', '8.8.8.8', '[2001:db8::1]', 'localhost.example']) {
      assert.equal(warningsOf({ url: `http://${host}/`, headers }).length, 1, host)
    }
  })

  it('is given of a service that is written down as a webhook', () => {
    const [warning] = warningsOf({ type: 'webhook', url: 'https://sctapi.ftqq.com/SCT1.send' })
    assert.match(warning ?? '', /sends the whole payload to a serverchan host/)
    assert.doesNotMatch(warning ?? '', /SCT1/)
  })

  it('is given of an endpoint that nothing goes to', () => {
    assert.deepEqual(warningsOf({ url: 'https://example.com/', events: [] }), [
      "notification endpoint 'default' is for no event; check its events",
    ])
  })
})

describe('the schema', () => {
  type Described = { description?: string; properties?: { [key: string]: Described }; items?: Described }

  it('is told as JSON Schema, every key with a sentence', () => {
    const schema = z.toJSONSchema(notificationSchema, { io: 'input' }) as Described
    const missing: string[] = []
    function visit({ properties = {}, items }: Described, path: string) {
      if (items) visit(items, path)
      for (const [key, value] of Object.entries(properties)) {
        if (!value.description?.endsWith('.')) missing.push(`${path}.${key}`)
        visit(value, `${path}.${key}`)
      }
    }
    visit(schema, 'notification')
    assert.deepEqual(missing, [])
    const endpoint = schema.properties?.endpoints?.items?.properties ?? {}
    assert.deepEqual(endpoint.type, {
      description: endpoint.type?.description,
      type: 'string',
      enum: PROVIDERS.map(({ type }) => type),
    })
    assert.equal(endpoint.bark?.properties?.device_keys !== undefined, true)
  })
})
