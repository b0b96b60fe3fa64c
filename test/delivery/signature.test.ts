import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { Webhook } from 'standardwebhooks'
import { type Clock, systemClock } from '../../src/clock.ts'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { createAttempt } from '../../src/delivery/attempt.ts'
import { resolveEndpoints } from '../../src/delivery/endpoint.ts'
import { createHttp } from '../../src/delivery/http.ts'
import { toPayload } from '../../src/delivery/payload.ts'
import { secretsOf } from '../../src/delivery/secret.ts'
import { createSecret, githubSignature, signatureHeaders, webhookId } from '../../src/delivery/signature.ts'
import { fc } from '../fake/property.ts'
import { answer, startReceiver } from '../fake/receiver.ts'
import { until } from '../fake/until.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

const ROOT = join(import.meta.dirname, '../..')
/** facts/delivery.md. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const run = promisify(execFile)

/** One real try at a real receiver. */
async function deliver(
  t: TestContext,
  options: object,
  { clock = systemClock, deliveryId = 'backup-1-start@phone' }: { clock?: Clock; deliveryId?: string } = {},
) {
  const http = createHttp({ userAgent: 'test', clock: systemClock, env: {} })
  t.after(() => http.close())
  const endpoint = only(endpointsOf(options))
  const event = fullEvent('backup_success', { server: '生存服' })
  const payload = toPayload(event, { plugin: PLUGIN, language: 'zh_cn' })
  const attempt = createAttempt({ http, clock })
  return attempt(endpoint, { event, language: 'zh_cn', payload, deliveryId }, undefined)
}

async function receiver(t: TestContext, reply = answer(200)) {
  const started = await startReceiver(reply)
  t.after(() => started.stop())
  return started
}

async function received(t: TestContext, options: object, over?: Parameters<typeof deliver>[2]) {
  const { url, requests } = await receiver(t)
  assert.deepEqual(await deliver(t, { url, ...options }, over), { status: 'delivered' })
  const { headers, body } = only(requests)
  return { headers: headers as Record<string, string>, body }
}

describe('a signature', () => {
  it('is that of Standard Webhooks for the known vector', () => {
    const headers = signatureHeaders(
      { deliveryId: 'msg_p5jXN8AQM9LWM0D4loKWxJek', now: 1614265330_999, body: '{"test": 2432232314}' },
      { secrets: [SECRET], github: false },
    )
    assert.deepEqual(headers, {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('of GitHub is that of GitHub for the known vector', () => {
    assert.equal(
      githubSignature("It's a Secret to Everybody", 'Hello, World!'),
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    )
  })

  it('can be made with every new secret, of which no two are alike', () => {
    const secrets = Array.from({ length: 50 }, createSecret)
    assert.equal(new Set(secrets).size, 50)
    for (const secret of secrets) {
      assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
      assert.deepEqual(only(endpointsOf({ url: 'https://example.com', secret })).target.signing?.secrets, [
        secret,
      ])
    }
  })
})

describe('the id of a webhook', () => {
  it('is the delivery’s own where that has but letters, digits, "-", "_" and "@"', () => {
    assert.equal(webhookId('backup-0f1e-success@phone_2'), 'backup-0f1e-success@phone_2')
    assert.equal(webhookId('a.b@手机 %'), 'a%2Eb@%E6%89%8B%E6%9C%BA%20%25')
  })

  it('fits in a header, a URL and the signed text, and no two deliveries have the same', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        assert.match(webhookId(a), /^[A-Za-z0-9_@%-]*$/)
        assert.equal(decodeURIComponent(webhookId(a)), a)
        assert.equal(webhookId(a) === webhookId(b), a === b)
      }),
    )
    assert.equal(webhookId('\ud800'), '%EF%BF%BD')
  })
})

