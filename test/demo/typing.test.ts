import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { createPracticeServer, type PracticeOptions, type PracticeServer } from '../../src/demo/server.ts'
import { eventually, joinServer, type TestClient } from './client.ts'

let servers: PracticeServer[] = []
let clients: TestClient[] = []

afterEach(async () => {
  for (const client of clients) client.close()
  for (const server of servers) await server.stop()
  servers = []
  clients = []
})

async function play(options: Partial<PracticeOptions>) {
  const server = createPracticeServer({ clock: systemClock, ...options })
  servers.push(server)
  await server.start()
  const said: string[] = []
  server.events.on('chat', (_, text) => said.push(text))
  server.events.on('command', (_, line) => said.push(`/${line}`))
  const bot = await joinServer(server.port(), server.version, 'Bot')
  clients.push(bot)
  return { server, said, bot }
}

for (const version of ['1.12.2', '1.18.2', '1.20.1', '1.21.8']) {
  test(`${version}: the eleventh message at once is spam, but not an operator's`, async () => {
    // The counter's own time stands still, so that no tick pardons anything.
    const clock = { ...systemClock, monotonic: () => 0 }
    const { server, bot, said } = await play({ version, clock })
    for (let index = 1; index <= 12; index++) bot.chat(index % 2 ? `line ${index}` : '/list')
    await eventually('the kick', () => bot.ended())
    assert.equal(bot.kicked(), 'Kicked for spamming')
    assert.equal(said.length, 11)
    server.setOperator('Op', true)
    const op = await joinServer(server.port(), version, 'Op')
    clients.push(op)
    for (let index = 1; index <= 30; index++) op.chat(`line ${index}`)
    await eventually('all lines', () => said.length === 41)
    assert.equal(op.ended(), false)
  })

  test(`${version}: 256 characters pass, 257 are a kick`, async () => {
    const { bot, said } = await play({ version })
    bot.chat('x'.repeat(256))
    await eventually('the long line', () => said.at(-1)?.length === 256)
    if (version < '1.19') bot.write('chat', { message: 'x'.repeat(257) })
    else
      bot.write('chat_message', {
        message: 'x'.repeat(257),
        timestamp: 0n,
        salt: 0n,
        offset: 0,
        acknowledged: Buffer.alloc(3),
        checksum: 0,
      })
    await eventually('the kick', () => bot.ended())
    assert.match(bot.kicked() ?? '', /longer than maximum allowed \(257 > 256\)/)
    assert.equal(said.length, 1)
  })
}

test('one message a second is never spam', async () => {
  let now = 0
  const { bot, said } = await play({ clock: { ...systemClock, monotonic: () => now } })
  for (let index = 1; index <= 30; index++) {
    now += 1000
    bot.chat(`line ${index}`)
    await eventually('the line', () => said.length === index)
  }
  assert.equal(bot.ended(), false)
})

test('a command is limited to 256 characters up to 1.20.4, and hardly from 1.20.5 on', async () => {
  const line = `tellraw @a ${JSON.stringify({ text: 'x'.repeat(300) })}`
  const old = await play({ version: '1.20.4', operators: ['Bot'] })
  old.bot.write('chat_command', {
    command: line,
    timestamp: 0n,
    salt: 0n,
    argumentSignatures: [],
    messageCount: 0,
    acknowledged: Buffer.alloc(3),
  })
  await eventually('the kick', () => old.bot.ended())
  assert.match(old.bot.kicked() ?? '', /longer than maximum allowed/)
  const now = await play({ version: '1.21.4', operators: ['Bot'] })
  now.bot.write('chat_command', { command: line })
  await eventually('the line', () => now.bot.heard.at(-1)?.text === 'x'.repeat(300))
})

test('a section sign or a control character in chat is a kick', async () => {
  for (const text of ['§c red', 'a\u0007b']) {
    const { bot, said } = await play({})
    bot.chat(text)
    await eventually('the kick', () => bot.ended())
    assert.equal(bot.kicked(), 'Illegal characters in chat')
    assert.deepEqual(said, [])
  }
})
