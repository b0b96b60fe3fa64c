import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toPayload } from '../../src/delivery/payload.ts'
import type { HttpAnswer } from '../../src/delivery/provider.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import type { Outcome } from '../../src/outcome.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

type Options = { type?: string; url?: string; serverchan?: object }

const KEYED: Options = { type: 'serverchan', serverchan: { sendkey: 'SCT1Tabc' } }

function request(options: Options = KEYED, event: LifecycleEvent = fullEvent('backup_success')) {
  const { provider, target } = only(endpointsOf(options))
  const payload = toPayload(event, { plugin: PLUGIN, language: 'zh_cn' })
  return provider.request({ event, language: 'zh_cn', payload, deliveryId: 'd-1' }, target, { now: 0 })
}

function sent(options?: Options, event?: LifecycleEvent): Record<string, string> {
  return JSON.parse(request(options, event).body ?? '')
}

/** 23:00 in Shanghai. */
const NOW = Date.UTC(2026, 10, 25, 15, 0, 0)

function judge(answer: Partial<HttpAnswer> & { json?: unknown }, doubtful = false): Outcome | undefined {
  const { provider } = only(endpointsOf(KEYED))
  const { json, ...rest } = answer
  return provider.judge?.(
    { status: 200, headers: {}, body: json === undefined ? '' : JSON.stringify(json), ...rest },
    { request: request(), carry: undefined, doubtful, now: NOW },
  )
}

function codeOf(outcome: Outcome | undefined): string {
  if (!outcome) return 'left to the status'
  return outcome.status === 'delivered' ? 'delivered' : `${outcome.status} ${outcome.reason.code}`
}

describe('where ServerChan sends', () => {
  it('follows from the key, of Turbo or of ³', () => {
    assert.equal(request().url, 'https://sctapi.ftqq.com/SCT1Tabc.send')
    const third = request({ type: 'serverchan', serverchan: { sendkey: 'sctp123tAbC' } })
    assert.equal(third.url, 'https://123.push.ft07.com/send/sctp123tAbC.send')
  })

  it('is the URL, when there is one', () => {
    const url = 'http://127.0.0.1:1/proxy/SCT1.send'
    assert.equal(request({ type: 'serverchan', url }).url, url)
  })

  it('needs no type on its own hosts', () => {
    for (const url of ['https://sctapi.ftqq.com/K.send', 'https://9.push.ft07.com/send/K.send']) {
      assert.equal(only(endpointsOf({ url })).provider.type, 'serverchan')
    }
    assert.equal(only(endpointsOf({ url: 'https://push.ft07.com.example/K' })).provider.type, 'webhook')
  })
})

describe('what ServerChan is sent', () => {
  it('is a short title and Markdown with empty lines between', () => {
    const { title, desp, ...rest } = sent()
    assert.equal(title, 'survival：备份 #12 已完成')
    assert.ok(desp?.startsWith('- **事件**: 备份已完成\n\n- **任务**: 备份\n\n'))
    assert.deepEqual(rest, {})
  })

  it('has a title of 32 characters at most, whole ones', () => {
    const event = fullEvent('backup_success', { server: '😀'.repeat(40), message: 'manual_test' })
    assert.equal(sent(KEYED, event).title, `[测试] ${'😀'.repeat(7)}…：备份 #12 已完成`)
  })

  it('has the options that are set', () => {
    const serverchan = {
      sendkey: 'k',
      short: 's'.repeat(70),
      noip: 1,
      channel: '9|66',
      openid: 'a',
      tags: ['x', 'y'],
    }
    const { title: _title, desp: _desp, ...rest } = sent({ type: 'serverchan', serverchan })
    const short = `${'s'.repeat(63)}…`
    assert.deepEqual(rest, { short, noip: '1', channel: '9|66', openid: 'a', tags: 'x|y' })
  })
})

describe('what ServerChan says', () => {
  const quota = { code: 40001, message: '[AUTH]超过当天的发送次数限制[5]' }
  const table: [string, Partial<HttpAnswer> & { json?: unknown }, string][] = [
    ['code 0', { json: { code: 0, message: '', data: { errno: 0, pushid: '1' } } }, 'delivered'],
    ['code 0 of ³', { json: { code: 0, message: 'success' } }, 'delivered'],
    ['errno 0 of the old API', { json: { errno: 0, errmsg: 'success' } }, 'delivered'],
    [
      'code 0 with an errno inside',
      { json: { code: 0, data: { errno: 1024, error: 'no' } } },
      'rejected vendor',
    ],
    ['another code', { json: { code: 20001, message: 'no' } }, 'rejected vendor'],
    ['the quota', { status: 400, json: quota }, 'retry vendor_quota'],
    ['the quota under another code', { status: 400, json: { ...quota, code: 471 } }, 'retry vendor_quota'],
    [
      'a wrong key',
      { status: 400, json: { code: 40001, message: '[AUTH]用户不存在或者权限不足' } },
      'rejected http_auth',
    ],
    ['too often', { status: 429, body: 'Too Many' }, 'left to the status'],
    ['a duplicate', { json: { errno: 1024, errmsg: '不要重复发送同样的内容' } }, 'rejected vendor'],
    ['a page', { body: '<html>' }, 'retry bad_answer'],
    ['forbidden', { status: 403, body: '' }, 'left to the status'],
  ]
  for (const [what, answer, code] of table) {
    it(`makes "${what}" ${code}`, () => {
      assert.equal(codeOf(judge(answer)), code)
    })
  }

  it('asks to wait for midnight in Shanghai when the quota is used up', () => {
    const outcome = judge({ status: 400, json: quota })
    assert.equal(outcome?.status === 'retry' && outcome.afterMs, 3_600_000)
  })

  it('means by a duplicate that the doubtful message before it has arrived', () => {
    assert.equal(codeOf(judge({ json: { errno: 1024, errmsg: 'x' } }, true)), 'delivered')
  })
})
