import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { getEventListeners } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { runSession } from '../../src/source/session.ts'
import { encodeVarint } from '../../src/source/varint.ts'
import { fakeClock } from '../fake/clock.ts'
import {
  closedPort,
  dataOf,
  frame,
  type Guest,
  loginBytes,
  packetBytes,
  reconfigure,
  startBare,
  startGame,
  systemChat,
  textFor,
} from '../fake/game.ts'
import { fakeLog } from '../fake/log.ts'
import { fc } from '../fake/property.ts'
import { until } from '../fake/until.ts'
import { dialectOf, type OpenSession, openSession, tidyUp } from './fixture.ts'

const VERSION = '1.21.4'
const OLD = '1.16.5'

afterEach(tidyUp)

/** A bot in play on a real game server. */
async function inPlay(version = VERSION): Promise<{ session: OpenSession; guest: Guest }> {
  const game = await startGame(version)
  const session = await openSession(version, game.port)
  const guest = await game.joined(1)
  await session.play()
  return { session, guest }
}

/** A session with a server of bytes. */
async function against(talk: (socket: Socket, number: number) => void, version = VERSION) {
  const server = await startBare(talk)
  return { server, session: await openSession(version, server.port) }
}

/** Everything that a server says, at once, from the first byte on. */
function blurt(...bytes: Buffer[]) {
  return (socket: Socket) => socket.write(Buffer.concat(bytes))
}

const packet = (state: string, name: string, params: object, version = VERSION) =>
  frame(packetBytes(version, state, name, params))

const said = (text: string, version = VERSION) => {
  const [name, params] = systemChat(version, textFor(version, text))
  return packet('play', name, params, version)
}

/** What Steve says, as his client signs it or not. */
const spoken = (index: number, plainMessage: string) => ({
  senderUuid: '5627dd98-e6be-3c21-b8a8-e92344183641',
  index,
  plainMessage,
  timestamp: 1n,
  salt: 1n,
  previousMessages: [],
  filterType: 0,
  type: { chatType: 0 },
  networkName: textFor(VERSION, 'Steve'),
})

const kick = (text: string, version = VERSION) =>
  packet('play', 'kick_disconnect', { reason: textFor(version, text) }, version)

