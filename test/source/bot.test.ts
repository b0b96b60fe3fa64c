import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { Fact } from '../../src/observation.ts'
import { type Bot, createBot, type MinecraftConfig, minecraftSchema } from '../../src/source/bot.ts'
import type { ChatMessage } from '../../src/source/chat.ts'
import { createGate } from '../../src/source/gate.ts'
import { encodeVarint } from '../../src/source/varint.ts'
import { fakeClock } from '../fake/clock.ts'
import {
  closedPort,
  frame,
  type Guest,
  packetBytes,
  startBare,
  startGame,
  systemChat,
  textFor,
} from '../fake/game.ts'
import { fakeLog } from '../fake/log.ts'
import { until } from '../fake/until.ts'
import { tidyUp } from './fixture.ts'

/** Joined without a configuration phase: the quickest there is. */
const VERSION = '1.16.5'
const MINUTE_MS = 60_000

const bots: Bot[] = []

afterEach(async () => {
  for (const bot of bots.splice(0)) await bot.stop()
  await tidyUp()
})

function makeBot(port: number, over: Partial<MinecraftConfig> = {}, random = 0.5) {
  const clock = fakeClock()
  const log = fakeLog()
  const facts: Fact[] = []
  const messages: ChatMessage[] = []
  const urgent = { now: false }
  const bot = createBot(
    {
      minecraft: { ...minecraftSchema.parse({ port, username: 'Bot', readInterval: 0 }), ...over },
      tokenDir: '',
    },
    { clock, log, gate: createGate(clock), random: () => random, isUrgent: () => urgent.now },
    { fact: fact => facts.push(fact), message: message => messages.push(message) },
  )
  bots.push(bot)
  const count = (type: Fact['type']) => facts.filter(fact => fact.type === type).length
  /** The lines that say that the bot is out of play, and for how long. */
  const waits = () => log.lines.filter(({ message }) => message.includes('next try in'))
  return {
    bot,
    clock,
    log,
    facts,
    messages,
    urgent,
    count,
    waits,
    attached: (times = 1) =>
      until(`in play ${times} times`, () => count('attached') === times && bot.play() !== undefined),
    waiting: (times: number) => until(`the end of try ${times}`, () => waits().length === times),
    /** How long the bot waits after its so-manieth failure: nothing happens before, the next try comes then. */
    async waitsFor(times: number, delayMs: number) {
      await until(`the end of try ${times}`, () => waits().length === times)
      await clock.advance(delayMs - 1)
      assert.equal(count('ping'), times, `tried again before ${delayMs} ms`)
      await clock.advance(1)
      await until(`try ${times + 1} after ${delayMs} ms`, () => count('ping') === times + 1)
    },
  }
}

/** A server that answers pings and turns everybody away for this reason. */
function closedGame(reason: object | string) {
  return startGame(VERSION, {
    beforeLogin: connection =>
      connection.end('away', typeof reason === 'string' ? reason : JSON.stringify(reason)),
  })
}

/** A proxy before a server that answers no pings, and passes on a login when it is told to. */
function startFront(port: number, onLogin: (pass: () => void) => void) {
  return startBare(socket => {
    socket.once('data', bytes => {
      // The last byte of the handshake: 1 asks for the status.
      if (bytes[bytes[0] ?? 0] === 1) return socket.destroy()
      socket.pause()
      return onLogin(() => {
        const behind = connect(port, '127.0.0.1')
        behind.on('error', () => {})
        behind.write(bytes)
        socket.pipe(behind).pipe(socket)
        socket.on('close', () => behind.destroy())
      })
    })
  })
}

const shutDown = (guest: Guest) =>
  guest.connection.end('', JSON.stringify({ translate: 'multiplayer.disconnect.server_shutdown' }))

