import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { REMEDIES, remedyOf } from '../../src/delivery/remedy.ts'
import { redact, secretsOf } from '../../src/delivery/secret.ts'
import { faultOf, judgeStatus, parseRetryAfter } from '../../src/delivery/verdict.ts'
import { LANGUAGES } from '../../src/language.ts'
import type { ReasonCode } from '../../src/outcome.ts'
import { endpointsOf, only } from './fixture.ts'

const NOW = Date.UTC(2026, 10, 25)

describe('Retry-After', () => {
  it('is seconds or a date', () => {
    assert.equal(parseRetryAfter('120', NOW), 120_000)
    assert.equal(parseRetryAfter(' 0 ', NOW), 0)
    assert.equal(parseRetryAfter('Wed, 25 Nov 2026 00:01:00 GMT', NOW), 60_000)
    assert.equal(parseRetryAfter('Tue, 24 Nov 2026 00:01:00 GMT', NOW), 0)
  })

  it('is nothing otherwise', () => {
    for (const value of [undefined, '', 'soon', '-1x']) assert.equal(parseRetryAfter(value, NOW), undefined)
  })
})

describe('a redirect', () => {
  const textOf = (location: string | undefined, from: string) => {
    const headers: { [name: string]: string } = location === undefined ? {} : { location }
    const outcome = judgeStatus({ status: 301, headers, body: '' }, from)
    return outcome.status === 'rejected' ? outcome.reason.text : outcome.status
  }

  it('names where it leads, without what was asked for', () => {
    const from = 'http://a.example/hook/s3cret?token=t'
    assert.match(
      textOf('https://a.example/hook/s3cret/?token=t', from),
      /moved to https:\/\/a\.example\/…\/…\/\)$/,
    )
    assert.match(textOf('/login?next=s3cret', from), /moved to http:\/\/a\.example\/login\)$/)
    assert.match(textOf('http://user:pw@b.example/', from), /moved to http:\/\/b\.example\/\)$/)
  })

  it('may lead nowhere', () => {
    assert.match(textOf(undefined, 'http://a.example/'), /moved to nowhere\)$/)
    assert.match(textOf('http://[', 'http://a.example/'), /moved to an address that is none\)$/)
  })
})

describe('a failed request', () => {
  const url = new URL('https://a.example/s3cret')
  function codeOf(error: unknown, proxied = false): ReasonCode {
    const { code, text } = faultOf(error, { url, proxied })
    assert.doesNotMatch(text, /s3cret/)
    return code
  }
  const withCode = (code: string, more: object = {}) => Object.assign(new Error('s3cret'), { code, ...more })

  it('is told apart by its code', () => {
    const table: [string, ReasonCode][] = [
      ['ENOTFOUND', 'dns'],
      ['EAI_AGAIN', 'dns'],
      ['ECONNREFUSED', 'refused'],
      ['ECONNRESET', 'reset'],
      ['UND_ERR_SOCKET', 'reset'],
      ['EHOSTUNREACH', 'unreachable'],
      ['ENETUNREACH', 'unreachable'],
      ['ETIMEDOUT', 'timeout'],
      ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
      ['CERT_HAS_EXPIRED', 'tls'],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
      ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
      ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
      ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
      ['HPE_INVALID_CONSTANT', 'bad_answer'],
      ['UND_ERR_HEADERS_OVERFLOW', 'bad_answer'],
      ['UND_ERR_INVALID_ARG', 'internal'],
      ['constructor', 'unreachable'],
    ]
    for (const [code, expected] of table) assert.equal(codeOf(withCode(code)), expected, code)
  })

  it('is read from the cause, and from the first of several addresses', () => {
    assert.equal(codeOf(new Error('x', { cause: withCode('ENOTFOUND') })), 'dns')
    const both = Object.assign(new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')]), {
      code: 'X',
    })
    assert.equal(codeOf(both), 'refused')
    for (const odd of [undefined, 'text', null, {}]) assert.equal(codeOf(odd), 'unreachable')
  })

  it('is the proxy’s when nobody but the proxy was spoken to', () => {
    assert.equal(codeOf(withCode('ECONNREFUSED'), true), 'proxy')
    assert.equal(codeOf(withCode('ECONNREFUSED', { port: 3128 })), 'proxy')
    assert.equal(codeOf(withCode('ECONNREFUSED', { port: 443 })), 'refused')
    assert.equal(codeOf(withCode('ENOTFOUND', { hostname: 'proxy.example' })), 'proxy')
    assert.equal(codeOf(withCode('ENOTFOUND', { hostname: 'a.example' })), 'dns')
    assert.equal(codeOf(withCode('ECONNRESET'), true), 'reset')
  })
})

describe('a remedy', () => {
  it('is there in both languages for each reason', () => {
    for (const code of Object.keys(REMEDIES) as ReasonCode[]) {
      for (const language of LANGUAGES) assert.ok(remedyOf(code, language).length > 5)
    }
  })
})

describe('secrets', () => {
  it('are the keys, the headers and all of the URL but its host', () => {
    const endpoint = only(
      endpointsOf({
        type: 'bark',
        url: 'https://user:pa%40ss@b.example/path-secret/push?token=query',
        headers: { Authorization: 'Bearer header-secret', Accept: 'text/plain' },
        bark: { device_key: 'key-a', device_keys: 'key-b' },
        proxy: 'http://proxyuser:proxypass@p.example',
      }),
    )
    const secrets = secretsOf(endpoint)
    const text =
      'user pa@ss pa%40ss path-secret query header-secret Bearer header-secret key-a key-b proxyuser proxypass b.example text/plain push'
    assert.equal(redact(text, secrets).replaceAll('*** ', ''), 'b.example text/plain push')
  })
})