describe('a session', () => {
  it('is in play once it has logged in, and says who it is', async () => {
    const { session, guest } = await inPlay()
    const play = await session.play()
    assert.equal(play.username, 'Bot')
    assert.equal(play.uuid, 'bb19ef2f-2f95-39a8-8bad-bda3ed373847')
    assert.equal(play.version, VERSION)
    assert.equal(play.operatorLevel, 0)
    assert.equal(play.commands, undefined)
    assert.equal(guest.connection.username, 'Bot')
  })

  it('is in play once, however often the server says so', async () => {
    const { session, guest } = await inPlay()
    const { loginPacket } = dataOf(VERSION)
    for (let count = 0; count < 3; count++) guest.write('login', loginPacket ?? {})
    guest.write(...systemChat(VERSION, textFor(VERSION, 'later')))
    await session.heard(1)
    assert.equal(session.plays.length, 1)
    assert.equal(session.clock.pending(), 1, 'one watch')
  })

  it('hears chat, and types it, commands with their slash', async () => {
    for (const [version, chat, command] of [
      [VERSION, 'chat_message', 'chat_command'],
      [OLD, 'chat', 'chat'],
    ] as const) {
      const { session, guest } = await inPlay(version)
      const play = await session.play()
      guest.write(...systemChat(version, textFor(version, 'hello')))
      await session.heard(1)
      assert.deepEqual(session.texts(), ['hello'])
      play.chat('!!pb list')
      play.chat('/tell Steve hi')
      const typed = () => guest.received.filter(({ name }) => name === chat || name === command)
      await until('both lines come', () => typed().length === 2)
      assert.deepEqual(
        typed().map(({ params }) => params.message ?? params.command),
        ['!!pb list', version === OLD ? '/tell Steve hi' : 'tell Steve hi'],
      )
      session.stop()
      await session.ended
      play.chat('too late')
    }
  })

  it('keeps what is typed while it is configured again, in its order and within limits', async () => {
    const { session, guest } = await inPlay()
    const play = await session.play()
    await reconfigure(guest, () => {
      // The client has not heard the last word of the phase yet.
      for (let index = 0; index < 20; index++) play.chat(`line ${index}`)
    })
    play.chat('afterwards')
    const typed = () => guest.got('chat_message').map(({ message }) => message)
    await until('the last line', () => typed().includes('afterwards'))
    assert.deepEqual(typed(), [...Array.from({ length: 16 }, (_, index) => `line ${index}`), 'afterwards'])
  })

  it('acknowledges signed chat before the server loses patience', async () => {
    const { session, guest } = await inPlay()
    for (let index = 0; index < 70; index++)
      guest.write('player_chat', { ...spoken(index, `line ${index}`), signature: Buffer.alloc(256, index) })
    await session.heard(70)
    assert.equal(session.messages[69]?.typed, 'line 69')
    await until('it is acknowledged', () => guest.got('message_acknowledgement').length > 0)
  })

  it('knows the commands that it may use, and its operator level', async () => {
    for (const version of [VERSION, OLD]) {
      const { session, guest } = await inPlay(version)
      const play = await session.play()
      const flags = (command_node_type: number) => ({
        unused: 0,
        allows_restricted: 0,
        has_custom_suggestions: 0,
        has_redirect_node: 0,
        has_command: 0,
        command_node_type,
      })
      guest.write('declare_commands', {
        nodes: [
          { flags: flags(0), children: [1, 2] },
          { flags: flags(1), children: [3], extraNodeData: { name: 'tellraw' } },
          { flags: flags(1), children: [], extraNodeData: { name: 'tell' } },
          { flags: flags(1), children: [], extraNodeData: { name: 'inner' } },
        ],
        rootIndex: 0,
      })
      guest.write('entity_status', { entityId: 1, entityStatus: 28 })
      guest.write('entity_status', { entityId: 1, entityStatus: 9 })
      await until('both came', () => play.commands !== undefined && play.operatorLevel === 4)
      assert.deepEqual([...(play.commands ?? [])].sort(), ['tell', 'tellraw'])
      guest.write('entity_status', { entityId: 1, entityStatus: 24 })
      await until('the rights are gone', () => play.operatorLevel === 0)
      session.stop()
    }
  })
})