describe('the bot in play', () => {
  it('tells what it sees in its order, over a restart of the server', async () => {
    const game = await startGame(VERSION)
    const { bot, attached, facts, clock, waiting, messages } = makeBot(game.port)
    assert.equal(bot.play(), undefined)
    bot.start()
    await attached()
    const guest = await game.joined(1)
    guest.write(...systemChat(VERSION, textFor(VERSION, 'hello')))
    await until('the line is heard', () => messages.length === 1)
    shutDown(guest)
    await waiting(1)
    assert.equal(bot.play(), undefined)
    await game.stop()
    await clock.advance(5_000)
    await waiting(2)
    const again = await startGame(VERSION, { port: game.port })
    await clock.advance(10_000)
    await attached(2)
    assert.equal((await again.joined(1)).connection.username, 'Bot')
    assert.deepEqual(facts, [
      { type: 'ping', answered: true },
      { type: 'attached' },
      { type: 'server_stopping' },
      { type: 'detached' },
      { type: 'ping', answered: false },
      { type: 'ping', answered: true },
      { type: 'attached' },
    ])
  })

  it('does not take another kick, or the end of the connection, for a shutdown', async () => {
    const game = await startGame(VERSION)
    const { bot, attached, waiting, facts, clock } = makeBot(game.port)
    bot.start()
    await attached()
    const first = await game.joined(1)
    first.connection.end('', '{"text":"Server closed"}')
    await waiting(1)
    await clock.advance(5_000)
    await attached(2)
    const second = await game.joined(2)
    second.connection.socket.destroy()
    await waiting(2)
    const seen = facts.map(({ type }) => type)
    assert.deepEqual(seen, ['ping', 'attached', 'detached', 'ping', 'attached', 'detached'])
  })

  it('says each change of its state in one line', async () => {
    const game = await startGame(VERSION)
    const { bot, attached, waiting, log } = makeBot(game.port)
    bot.start()
    await attached()
    shutDown(await game.joined(1))
    await waiting(1)
    assert.deepEqual(log.said(), [
      `the bot Bot is in play on 127.0.0.1:${game.port} (Minecraft 1.16.5)`,
      'the bot is out of play: kicked: Server closed; next try in 5 s',
    ])
  })

  it('joins by a set version where the server answers no ping', async () => {
    const game = await startGame(VERSION)
    const front = await startFront(game.port, pass => pass())
    const { bot, attached, facts } = makeBot(front.port, { version: VERSION })
    bot.start()
    await attached()
    assert.deepEqual(facts, [{ type: 'ping', answered: false }, { type: 'attached' }])
  })

  it('types its join commands one a second, anew each time, and tells nobody what they are', async () => {
    const game = await startGame(VERSION)
    const joinCommands = ['/login hunter2-secret', '/server survival', 'hi']
    const { bot, attached, clock, log, waiting } = makeBot(game.port, { joinCommands })
    bot.start()
    await attached()
    const guest = await game.joined(1)
    const typed = () => guest.got('chat').map(({ message }) => message)
    for (let count = 1; count <= 3; count++) {
      await clock.advance(999)
      assert.equal(typed().length, count - 1)
      await clock.advance(1)
      await until(`command ${count}`, () => typed().length === count)
    }
    assert.deepEqual(typed(), joinCommands)
    shutDown(guest)
    await waiting(1)
    await clock.advance(5_000)
    await attached(2)
    const second = await game.joined(2)
    await clock.advance(1_000)
    await until('the first command again', () => second.got('chat').length === 1)
    shutDown(second)
    await waiting(2)
    await clock.advance(9_999)
    assert.equal(second.got('chat').length, 1)
    assert.doesNotMatch(JSON.stringify(log.lines), /hunter2|survival/)
  })
})