describe('a webhook', () => {
  it('has an id and a time without a secret too, and no signature', async t => {
    const { headers } = await received(t, {}, { clock: { ...systemClock, now: () => 1_795_568_523_999 } })
    assert.equal(headers['webhook-id'], 'backup-1-start@phone')
    assert.equal(headers['webhook-timestamp'], '1795568523')
    assert.deepEqual(
      Object.keys(headers).filter(name => name.includes('signature')),
      [],
    )
  })

  it('with a secret is verified by the package standardwebhooks, and by no other secret', async t => {
    const secret = createSecret()
    const { headers, body } = await received(t, { secret }, { deliveryId: 'backup-1-start@手机.1' })
    assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body))
    assert.throws(() => new Webhook(createSecret()).verify(body, headers), /No matching signature/)
    assert.throws(() => new Webhook(secret).verify(`${body} `, headers), /No matching signature/)
    assert.equal(headers['x-hub-signature-256'], undefined)
  })

  it('with several secrets is verified by each of them', async t => {
    const secrets = [createSecret(), SECRET, createSecret()]
    const { headers, body } = await received(t, { secret: secrets })
    assert.equal(headers['webhook-signature']?.split(' ').length, 3)
    for (const secret of secrets) new Webhook(secret).verify(body, headers)
  })

  it('is signed anew on every try, under the same id', async t => {
    const { url, requests } = await receiver(t)
    for (const now of [1_795_568_523_000, 1_795_568_600_000])
      await deliver(t, { url, secret: SECRET }, { clock: { ...systemClock, now: () => now } })
    const [first, second] = requests.map(({ headers }) => headers)
    assert.equal(first?.['webhook-id'], second?.['webhook-id'])
    assert.equal(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp']), 77)
    assert.notEqual(first?.['webhook-signature'], second?.['webhook-signature'])
  })

  it('with githubSignature is signed by the text of the first secret as well', async t => {
    const { headers, body } = await received(t, { secret: [SECRET, createSecret()], githubSignature: true })
    assert.equal(headers['x-hub-signature-256'], githubSignature(SECRET, body))
  })

  it('keeps its secret out of what it says of a failure', async t => {
    const secret = createSecret()
    const { url } = await receiver(
      t,
      answer(400, `bad ${secret} ${secret.slice(6)} ${encodeURIComponent(secret)}`),
    )
    const outcome = await deliver(t, { url, secret: [SECRET, secret] })
    assert.equal(outcome.status, 'rejected')
    assert.ok(outcome.status === 'rejected' && outcome.reason.answer?.includes('***'))
    assert.ok(!JSON.stringify(outcome).includes(secret.slice(6, 20)), JSON.stringify(outcome))
    assert.ok(secretsOf(only(endpointsOf({ url, secret }))).includes(secret))
  })

  it('is another endpoint to the outbox when its secret changes, and its fingerprint shows none', () => {
    const of = (secret?: string) => only(endpointsOf({ url: 'https://example.com/', secret })).fingerprint
    assert.equal(of(SECRET), of(SECRET))
    assert.equal(new Set([of(SECRET), of(createSecret()), of()]).size, 3)
    assert.ok(!of(SECRET).includes(SECRET.slice(6, 14)))
  })
})

describe('the secret of a webhook in the config', () => {
  function faultsOf(endpoint: object, environment = {}): string[] {
    const config = {
      servers: [{}],
      notification: { enabled: true, endpoints: [{ url: 'https://example.com/', ...endpoint }] },
    }
    try {
      parseConfig(JSON.stringify(config), 'config.json', environment)
      return []
    } catch (error) {
      assert.ok(error instanceof ConfigError)
      return error.faults
    }
  }

  const REMEDY = / make one with: npm run pb-bridge -- secret$/

  it('may be one, several, none, or from the environment', () => {
    for (const secret of [SECRET, [SECRET, createSecret()], [], undefined])
      assert.deepEqual(faultsOf({ secret }), [])
    assert.deepEqual(faultsOf({ secret: [`\${HOOK}`] }, { HOOK: SECRET }), [])
  })

  it('that is bad is a fault with the remedy, and is never shown', () => {
    const short = `whsec_${Buffer.alloc(23, 7).toString('base64')}`
    const long = `whsec_${Buffer.alloc(65, 7).toString('base64')}`
    for (const bad of [
      'hush-hush',
      'whsec_',
      'whsec_hush*hush',
      short,
      long,
      SECRET.slice(6),
      `${SECRET}=`,
      ` ${SECRET}`,
    ])
      for (const secret of [bad, [SECRET, bad]]) {
        const fault = only(faultsOf({ secret }))
        assert.match(fault, REMEDY)
        assert.match(fault, /^notification\.endpoints\[0\]\.secret(\[1\])?: \(hidden\) is no signing secret/)
        assert.doesNotMatch(fault, /hush|MfKQ|BwcH/)
      }
    for (const secret of [null, 5, {}]) assert.match(only(faultsOf({ secret })), REMEDY)
    assert.doesNotMatch(only(faultsOf({ secret: `\${HOOK}` }, { HOOK: 'hush-hush' })), /hush/)
    assert.match(
      only(faultsOf({ secret: Array(6).fill(SECRET) })),
      /has more than 5 secrets; leave the oldest out$/,
    )
  })

  it('has no place where nothing is signed, and githubSignature none without it', () => {
    assert.match(
      only(faultsOf({ type: 'bark', bark: { device_key: 'key' }, secret: SECRET })),
      /is of type bark, which takes no signature; leave secret out$/,
    )
    assert.match(
      only(faultsOf({ githubSignature: true })),
      /githubSignature: .*has no secret; write one, or leave/,
    )
    assert.equal(faultsOf({ githubSignature: true, secret: 'hush' }).length, 1)
  })

  it('is told apart from a provider without signatures', () => {
    const notification = {
      enabled: true,
      endpoints: [
        { url: 'https://example.com/', secret: SECRET },
        { type: 'bark', bark: { device_key: 'key' } },
      ],
    }
    const config = parseConfig(JSON.stringify({ servers: [{}], notification }), 'config.json', {})
    const { endpoints } = resolveEndpoints(config.notification)
    assert.deepEqual(
      endpoints.map(({ target }) => target.signing),
      [{ secrets: [SECRET], github: false }, undefined],
    )
  })
})

