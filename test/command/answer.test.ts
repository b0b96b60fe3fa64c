import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  busyLine,
  cooldownLine,
  deniedLine,
  disabledLine,
  resultLine,
  sendingLine,
  summaryLine,
  unknownEventLine,
} from '../../src/command/answer.ts'
import type { TestResult } from '../../src/delivery/tester.ts'
import { EVENT_NAMES } from '../../src/event.ts'
import { LANGUAGES } from '../../src/language.ts'

const DELIVERED: TestResult = {
  key: 'phone',
  name: 'phone',
  type: 'bark',
  notSubscribed: false,
  tookMs: 123.4,
  outcome: { status: 'delivered' },
}
const REFUSED: TestResult = {
  ...DELIVERED,
  key: 'hook-2',
  outcome: { status: 'rejected', reason: { code: 'http_auth', text: 'HTTP 401: Unauthorized' } },
}
const SKIPPED: TestResult = { ...DELIVERED, outcome: { status: 'skipped', why: 'disabled' } }

function inBoth(line: (language: 'en_us' | 'zh_cn') => { text: string; color?: string }) {
  return LANGUAGES.map(language => {
    const { text, color } = line(language)
    return color === undefined ? text : `${color}: ${text}`
  })
}

test('the answers are those of the fork, in both languages, with its colours', () => {
  assert.deepEqual(inBoth(disabledLine), [
    'yellow: Notification is disabled or no endpoint configured',
    'yellow: 通知未启用或未配置推送地址',
  ])
  assert.deepEqual(
    inBoth(language => sendingLine('restore_start', language)),
    ['Sending test notification (event: restore_start)...', '正在发送测试通知（事件：restore_start）...'],
  )
  assert.deepEqual(
    inBoth(language => resultLine(DELIVERED, language)),
    ['green: ✓ phone - Success (took: 0.12s)', 'green: ✓ phone - 成功 (耗时: 0.12s)'],
  )
  assert.deepEqual(
    inBoth(language => summaryLine([DELIVERED, REFUSED, SKIPPED], 2345, language)),
    [
      'gray: Summary: 1/2 endpoints succeeded, total time: 2.35s',
      'gray: 总计: 1/2 个端点成功, 总耗时: 2.35s',
    ],
  )
})

test('a failure says what to do, by the key of the endpoint', () => {
  assert.deepEqual(
    inBoth(language => resultLine(REFUSED, language)),
    [
      'red: ✗ hook-2 - Failed: HTTP 401: Unauthorized → check the key or token, and that it may send',
      'red: ✗ hook-2 - 失败: HTTP 401: Unauthorized → 请检查密钥或令牌及其权限',
    ],
  )
})

test('an endpoint that is given up after retries is a failure too', () => {
  const { reason } = REFUSED.outcome as { reason: { code: 'http_auth'; text: string } }
  const retried: TestResult = { ...REFUSED, outcome: { status: 'retry', reason } }
  assert.deepEqual(resultLine(retried, 'en_us'), resultLine(REFUSED, 'en_us'))
  assert.match(summaryLine([retried], 0, 'en_us').text, /^Summary: 0\/1 /)
})

test('a skipped endpoint says why, and one that would not get this event says so', () => {
  assert.deepEqual(
    inBoth(language => resultLine(SKIPPED, language)),
    ['gray: - phone - Skipped: it is disabled in the config', 'gray: - phone - 已跳过: 配置中已禁用'],
  )
  const note = [' (not subscribed to this event otherwise)', '（平时未订阅此事件）']
  for (const result of [DELIVERED, REFUSED]) {
    assert.deepEqual(
      inBoth(language => resultLine({ ...result, notSubscribed: true }, language)),
      inBoth(language => resultLine(result, language)).map((text, index) => text + note[index]),
    )
  }
})

test('what is put into an answer stays as it is', () => {
  const odd = { ...DELIVERED, key: '{} $& {}' }
  assert.equal(resultLine(odd, 'en_us').text, '✓ {} $& {} - Success (took: 0.12s)')
})

test('an unknown event is answered with the six, and is not repeated at length', () => {
  for (const language of LANGUAGES) {
    const { text, color } = unknownEventLine('backup', language)
    assert.match(text, /backup/)
    for (const name of EVENT_NAMES) assert.ok(text.includes(name), name)
    assert.equal(color, 'red')
    assert.ok(!unknownEventLine('x'.repeat(300), language).text.includes('x'.repeat(33)))
  }
})

test('who must wait, or may not, is told so in both languages', () => {
  assert.deepEqual(
    inBoth(language => cooldownLine(9001, language)),
    ['yellow: Please wait 10s before the next test', 'yellow: 请等待 10s 后再测试'],
  )
  for (const line of [busyLine, deniedLine]) {
    const [english, chinese] = inBoth(line)
    assert.notEqual(english, chinese)
  }
})
