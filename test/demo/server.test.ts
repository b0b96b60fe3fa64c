import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { Component } from '../../src/demo/component.ts'
import { createPracticeServer, type PracticeOptions, type PracticeServer } from '../../src/demo/server.ts'
import { eventually, hears, joinServer, simplify, type TestClient } from './client.ts'

const VERSIONS = [
  '1.12.2',
  '1.16.5',
  '1.18.2',
  '1.19',
  '1.19.2',
  '1.19.4',
  '1.20.1',
  '1.20.4',
  '1.21.4',
  '1.21.8',
  '26.1',
]

const PB_LINE: Component = [
  '',
  [
    '',
    { text: '[PB]', color: 'dark_aqua', hoverEvent: { action: 'show_text', value: 'Prime Backup' } },
    { text: ' ' },
  ],
  { text: 'Creating backup, please wait' },
]

let servers: PracticeServer[] = []
let clients: TestClient[] = []

afterEach(async () => {
  for (const client of clients) client.close()
  for (const server of servers) await server.stop()
  servers = []
  clients = []
})

async function serve(options: Partial<PracticeOptions>): Promise<PracticeServer> {
  const server = createPracticeServer({ clock: systemClock, ...options })
  servers.push(server)
  await server.start()
  return server
}

async function join(server: PracticeServer, name: string): Promise<TestClient> {
  const client = await joinServer(server.port(), server.version, name)
  clients.push(client)
  return client
}

for (const version of VERSIONS) {
  describe(`Minecraft ${version}`, () => {
    test('a client joins and hears the server, players and the console', async () => {
      const server = await serve({ version })
      const steve = server.addVirtualPlayer('Steve')
      const bot = await join(server, 'Bot')
      assert.deepEqual(server.players(), ['Steve', 'Bot'])
      for (const packet of ['login', 'position', 'map_chunk', 'player_info'])
        assert.ok(bot.packets.has(packet), packet)

      server.broadcastSystem(PB_LINE)
      const line = await hears(bot, '[PB] Creating backup, please wait')
      assert.equal(line.packet, version < '1.19' ? 'chat' : 'system_chat')
      assert.match(
        JSON.stringify(simplify(line.raw)),
        /"\[PB\]".*"dark_aqua".*"Prime Backup"|"dark_aqua".*"Prime Backup".*"\[PB\]"/,
      )

      steve.type('hello <all>')
      const chat = await hears(bot, '<Steve> hello <all>')
      assert.equal(chat.packet, version < '1.19' ? 'chat' : 'player_chat')
      const sender = chat.params.senderUuid ?? chat.params.sender
      if (version !== '1.12.2') assert.equal(sender, steve.uuid)

      server.disguised('Server', 'hi')
      // 1.19 to 1.19.2 have no packet of its own: chat of nobody.
      const ofNobody = version === '1.19' || version === '1.19.2'
      const disguised = await hears(bot, ofNobody ? '<Server> hi' : '[Server] hi')
      const packet = version < '1.19' ? 'chat' : ofNobody ? 'player_chat' : 'profileless_chat'
      assert.equal(disguised.packet, packet)

      server.actionBar('bar')
      const bar = await hears(bot, 'bar')
      assert.ok(bar.params.isActionBar === true || bar.params.type === 2 || bar.params.position === 2)
      assert.deepEqual(
        steve.seen.slice(-4).map(({ kind, text }) => [kind, text]),
        [
          ['system', '[PB] Creating backup, please wait'],
          ['player', '<Steve> hello <all>'],
          ['disguised', '[Server] hi'],
          ['action_bar', 'bar'],
        ],
      )
      assert.deepEqual(bot.errors, [])
    })

    test('what a client types is chat to all, a whisper, or a command', async () => {
      const server = await serve({ version })
      const steve = server.addVirtualPlayer('Steve')
      const said: string[] = []
      server.events.on('chat', (name, text) => said.push(`${name}: ${text}`))
      const bot = await join(server, 'Bot')

      bot.chat('!!pb make "a"')
      await hears(bot, '<Bot> !!pb make "a"')
      bot.chat('/tell Steve psst')
      const echo = await hears(bot, version < '1.19' ? 'You whisper to Steve: psst' : '<Bot> psst')
      assert.equal(echo.packet, version < '1.19' ? 'chat' : 'player_chat')
      assert.deepEqual(said, ['Bot: !!pb make "a"'])
      const whisper = steve.seen.at(-1)
      assert.equal(whisper?.text, 'Bot whispers to you: psst')
      assert.equal(whisper?.private, true)

      bot.chat('/login secret word')
      bot.chat('/tellraw @a {"text":"mine"}')
      await eventually('the refusal', () => bot.heard.find(({ text }) => text.startsWith('Unknown')))
      assert.deepEqual(server.logins, [{ name: 'Bot', password: 'secret word' }])
      assert.ok(!steve.seen.some(({ text }) => text === 'mine'))
    })

    test('an operator has /tellraw and reads the admin lines, others do not', async () => {
      const server = await serve({ version, operators: ['op'] })
      const steve = server.addVirtualPlayer('Steve')
      const op = await join(server, 'Op')
      const bot = await join(server, 'Bot')
      assert.equal(op.packets.get('entity_status')?.entityStatus, 28)
      assert.equal(bot.packets.get('entity_status')?.entityStatus, 24)
      if (version !== '1.12.2') {
        assert.ok(rootCommands(op).includes('tellraw'))
        assert.ok(!rootCommands(bot).includes('tellraw'))
        assert.ok(rootCommands(bot).includes('tell'))
      }

      server.adminLine('commands.save.enabled')
      op.chat('/tellraw @a ["",{"text":"to all","color":"red"}]')
      await hears(op, '[Server: Automatic saving is now enabled]')
      await hears(bot, 'to all')
      op.chat('/tellraw Steve {"text":"to Steve"}')
      await eventually('the private line', () => steve.seen.find(({ text }) => text === 'to Steve'))
      assert.deepEqual(
        steve.seen.slice(-2).map(line => [line.text, line.private]),
        [
          ['to all', false],
          ['to Steve', true],
        ],
      )
      assert.ok(!bot.heard.some(({ text }) => text === 'to Steve' || text.startsWith('[Server:')))
    })

    test('a restart kicks everybody, keeps the port and takes them back', async () => {
      const server = await serve({ version, operators: ['Op'] })
      server.addVirtualPlayer('Steve')
      const op = await join(server, 'Op')
      const port = server.port()
      await server.restart()
      await eventually('the end of the connection', () => op.ended())
      assert.equal(op.heard.at(-1)?.text, '[Server: Stopping the server]')
      assert.deepEqual(simplify(op.kickReason()), { translate: 'multiplayer.disconnect.server_shutdown' })
      assert.equal(server.port(), port)
      assert.deepEqual(server.players(), ['Steve'])
      const again = await join(server, 'Op')
      assert.deepEqual(again.errors, [])
    })
  })
}

