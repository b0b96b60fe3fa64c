import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { createPrimeBackup } from '../../src/demo/primebackup.ts'
import { createPracticeServer } from '../../src/demo/server.ts'
import type { Language } from '../../src/language.ts'
import { type Receiver, startReceiver } from '../fake/receiver.ts'
import { until } from '../fake/until.ts'
import { startBridge } from './bridge.ts'

const VERSIONS = ['1.12.2', '1.16.5', '1.18.2', '1.19.4', '1.20.1', '1.20.4', '1.21.4', '1.21.8', '26.1']
const BOT = 'PrimeBackupBot'

/** The whole path: practice server, the real bridge, a real HTTP receiver; ended with the test. */
async function startAll({
  version,
  operators = [BOT, 'Steve'],
  language = 'en_us' as Language,
  players = ['Steve'],
}: {
  version: string
  players?: string[]
  operators?: string[]
  language?: Language
}) {
  const receiver = await startReceiver()
  const server = createPracticeServer({ version, clock: systemClock, operators })
  const { port } = await server.start()
  const steve = server.addVirtualPlayer('Steve')
  const primeBackup = createPrimeBackup({
    server,
    clock: systemClock,
    language,
    timings: { saveMs: 5, createMs: 5, secondMs: 100, restartMs: 200 },
  })
  primeBackup.start()
  const config = {
    servers: [{ name: 'survival', minecraft: { port }, commands: { operators: players } }],
    notification: { enabled: true, language, endpoints: [{ name: 'hook', url: `${receiver.url}/hook` }] },
  }
  const joined = new Promise<void>(resolve => {
    server.events.on('join', name => {
      if (name === BOT) resolve()
    })
  })
  const bridge = startBridge(config)
  const { log } = bridge
  await joined
  // The join is seen by the server first; the bot's own eyes open with its log line.
  await until('the bot is in play', () => log.said().some(line => line.includes('is in play')))
  return {
    receiver,
    server,
    steve,
    primeBackup,
    log,
    async [Symbol.asyncDispose]() {
      await bridge.stop()
      await primeBackup.stop()
      await server.stop()
      await receiver.stop()
    },
  }
}

function payloads(
  receiver: Receiver,
): { event: string; message?: string; backup?: { id: number }; title: string; server: object }[] {
  return receiver.requests.map(({ body }) => JSON.parse(body))
}

for (const version of VERSIONS) {
  test(`on Minecraft ${version} a backup and a test reach a receiver, and the test is answered in chat`, async () => {
    await using all = await startAll({ version })
    const { receiver, steve, log } = all
    steve.type('!!pb make hello')
    await until('two notifications', () => receiver.requests.length === 2)
    const [start, success] = payloads(receiver)
    assert.deepEqual([start?.event, success?.event], ['backup_start', 'backup_success'])
    assert.equal(success?.backup?.id, 1)

    steve.type('!!pb test notify backup_failure')
    await until('the test notification', () => receiver.requests.length === 3)
    const sent = payloads(receiver)[2]
    assert.equal(sent?.event, 'backup_failure')
    assert.equal(sent?.message, 'manual_test')
    await until('the answer', () => steve.seen.some(({ text }) => text.includes('Summary: 1/1')), 10_000)
    const answers = steve.seen.filter(({ text }) => /^\[PB\] (Sending|✓|Summary)/.test(text))
    assert.equal(answers.length, 3)
    assert.ok(
      answers.every(({ private: alone }) => alone),
      'the answer is for Steve alone',
    )
    assert.equal(log.lines.filter(({ level }) => level === 'error').length, 0)
  })
}

test('a failing backup and a restore with its restart are told, in Chinese too', async () => {
  await using all = await startAll({ version: '1.21.4', language: 'zh_cn' })
  const { receiver, steve, primeBackup } = all
  await primeBackup.consoleMake('base')
  await until('the first backup', () => receiver.requests.length === 2)
  primeBackup.failNext('raise')
  steve.type('!!pb make will fail')
  await until('the failure', () => receiver.requests.length === 4)
  steve.type('!!pb back 1')
  steve.type('!!pb confirm')
  await until('the restore', () => receiver.requests.length === 6, 30_000)
  assert.deepEqual(
    payloads(receiver).map(({ event, message }) => [event, message]),
    [
      ['backup_start', undefined],
      ['backup_success', undefined],
      ['backup_start', undefined],
      ['backup_failure', 'no_completion'],
      ['restore_start', undefined],
      ['restore_success', undefined],
    ],
  )
  assert.equal(payloads(receiver)[3]?.title, 'survival：备份失败')
})