describe('the end of a session', () => {
  const reasonOf = async ({ session }: { session: OpenSession }) => (await session.ended).reason

  it('says that nobody listens', async () => {
    const port = await closedPort()
    const session = await openSession(VERSION, port)
    assert.equal((await session.ended).reason, `connect ECONNREFUSED 127.0.0.1:${port}`)
    const named = await openSession(VERSION, port, { host: 'localhost' })
    assert.match((await named.ended).reason, /^connect ECONNREFUSED/)
  })

  it('says that the server closed, at once, within the login and in play', async () => {
    const { bytes } = loginBytes(VERSION)
    for (const start of [Buffer.alloc(0), bytes.subarray(0, 20), bytes])
      assert.equal(await reasonOf(await against(socket => socket.end(start))), 'the connection was closed')
  })

  it('says that the connection was reset', async () => {
    const session = await against(socket => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    assert.match(await reasonOf(session), /ECONNRESET|EPIPE|closed/)
  })

  it('says what the server said, in each phase of the login', async () => {
    const wrong = '{"translate":"multiplayer.disconnect.outdated_client","with":["1.20.1"]}'
    const login = await against(blurt(packet('login', 'disconnect', { reason: wrong })))
    const { reason, remedy, component } = await login.session.ended
    assert.equal(reason, 'kicked: Outdated client! Please use 1.20.1')
    assert.match(remedy ?? '', /^set minecraft\.version/)
    assert.equal(component?.translate, 'multiplayer.disconnect.outdated_client')

    const success = loginBytes(VERSION).bytes.subarray(0, 23)
    const full = packet('configuration', 'disconnect', { reason: textFor(VERSION, 'The server is full!') })
    const { session } = await against(blurt(success, full))
    await session.ended
    assert.match(session.endings[0]?.reason ?? '', /full/)
  })

  it('says what the server said in play, after every line before it, though it closes at once', async () => {
    for (const version of [VERSION, OLD]) {
      const lines = Array.from({ length: 300 }, (_, index) => said(`line ${index}`, version))
      const { session } = await against(
        socket =>
          socket.end(Buffer.concat([loginBytes(version).bytes, ...lines, kick('Server closed', version)])),
        version,
      )
      assert.equal((await session.ended).reason, 'kicked: Server closed')
      assert.equal(session.texts().at(-1), 'line 299')
      assert.equal(session.messages.length, 300)
    }
  })

  it('comes once, and nothing after it, whatever the server does', async () => {
    const { bytes } = loginBytes(VERSION)
    const moves: { [name: string]: (socket: Socket) => void } = {
      login: socket => socket.write(bytes),
      chat: socket => socket.write(said('hello')),
      kick: socket => socket.write(kick('bye')),
      disconnect: socket => socket.write(packet('login', 'disconnect', { reason: '"bye"' })),
      garbage: socket => socket.write(Buffer.alloc(5_000, 0xff)),
      zeros: socket => socket.write(Buffer.alloc(5_000)),
      end: socket => socket.end(),
      reset: socket => socket.resetAndDestroy(),
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(moves)), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (names, stops) => {
          const { session } = await against(socket => {
            for (const name of names) if (!socket.destroyed && !socket.writableEnded) moves[name]?.(socket)
            if (!socket.writableEnded) socket.end()
          })
          if (stops) session.stop()
          await session.ended
          const [plays, messages] = [session.plays.length, session.messages.length]
          await sleep(5)
          assert.equal(session.endings.length, 1)
          assert.equal(session.clock.pending(), 0, 'a timer was left')
          assert.deepEqual([session.plays.length, session.messages.length], [plays, messages])
          await tidyUp()
        },
      ),
      { numRuns: 60 },
    )
  })

  it('comes 30 s after connecting, where the server says nothing, and not before', async () => {
    const { session, server } = await against(() => {})
    await until('it is connected', () => server.sockets.length === 1)
    await session.clock.advance(29_999)
    assert.equal(session.endings.length, 0)
    await session.clock.advance(1)
    assert.match((await session.ended).reason, /^not in play 30 s after connecting \(state: \w+\)$/)
    await until('the socket is closed', () => server.sockets[0]?.destroyed === true)
  })

  it('comes 30 s after connecting, however busy the server is', async () => {
    const success = loginBytes(VERSION).bytes.subarray(0, 23)
    const { session, server } = await against(blurt(success))
    await until('it is connected', () => server.sockets.length === 1)
    for (let second = 0; second < 30; second++) {
      server.sockets[0]?.write(packet('configuration', 'keep_alive', { keepAliveId: BigInt(second) }))
      await session.clock.advance(1_000)
    }
    assert.match((await session.ended).reason, /^not in play 30 s after connecting/)
  })

  it('comes 60 s after the last packet, whichever that was', async () => {
    const { session, guest } = await inPlay()
    const wanted = ['keep_alive', { keepAliveId: 1n }] as const
    const unwanted = ['update_time', { age: 1n, time: 2n, tickDayTime: true }] as const
    for (const [name, params] of [wanted, unwanted, unwanted]) {
      await session.clock.advance(59_000)
      assert.equal(session.endings.length, 0)
      const before = guest.got('pong').length
      guest.write(name, params)
      guest.write('ping', { id: 1 })
      await until('it was received', () => guest.got('pong').length > before)
    }
    await session.clock.advance(59_999)
    assert.equal(session.endings.length, 0)
    await session.clock.advance(1)
    assert.equal((await session.ended).reason, 'no packet for 60 s')
  })

  it('is the end of hearing, too, in the middle of a burst', async () => {
    const lines = Array.from({ length: 300 }, (_, index) => said(`line ${index}`))
    const server = await startBare(blurt(loginBytes(VERSION).bytes, ...lines))
    const session = await openSession(VERSION, server.port, { onMessage: stop => stop.abort() })
    assert.equal((await session.ended).reason, 'stopped')
    await until('the socket is closed', () => server.sockets[0]?.destroyed === true)
    assert.deepEqual(session.texts(), ['line 0'])
  })

  it('comes when it is told to, in each phase', async () => {
    const clock = fakeClock()
    const stop = new AbortController()
    stop.abort()
    const early = await runSession(
      {
        host: '127.0.0.1',
        port: await closedPort(),
        readIntervalMs: 0,
        username: 'Bot',
        auth: 'offline',
        tokenDir: '',
        onDeviceCode: () => {},
      },
      await dialectOf(VERSION),
      { clock, log: fakeLog(), signal: stop.signal },
      { attached: () => {}, message: () => {} },
    )
    assert.equal(early.reason, 'stopped')
    assert.equal(clock.pending(), 0)

    const { bytes } = loginBytes(VERSION)
    for (const start of [Buffer.alloc(0), bytes.subarray(0, 23), bytes]) {
      const { session, server } = await against(socket => socket.write(start))
      await until('it is connected', () => server.sockets.length === 1)
      if (start === bytes) await session.play()
      session.stop()
      assert.equal((await session.ended).reason, 'stopped')
      assert.equal(session.clock.pending(), 0)
      await until('the socket is closed', () => server.sockets[0]?.destroyed === true)
    }
  })

  it('leaves nothing behind, a hundred times', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const { bytes } = loginBytes(VERSION)
    const endings: ((socket: Socket) => void)[] = [
      socket => socket.end(Buffer.concat([bytes, said('hi'), kick('bye')])),
      socket => socket.write(bytes, () => socket.resetAndDestroy()),
      socket => socket.end(bytes),
      socket => socket.write(Buffer.alloc(100, 0xff)),
      socket => socket.end(),
      // Keep-alives start a timer of the library's.
      socket =>
        socket.end(
          Buffer.concat([
            bytes,
            kick('bye'),
            ...Array.from({ length: 500 }, () => packet('play', 'keep_alive', { keepAliveId: 1n })),
          ]),
        ),
    ]
    const server = await startBare((socket, number) => endings[number % endings.length]?.(socket))
    const dialect = await dialectOf(VERSION)
    const clock = fakeClock()
    const { signal } = new AbortController()
    const log = fakeLog()
    const target = {
      host: '127.0.0.1',
      port: server.port,
      readIntervalMs: 0,
      username: 'Bot',
      auth: 'offline',
      tokenDir: '',
    } as const
    async function run(times: number) {
      for (let count = 0; count < times; count++)
        await runSession(
          { ...target, onDeviceCode: () => {} },
          dialect,
          { clock, log, signal },
          { attached: () => {}, message: () => {} },
        )
      await until('all sockets are closed', () => server.sockets.every(socket => socket.destroyed))
      server.sockets.length = 0
      await sleep(20)
      collect()
      return {
        heapMb: process.memoryUsage().heapUsed / 2 ** 20,
        resources: process.getActiveResourcesInfo().filter(name => /Timeout|TCPSocket|Immediate/.test(name)),
      }
    }
    const before = await run(20)
    const after = await run(100)
    assert.deepEqual(after.resources, before.resources)
    assert.deepEqual(after.resources, [])
    assert.ok(after.heapMb - before.heapMb < 3, `the heap grew from ${before.heapMb} to ${after.heapMb} MB`)
    assert.equal(getEventListeners(signal, 'abort').length, 0)
    assert.equal(clock.pending(), 0)
  })
})