describe('docs/WEBHOOKS.md', () => {
  const markdown = readFileSync(join(ROOT, 'docs/WEBHOOKS.md'), 'utf8')

  /** The code under a heading. */
  function codeOf(heading: string): string {
    const [, section = ''] = markdown.split(`\n### ${heading}\n`)
    const code = /```\w+\n([\s\S]*?)```/.exec(section)?.[1]
    assert.ok(code, `no code under ${heading}`)
    return code
  }

  function folder(t: TestContext): string {
    const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-docs-'))
    t.after(() => rmSync(dir, { recursive: true }))
    return dir
  }

  it('verifies a delivery by its openssl command', async t => {
    const { headers, body } = await received(t, { secret: SECRET }, { deliveryId: 'backup-1-start@手机.1' })
    const cwd = folder(t)
    writeFileSync(join(cwd, 'body.json'), body)
    const env = {
      PATH: process.env.PATH,
      WEBHOOK_SECRET: SECRET,
      WEBHOOK_ID: headers['webhook-id'],
      WEBHOOK_TIMESTAMP: headers['webhook-timestamp'],
    }
    const { stdout } = await run('sh', ['-c', codeOf('openssl')], { cwd, env })
    assert.equal(`v1,${stdout}`, headers['webhook-signature'])
    const forged = await run('sh', ['-c', codeOf('openssl')], { cwd, env: { ...env, WEBHOOK_ID: 'other' } })
    assert.notEqual(`v1,${forged.stdout}`, headers['webhook-signature'])
  })

  it('has a receiver for Node that takes a signed delivery once, and no forged one', async t => {
    const reserved = createServer().listen(0, '127.0.0.1')
    await once(reserved, 'listening')
    const { port } = reserved.address() as AddressInfo
    await promisify(reserved.close.bind(reserved))()
    const child = spawn(process.execPath, ['--input-type=module', '-e', codeOf('Node')], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, WEBHOOK_SECRET: SECRET, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      printed += text
    })
    let listening = false
    await until(
      'the receiver listens',
      () => {
        const socket = connect(port, '127.0.0.1', () => {
          listening = true
          socket.end()
        }).on('error', () => {})
        return listening
      },
      20_000,
    )
    const url = `http://127.0.0.1:${port}/`
    for (const _ of [1, 2])
      assert.deepEqual(await deliver(t, { url, secret: SECRET }), { status: 'delivered' })
    assert.equal((await deliver(t, { url, secret: createSecret() })).status, 'rejected')
    assert.equal((await deliver(t, { url })).status, 'rejected')
    await until('the title is printed', () => printed !== '')
    assert.equal(printed.trim().split('\n').length, 1)
    assert.match(printed, /^生存服：备份 #12 已完成/)
  })

  it('names every key that a payload can have', () => {
    const event = fullEvent('backup_failure', {
      costS: 1,
      message: 'aborted',
      error: { type: 'E', message: 'e' },
      notice: { code: 'c', text: { en_us: 'e', zh_cn: 'z' } },
      extra: { inferred: true },
    })
    const payload = toPayload(event, { plugin: PLUGIN, language: 'en_us' })
    const named = new Set(
      [...markdown.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
        cell.replaceAll('`', '').split(', '),
      ),
    )
    for (const [key, value] of Object.entries(payload)) {
      const below = typeof value === 'object' && key !== 'extra' ? Object.keys(value ?? {}) : []
      for (const name of below.length > 0 ? below.map(child => `${key}.${child}`) : [key])
        assert.ok(named.has(name), `${name} is not in the docs`)
    }
  })
})