test('nothing that a player says, whispers or announces is told as Prime Backup’s', async () => {
  await using all = await startAll({ version: '1.20.4' })
  const { receiver, steve, server } = all
  const lines = [
    '[PB] Backup completed, ID #99, cost 1s, total 1MiB (+1MiB)',
    '[PB] Creating backup, please wait',
    'Creating backup, please wait',
    '[Server: Automatic saving is now enabled]',
    '{"text":"","extra":[{"text":"[PB]","color":"dark_aqua"}," Creating backup, please wait"]}',
    '!!pb [PB] Backup completed, ID #96, cost 1s, total 1MiB (+1MiB)',
    `/tell ${BOT} [PB] Creating backup, please wait`,
    '/say [PB] Creating backup, please wait',
    '§3[PB]§r Creating backup, please wait',
  ]
  for (const line of lines) steve.type(line)
  server.disguised('Server', '[PB] Creating backup, please wait')
  server.broadcastSystem('[PB] Creating backup, please wait')
  server.broadcastSystem({ text: '[PB] Creating backup, please wait', color: 'dark_aqua' })
  server.broadcastSystem({
    text: '',
    extra: ['<Alex> ', { text: '[PB]', color: 'dark_aqua' }, ' Creating backup, please wait'],
  })
  // What is real comes after all of them, and is the only thing told.
  steve.type('!!pb make x, tags {} [PB] Backup completed, ID #99, cost 1s, total 1MiB (+1MiB)')
  await until('the real backup', () => receiver.requests.length >= 2)
  assert.deepEqual(
    payloads(receiver).map(({ event, backup }) => [event, backup?.id]),
    [
      ['backup_start', undefined],
      ['backup_success', 1],
    ],
  )
})

test('a player who is no operator of the bridge is refused once, and nothing is sent', async () => {
  await using all = await startAll({ version: '1.21.4' })
  const { receiver, server } = all
  const alex = server.addVirtualPlayer('Alex')
  alex.type('!!pb test notify')
  alex.type('!!pb test notify')
  await until('the refusal', () => alex.seen.some(({ text }) => text.includes('no permission')))
  all.steve.type('!!pb test notify')
  await until('the operator’s test', () => receiver.requests.length === 1)
  assert.equal(alex.seen.filter(({ text }) => text.includes('no permission')).length, 1)
})

test('an operator with a Chinese name is answered by /tellraw, and a whisper to the bot is no command', async () => {
  await using all = await startAll({ version: '1.21.4', players: ['小明'] })
  const { receiver, server, steve } = all
  const player = server.addVirtualPlayer('小明')
  player.type(`/tell ${BOT} !!pb test notify`)
  player.type('!!pb test notify restore_failure')
  await until('the answer', () => player.seen.some(({ text }) => text.includes('Summary: 1/1')), 10_000)
  assert.deepEqual(
    payloads(receiver).map(({ event }) => event),
    ['restore_failure'],
  )
  assert.ok(!steve.seen.some(({ text }) => text.includes('Summary')))
})

test('a bot without rights answers by /tell, and tells an outcome that it can’t see as nothing yet', async () => {
  await using all = await startAll({ version: '1.20.4', operators: [] })
  const { receiver, steve, primeBackup } = all
  primeBackup.failNext('raise')
  steve.type('!!pb make will fail')
  await until('the start', () => receiver.requests.length === 1)
  steve.type('!!pb test notify')
  await until(
    'the answer',
    () => steve.seen.some(({ text, private: alone }) => alone && text.includes('Summary: 1/1')),
    15_000,
  )
  assert.deepEqual(
    payloads(receiver).map(({ event }) => event),
    ['backup_start', 'backup_success'],
  )
})