describe('the bot out of play', () => {
  it('tries again after 5 s, twice that each time, never more than 5 min apart', async () => {
    const { bot, waitsFor } = makeBot(await closedPort())
    bot.start()
    const delays = [5, 10, 20, 40, 80, 160, 250, 250, 250]
    for (const [index, seconds] of delays.entries()) await waitsFor(index + 1, seconds * 1000)
  })

  it('spreads its tries by a fifth to both sides, within 5 min', async () => {
    for (const [random, delays] of [
      [0, [4, 8, 16, 32, 64, 128, 200]],
      [1, [6, 12, 24, 48, 96, 192, 300]],
    ] as const) {
      const { bot, waitsFor } = makeBot(await closedPort(), {}, random)
      bot.start()
      for (const [index, seconds] of delays.entries()) await waitsFor(index + 1, seconds * 1000)
    }
  })

  it('begins anew with 5 s after a minute in play, and not before', async () => {
    const game = await startGame(VERSION)
    const { bot, attached, clock, waiting, waits } = makeBot(game.port)
    bot.start()
    const seconds = () => /next try in (.*)$/.exec(waits().at(-1)?.message ?? '')?.[1]
    async function playFor(time: number, ms: number) {
      await attached(time)
      const guest = await game.joined(time)
      for (let left = ms; left > 0; left -= 30_000) {
        const before = guest.got('keep_alive').length
        guest.write('keep_alive', { keepAliveId: 1n })
        await until('it is alive', () => guest.got('keep_alive').length > before)
        await clock.advance(Math.min(left, 30_000))
      }
      guest.connection.socket.destroy()
      await waiting(time)
    }
    await playFor(1, 10_000)
    assert.equal(seconds(), '5 s')
    await clock.advance(5_000)
    await playFor(2, MINUTE_MS - 1)
    assert.equal(seconds(), '10 s')
    await clock.advance(10_000)
    await playFor(3, MINUTE_MS)
    assert.equal(seconds(), '5 s')
    await clock.advance(5_000)
    await playFor(4, 1_000)
    assert.equal(seconds(), '10 s')
  })

  it('does not count a slow login as time in play', async () => {
    const game = await startGame(VERSION)
    const held: (() => void)[] = []
    const front = await startFront(game.port, pass => held.push(pass))
    const { bot, clock, attached, waiting, waits } = makeBot(front.port, { version: VERSION })
    bot.start()
    for (const [index, seconds] of [5, 10, 20].entries()) {
      const time = index + 1
      await until('the login', () => held.length === time)
      await clock.advance(20_000)
      held[index]?.()
      await attached(time)
      await clock.advance(50_000)
      shutDown(await game.joined(time))
      await waiting(time)
      assert.match(waits().at(-1)?.message ?? '', new RegExp(`next try in ${seconds} s$`))
      await clock.advance(seconds * 1_000)
    }
  })

  it('says a reason once, until it changes or the bot was in play', async () => {
    const port = await closedPort()
    const { bot, log, waitsFor, clock, attached, waiting } = makeBot(port)
    bot.start()
    await waitsFor(1, 5_000)
    await waitsFor(2, 10_000)
    await waiting(3)
    const refused = `the bot is out of play: can't reach 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}; next try in 5 s`
    assert.deepEqual(log.said(), [refused])
    const game = await startGame(VERSION, { port })
    await clock.advance(20_000)
    await attached()
    shutDown(await game.joined(1))
    await waiting(4)
    await game.stop()
    await clock.advance(40_000)
    await waiting(5)
    const said = log.said().map(line => line.split('127.0.0.1')[0]?.split(';')[0])
    assert.deepEqual(said, [
      "the bot is out of play: can't reach ",
      'the bot Bot is in play on ',
      'the bot is out of play: kicked: Server closed',
      "the bot is out of play: can't reach ",
    ])
  })

  it('says the same reason again, once the bot was in play', async () => {
    const game = await startGame(VERSION)
    const { bot, log, attached, waiting, clock } = makeBot(game.port)
    bot.start()
    for (const [index, seconds] of [5, 10].entries()) {
      await attached(index + 1)
      shutDown(await game.joined(index + 1))
      await waiting(index + 1)
      await clock.advance(seconds * 1_000)
    }
    const said = log.said().filter(line => line.includes('Server closed'))
    assert.deepEqual(said, [
      'the bot is out of play: kicked: Server closed; next try in 5 s',
      'the bot is out of play: kicked: Server closed; next try in 10 s',
    ])
  })

  const permanent: { [what: string]: [reason: object | string, remedy: RegExp] } = {
    'a ban': [
      { translate: 'multiplayer.disconnect.banned.reason', with: ['griefing'] },
      /banned.*\/pardon Bot\b/,
    ],
    'a whitelist': [{ translate: 'multiplayer.disconnect.not_whitelisted' }, /\/whitelist add Bot\b/],
    'a wrong version': [
      { translate: 'multiplayer.disconnect.outdated_client', with: ['1.20.1'] },
      /set minecraft\.version/,
    ],
    'another client of the name': [
      { translate: 'multiplayer.disconnect.duplicate_login' },
      /an account of its own/,
    ],
    'an online-mode server': [
      { translate: 'multiplayer.disconnect.unverified_username' },
      /set minecraft\.auth to "microsoft"/,
    ],
  }
  for (const [what, [reason, remedy]] of Object.entries(permanent))
    it(`says ${what} once, with the remedy, and tries again every 10 min`, async () => {
      const game = await closedGame(reason)
      const { bot, log, waitsFor } = makeBot(game.port)
      bot.start()
      await waitsFor(1, 10 * MINUTE_MS)
      await waitsFor(2, 10 * MINUTE_MS)
      assert.equal(log.said().length, 1)
      const [line] = log.lines.filter(({ level }) => level === 'error')
      assert.match(line?.message ?? '', remedy)
      assert.match(line?.message ?? '', /^the bot can't join: kicked: .*; next try in 10 ?m/)
    })

  it('says a version that it does not speak, with the remedy, without logging in', async () => {
    const status = Buffer.from('{"version":{"name":"Future 9.9","protocol":9999}}')
    const server = await startBare(socket => {
      socket.once('data', () =>
        socket.write(frame(Buffer.concat([encodeVarint(0), encodeVarint(status.length), status]))),
      )
    })
    const { bot, log, waitsFor } = makeBot(server.port)
    bot.start()
    await waitsFor(1, 10 * MINUTE_MS)
    assert.match(log.said()[0] ?? '', /the server runs "Future 9\.9".*update the bridge/)
    assert.equal(server.sockets.length, 2, 'one ping for each try')
    const unknown = makeBot(await closedPort(), { version: '1.21.99' })
    unknown.bot.start()
    await unknown.waiting(1)
    assert.match(unknown.log.said()[0] ?? '', /Minecraft 1\.21\.99 is unknown here → set minecraft\.version/)
  })
})

describe('while a restore is pending the bot', () => {
  it('tries at most 15 s apart', async () => {
    const { bot, urgent, waitsFor } = makeBot(await closedPort())
    urgent.now = true
    bot.start()
    for (const [index, seconds] of [5, 10, 15, 15, 15].entries()) await waitsFor(index + 1, seconds * 1000)
  })

  it('asks for the server every 15 s, where it must not log in sooner than in 10 min', async () => {
    const game = await closedGame({ translate: 'multiplayer.disconnect.not_whitelisted' })
    const { bot, urgent, clock, count, waiting, waits } = makeBot(game.port)
    urgent.now = true
    bot.start()
    await waiting(1)
    for (let pings = 1; pings < 40; pings++) {
      assert.equal(count('ping'), pings)
      await clock.advance(14_999)
      assert.equal(count('ping'), pings)
      await clock.advance(1)
      if (pings < 40) await until(`ping ${pings + 1}`, () => count('ping') === pings + 1)
    }
    assert.equal(waits().length, 1, 'it logged in too soon')
    await clock.advance(15_000)
    await waiting(2)
  })

  it('stops asking when the restore is told', async () => {
    const game = await closedGame({ translate: 'multiplayer.disconnect.not_whitelisted' })
    const { bot, urgent, clock, count, waiting } = makeBot(game.port)
    urgent.now = true
    bot.start()
    await waiting(1)
    urgent.now = false
    await clock.advance(15_000)
    await clock.advance(9 * MINUTE_MS)
    assert.equal(count('ping'), 1)
  })
})

describe('the bot stops', () => {
  /** At once, without the clock's help, and for good. */
  async function stopsWell({ bot, clock, facts }: ReturnType<typeof makeBot>) {
    const begun = performance.now()
    await bot.stop()
    assert.ok(performance.now() - begun < 5_000, 'not promptly')
    assert.equal(clock.pending(), 0, 'a timer was left')
    assert.equal(bot.play(), undefined)
    const seen = facts.length
    bot.start()
    await clock.advance(60 * MINUTE_MS)
    await bot.stop()
    assert.equal(facts.length, seen, 'it went on')
  }

  it('before it was started', async () => {
    const made = makeBot(await closedPort())
    await made.bot.stop()
    made.bot.start()
    await made.clock.advance(MINUTE_MS)
    await made.bot.stop()
    assert.equal(made.count('attached'), 0)
  })

  it('while it asks for the status', async () => {
    const server = await startBare(() => {})
    const made = makeBot(server.port)
    made.bot.start()
    await until('the ping', () => server.sockets.length === 1)
    await stopsWell(made)
    assert.deepEqual(made.facts, [])
    await until('the socket is closed', () => server.sockets.every(socket => socket.destroyed))
  })

  it('while it logs in', async () => {
    const server = await startBare((socket, number) => {
      if (number === 1) socket.destroy()
      else
        socket.once('data', () =>
          socket.write(frame(packetBytes(VERSION, 'login', 'compress', { threshold: 64 }))),
        )
    })
    const made = makeBot(server.port, { version: VERSION })
    made.bot.start()
    await until('the login', () => server.sockets.length === 2)
    await stopsWell(made)
    assert.deepEqual(made.facts, [{ type: 'ping', answered: false }])
    await until('the socket is closed', () => server.sockets.every(socket => socket.destroyed))
  })

  it('in play, with commands left to type', async () => {
    const game = await startGame(VERSION)
    const made = makeBot(game.port, { joinCommands: ['/a', '/b'] })
    made.bot.start()
    await made.attached()
    const guest = await game.joined(1)
    await stopsWell(made)
    assert.deepEqual(made.facts.at(-1), { type: 'detached' })
    await until('the server sees it leave', () => guest.connection.socket.destroyed)
    assert.deepEqual(guest.got('chat'), [])
  })

  it('while it waits', async () => {
    const made = makeBot(await closedPort())
    made.bot.start()
    await made.waiting(1)
    await stopsWell(made)
  })

  it('as often as it is told to, and runs once however often it is started', async () => {
    const game = await startGame(VERSION)
    const made = makeBot(game.port)
    made.bot.start()
    made.bot.start()
    await made.attached()
    await Promise.all([made.bot.stop(), made.bot.stop()])
    await made.bot.stop()
    assert.equal(made.count('attached'), 1)
    assert.equal(made.count('detached'), 1)
    assert.equal(
      game.guests.filter(({ received }) => received.some(({ name }) => name === 'login_start')).length,
      1,
    )
  })
})
