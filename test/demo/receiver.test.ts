import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { columns, drawPhone, plainMarkdown } from '../../src/demo/phone.ts'
import { createReceiver, type DemoReceiver, type ReceivedNotification } from '../../src/demo/receiver.ts'

let receiver: DemoReceiver
let urls: { webhook: string; bark: string; serverchan: string }
let received: ReceivedNotification[]

beforeEach(async () => {
  receiver = createReceiver({ clock: systemClock })
  received = []
  receiver.onNotification(notification => received.push(notification))
  urls = await receiver.start()
})

afterEach(() => receiver.close())

async function post(url: string, body: object | string, type = 'application/json') {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: text })
  return { status: response.status, body: (await response.json()) as { [key: string]: unknown } }
}

describe('the receiver', () => {
  test('takes a webhook', async () => {
    const answer = await post(urls.webhook, { event: 'backup_success', title: 'a #1', body: 'b' })
    assert.equal(answer.status, 200)
    assert.deepEqual(
      received.map(({ provider, title, body }) => [provider, title, body]),
      [['webhook', 'a #1', 'b']],
    )
  })

  test('answers as Bark does, with the key in the body or in the URL', async () => {
    const answer = await post(urls.bark, { device_key: 'k', title: 't', body: 'b', level: 'critical' })
    assert.equal(answer.body.code, 200)
    assert.equal(answer.body.message, 'success')
    assert.equal(typeof answer.body.timestamp, 'number')
    await post(urls.bark.replace('/push', '/k'), { title: 't', subtitle: 's', markdown: '- **Name**: a\\_b' })
    assert.deepEqual(
      received.map(({ level, subtitle, body }) => [level, subtitle, body]),
      [
        ['critical', undefined, 'b'],
        [undefined, 's', '· Name: a_b'],
      ],
    )
  })

  test('answers for each key of a batch, and refuses a push without a key', async () => {
    const batch = await post(urls.bark, { device_keys: ['a', 'b'], body: 'x' })
    assert.deepEqual(batch.body.data, [
      { code: 200, device_key: 'a' },
      { code: 200, device_key: 'b' },
    ])
    const refused = await post(urls.bark, { body: 'x' })
    assert.equal(refused.status, 400)
    assert.equal(refused.body.code, 400)
    assert.equal(received.length, 1)
  })

  test('answers as ServerChan does, to JSON and to a form', async () => {
    const answer = await post(urls.serverchan, { title: '备份', desp: 'a\n\nb' })
    assert.equal(answer.body.code, 0)
    assert.equal(answer.body.message, '')
    assert.equal((answer.body.data as { errno: number }).errno, 0)
    await post(urls.serverchan, 'title=t&desp=d', 'application/x-www-form-urlencoded')
    assert.deepEqual(
      received.map(({ title, body }) => [title, body]),
      [
        ['备份', 'a\nb'],
        ['t', 'd'],
      ],
    )
  })

  test('refuses what it can not read', async () => {
    assert.equal((await post(urls.webhook, '{')).status, 400)
    assert.equal((await post(urls.webhook, '[]')).status, 400)
    assert.equal((await fetch(urls.webhook)).status, 405)
    assert.deepEqual(received, [])
  })
})

describe('the phone', () => {
  test('draws a box of one width, wide characters counted as two', () => {
    const lines = drawPhone({
      provider: 'serverchan',
      title: '生存服：备份 #12 已完成 🎉',
      body: `注释: ${'测试'.repeat(40)}\n\nsize: 1.83 MiB`,
      level: 'passive',
    })
    for (const line of lines) assert.equal(columns(line), 58, line)
    assert.match(lines[1] ?? '', /^│ WeChat · Server酱 +passive │$/)
    assert.ok(lines.some(line => line.startsWith('│ 生存服：备份 #12 已完成 🎉 ')))
    assert.ok(lines.some(line => line.startsWith('│ size: 1.83 MiB ')))
  })

  test('breaks long text at its spaces', () => {
    const lines = drawPhone({ provider: 'webhook', title: 'one two three four five', body: '' }, 20)
    assert.deepEqual(lines.slice(2, -1), ['│ one two three    │', '│ four five        │'])
  })

  test('shows nothing that could move the cursor', () => {
    const lines = drawPhone({ provider: 'bark', title: 'a\u001b[2Jb\rc', body: 'd\u0007e' })
    assert.doesNotMatch(lines.join(''), /\p{Cc}/u)
  })

  test('reads Markdown', () => {
    assert.equal(plainMarkdown('- **Comment**: a\\*b \\[x\\]\n\nc'), '· Comment: a*b [x]\nc')
  })
})