function rootCommands(client: TestClient): (string | undefined)[] {
  const tree = client.packets.get('declare_commands') as unknown as {
    nodes: { children: number[]; extraNodeData?: { name: string } }[]
    rootIndex: number
  }
  return tree.nodes[tree.rootIndex]?.children.map(index => tree.nodes[index]?.extraNodeData?.name) ?? []
}

test('a crash ends connections without a word, and the port is closed', async () => {
  const server = await serve({})
  const bot = await join(server, 'Bot')
  const port = server.port()
  await server.crash()
  await eventually('the end of the connection', () => bot.ended())
  assert.equal(bot.kicked(), undefined)
  assert.equal(server.isRunning(), false)
  const refused = await new Promise<string | undefined>(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.on('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
  assert.equal(refused, 'ECONNREFUSED')
  assert.deepEqual(await server.start(), { port })
  await join(server, 'Bot')
})

test('starts and stops may be called at any time, in any number', async () => {
  const server = createPracticeServer({ clock: systemClock })
  servers.push(server)
  await Promise.all([server.start(), server.start(), server.shutdown(), server.crash(), server.start()])
  assert.equal(server.isRunning(), true)
  await Promise.all([server.stop(), server.stop()])
  assert.equal(server.isRunning(), false)
})

test('the second login of a name ends the first', async () => {
  const server = await serve({})
  const first = await join(server, 'Bot')
  const second = await join(server, 'Bot')
  await eventually('the end of the first', () => first.ended())
  assert.equal(first.kicked(), 'You logged in from another location')
  assert.deepEqual(server.players(), ['Bot'])
  assert.equal(second.ended(), false)
})

test('a kick, a change of rights and a leave are told', async () => {
  const server = await serve({})
  const steve = server.addVirtualPlayer('Steve')
  const bot = await join(server, 'Bot')
  server.setOperator('Bot', true)
  await eventually('the new rights', () => bot.packets.get('entity_status')?.entityStatus === 28)
  assert.ok(rootCommands(bot).includes('tellraw'))
  server.kick('Bot', { text: 'Enough', color: 'red' })
  await eventually('the end of the connection', () => bot.ended())
  assert.equal(bot.kicked(), 'Enough')
  assert.equal(steve.seen.at(-1)?.text, 'Bot left the game')
  assert.deepEqual(server.players(), ['Steve'])
})

test('virtual players hold still while the server is stopped', async () => {
  const server = await serve({})
  const steve = server.addVirtualPlayer('Steve')
  const said: string[] = []
  server.events.on('chat', (_, text) => said.push(text))
  await server.shutdown()
  assert.deepEqual(steve.seen.map(({ text }) => text).slice(-1), ['Server closed'])
  steve.type('anybody?')
  server.broadcastSystem('nobody')
  await server.start()
  assert.deepEqual(said, [])
  assert.deepEqual(steve.seen.map(({ text }) => text).slice(-2), ['Server closed', 'Steve joined the game'])
})