describe('a hostile server', () => {
  it('that sends other bytes is left with one line', async () => {
    const strange: Buffer[] = [
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      Buffer.alloc(100_000, 0xa5),
      Buffer.from([0x80]),
      Buffer.alloc(1_000_000),
    ]
    for (const bytes of strange) {
      const { session } = await against(socket => socket.end(bytes))
      assert.match((await session.ended).reason, /^.{5,200}$/)
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, late) => {
        const { session } = await against(socket => {
          if (late) socket.write(loginBytes(VERSION).bytes)
          socket.end(bytes)
        })
        assert.match((await session.ended).reason, /^.{5,200}$/)
        await tidyUp()
      }),
      { numRuns: 60 },
    )
  })

  it('that declares a frame of 2 GB is left', async () => {
    for (const start of [Buffer.alloc(0), loginBytes(VERSION).bytes]) {
      const { session } = await against(blurt(start, encodeVarint(2 ** 31 - 1), Buffer.alloc(60_000)))
      assert.equal(
        (await session.ended).reason,
        "the server sent a frame over vanilla's limit of 2097151 bytes",
      )
    }
  })

  it('that sends a key which is none ends its own connection only', async () => {
    const der = (type: 'rsa' | 'rsa-pss' | 'ed25519', options: object) =>
      generateKeyPairSync(type as 'rsa', {
        modulusLength: 1024,
        ...options,
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).publicKey as unknown as Buffer
    const token = Buffer.alloc(4)
    const good = der('rsa', {})
    const cases: [Buffer, Buffer][] = [
      [Buffer.alloc(0), token],
      [Buffer.alloc(162, 0x30), token],
      [good.subarray(0, 100), token],
      [der('ed25519', {}), token],
      [der('rsa-pss', {}), token],
      [der('rsa', { modulusLength: 512 }), Buffer.alloc(60)],
      [good, Buffer.alloc(5_000)],
      [hugeKey(20_000), token],
    ]
    for (const [publicKey, verifyToken] of cases) {
      const { session } = await against(
        blurt(
          packet('login', 'encryption_begin', {
            serverId: '',
            publicKey,
            verifyToken,
            shouldAuthenticate: false,
          }),
        ),
      )
      assert.equal((await session.ended).reason, 'encryption request with an unusable key')
    }
  })

  it('that kicks for a reason nobody can read is still understood to kick', async () => {
    const reasons = ['no JSON', '', 'null', '5', '[]', '{"text":null}', '{"translate":5}', '{"extra":3}']
    const broken = ['{"translate":"multiplayer.disconnect.outdated_client"}', `"${'x'.repeat(200_000)}"`]
    for (const reason of [...reasons, ...broken, 'y'.repeat(300_000), '{"text":"a\\nb\\u001b[31m§cc"}']) {
      const { session } = await against(blurt(packet('login', 'disconnect', { reason })))
      assert.match((await session.ended).reason, /^kicked: [^\p{Cc}]{1,200}$/u, reason.slice(0, 50))
    }
  })

  it('that sends the bot into configuration without end is left', async () => {
    const again = Buffer.concat([
      packet('play', 'start_configuration', {}),
      packet('configuration', 'finish_configuration', {}),
    ])
    const { session } = await against(
      blurt(loginBytes(VERSION).bytes, ...Array.from({ length: 200 }, () => again)),
    )
    assert.equal(
      (await session.ended).reason,
      'the server sends the bot back into configuration again and again',
    )
  })

  it('that sends huge or odd components is still heard, and costs little', async () => {
    const chat = (content: unknown) => packet('play', 'system_chat', { content, isActionBar: false })
    const text = (value: string) => ({ type: 'string', value })
    const list = (type: string, value: unknown[]) => ({ type: 'list', value: { type, value } })
    let deep: { type: string; value: unknown } = text('x')
    for (let depth = 0; depth < 400; depth++) deep = { type: 'compound', value: { '': deep } }
    // The library's own reading of this one throws.
    const odd = {
      type: 'compound',
      value: { text: text('odd'), hover: { type: 'compound', value: { id: list('string', ['a']) } } },
    }
    const rude = [
      list(
        'string',
        Array.from({ length: 30 }, () => 'z'.repeat(60_000)),
      ),
      {
        type: 'compound',
        value: {
          extra: list(
            'compound',
            Array.from({ length: 400_000 }, () => ({})),
          ),
        },
      },
      deep,
      { type: 'compound', value: { translate: text('constructor') } },
      { type: 'intArray', value: [1, 2, 3] },
    ].map(chat)
    const before = process.memoryUsage().rss
    const { session } = await against(
      blurt(loginBytes(VERSION).bytes, ...rude, chat(odd), ...rude, ...rude, said('still here')),
    )
    await until('the last line', () => session.texts().includes('still here'), 20_000)
    assert.ok(session.texts().includes('odd'))
    assert.equal(session.endings.length, 0)
    assert.ok(session.texts().every(line => line.length < 300_000))
    assert.ok(process.memoryUsage().rss - before < 400 * 2 ** 20)
    assert.ok(
      session.log.lines.some(({ level }) => level === 'debug'),
      'skipped without a word',
    )
    assert.deepEqual(session.log.said(), [])
  })

  it('that sends large lines for ever does not fill the memory', async () => {
    const large = Buffer.concat([
      said('w'.repeat(60_000)),
      packet('play', 'player_chat', spoken(0, 'w'.repeat(60_000))),
    ])
    const { session, server } = await against(blurt(loginBytes(VERSION).bytes))
    await session.play()
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    async function flood(count: number) {
      const heard = session.messages.length
      session.messages.length = 0
      for (let sent = 0; sent < count; sent += 2) server.sockets[0]?.write(large)
      await session.heard(count)
      session.messages.length = 0
      collect()
      return heard >= 0 ? process.memoryUsage().heapUsed / 2 ** 20 : 0
    }
    const before = await flood(100)
    const after = await flood(600)
    assert.ok(after - before < 10, `the heap grew from ${before} to ${after} MB`)
  })

  it('that asks for ever and reads no answer is left, before the answers fill the memory', async () => {
    const question = packet('play', 'cookie_request', { cookie: 'k'.repeat(30_000) })
    const questions = Buffer.concat(Array.from({ length: 20 }, () => question))
    let sent = 0
    const { session } = await against(socket => {
      socket.pause()
      socket.write(loginBytes(VERSION).bytes)
      const more = () => {
        sent += 20
        if (!socket.destroyed && sent < 20_000) socket.write(questions, more)
      }
      more()
    })
    const before = process.memoryUsage().rss
    assert.equal((await session.ended).reason, 'the server does not read what the bot answers')
    assert.ok(process.memoryUsage().rss - before < 300 * 2 ** 20)
  })

  it('that sends a command tree of endless paths costs no time', async () => {
    const flags = Buffer.from([0x01])
    const literal = (index: number, last: boolean) =>
      Buffer.concat([
        flags,
        last
          ? Buffer.from([0])
          : Buffer.concat([Buffer.from([2]), encodeVarint(index + 1), encodeVarint(index + 1)]),
        Buffer.from([1, 0x61 + (index % 26)]),
      ])
    const nodes = [
      Buffer.from([0x00, 0x01, 0x01]),
      ...Array.from({ length: 60 }, (_, index) => literal(index + 1, index === 59)),
    ]
    const id = packetBytes(VERSION, 'play', 'declare_commands', { nodes: [], rootIndex: 0 }).subarray(0, 1)
    const tree = frame(Buffer.concat([id, encodeVarint(nodes.length), ...nodes, encodeVarint(0)]))
    const odd = packet('play', 'declare_commands', { nodes: [], rootIndex: 7 })
    const { session } = await against(blurt(loginBytes(VERSION).bytes, odd, tree, said('still here')))
    await session.heard(1)
    assert.deepEqual([...(session.plays[0]?.commands ?? [])], ['b'])
  })
})

/** An RSA key of more bits than OpenSSL works with. */
function hugeKey(bits: number): Buffer {
  const der = (tag: number, ...content: Buffer[]) => {
    const body = Buffer.concat(content)
    const length = Buffer.from([0x83, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff])
    return Buffer.concat([Buffer.from([tag]), length, body])
  }
  const modulus = Buffer.alloc(bits / 8 + 1, 0xa5)
  modulus[0] = 0
  const key = der(0x30, der(0x02, modulus), der(0x02, Buffer.from([1, 0, 1])))
  const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex')
  return der(0x30, rsaEncryption, der(0x03, Buffer.from([0]), key))
}
