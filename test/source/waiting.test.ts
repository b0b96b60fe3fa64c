/** The traps of a connection, with reads that wait for their moment: on sockets, in every version of the live tests. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FakeClock } from '../fake/clock.ts'
import {
  frame,
  loginBytes,
  packetBytes,
  reconfigure,
  startBare,
  startGame,
  systemChat,
  textFor,
} from '../fake/game.ts'
import { until } from '../fake/until.ts'
import { type OpenSession, openSession, tidyUp } from './fixture.ts'

afterEach(tidyUp)

const VERSIONS = ['1.12.2', '1.16.5', '1.18.2', '1.19.4', '1.20.1', '1.20.4', '1.21.4', '1.21.8', '26.1']
const INTERVAL_MS = 250

function lineOf(version: string, text: string): Buffer {
  return packetBytes(version, 'play', ...systemChat(version, textFor(version, text)))
}

/** Time passes, moment by moment, until it is so. */
async function passing(clock: FakeClock, what: string, condition: () => boolean): Promise<void> {
  await until(what, () => {
    if (condition()) return true
    void clock.advance(INTERVAL_MS)
    return false
  })
}

function heard(session: OpenSession, count: number): Promise<void> {
  return passing(session.clock, `${count} lines of chat`, () => session.messages.length >= count)
}

/** In pieces, each of which the system may hand over on its own. */
async function trickle(socket: Socket, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    socket.write(bytes.subarray(offset, offset + pieceBytes))
    await setImmediate()
  }
}

for (const version of VERSIONS) {
  for (const threshold of [undefined, 256]) {
    it(`every line of ${version} is heard in its order, ${threshold ? 'compressed' : 'plain'}`, async () => {
      const { bytes, wrap } = loginBytes(version, { threshold })
      const time = { age: 1n, time: 2n, tickDayTime: true, gameTime: 1n, clockUpdates: [] }
      const noise = wrap(packetBytes(version, 'play', 'update_time', time))
      const lines = Array.from({ length: 40 }, (_, index) => `line ${index} ${'x'.repeat(index * 30)}`)
      const long = Array.from({ length: 9_000 }, (_, index) => index).join(' ')
      const all = [...lines, long.slice(0, 32_000), 'and the last']
      const stream = Buffer.concat(all.flatMap(text => [noise, wrap(lineOf(version, text))]))
      const server = await startBare(socket => {
        socket.setNoDelay(true)
        void (async () => {
          await trickle(socket, bytes, 1)
          await trickle(socket, stream.subarray(0, 3_000), 1)
          await trickle(socket, stream.subarray(3_000), 977)
        })()
      })
      const session = await openSession(version, server.port, { readIntervalMs: INTERVAL_MS })
      await session.play()
      await heard(session, all.length)
      assert.deepEqual(session.texts(), all)
      assert.deepEqual(session.endings, [])
    })
  }
}

describe('a bot that waits between two reads', () => {
  const version = '1.21.4'

  it('is in play without waiting', async () => {
    for (const each of VERSIONS) {
      const game = await startGame(each)
      // On a clock that stands still.
      const session = await openSession(each, game.port, { readIntervalMs: INTERVAL_MS })
      await session.play()
      assert.equal(session.clock.monotonic(), 0)
      session.stop()
      await game.stop()
    }
  })

  it('answers keep-alives and pings, and hears a line, no later than the interval', async () => {
    const game = await startGame(version)
    const session = await openSession(version, game.port, { readIntervalMs: INTERVAL_MS })
    const guest = await game.joined(1)
    await session.play()
    for (let round = 1; round <= 5; round++) {
      guest.write('keep_alive', { keepAliveId: BigInt(round) })
      guest.write('ping', { id: round })
      guest.write(...systemChat(version, textFor(version, `round ${round}`)))
      // What was written has left; how long its way is, is the system's.
      await new Promise<void>(resolve => guest.connection.socket.write(Buffer.alloc(0), () => resolve()))
      await session.clock.advance(INTERVAL_MS)
      await until('the answers are there', () => guest.got('pong').length === round)
      assert.equal(BigInt(String(guest.got('keep_alive').at(-1)?.keepAliveId)), BigInt(round))
      assert.equal(session.texts().length, round)
    }
  })

  it('goes through a reconfiguration without waiting in it, and hears what comes after it', async () => {
    const game = await startGame(version)
    const session = await openSession(version, game.port, { readIntervalMs: INTERVAL_MS })
    const guest = await game.joined(1)
    await session.play()
    for (let round = 1; round <= 5; round++) {
      const done = reconfigure(guest)
      // One moment for the packet that begins it; the other steps are on a clock that stands still.
      await session.clock.advance(INTERVAL_MS)
      await done
      guest.write(...systemChat(version, textFor(version, `round ${round}`)))
      await heard(session, round)
    }
    assert.deepEqual(
      session.texts(),
      [1, 2, 3, 4, 5].map(round => `round ${round}`),
    )
  })

  it('hears chat inside a bundle, and after another compression threshold', async () => {
    const { bytes, wrap } = loginBytes(version, { threshold: 64 })
    const { wrap: later } = loginBytes(version, { threshold: 4_096 })
    const line = (text: string) => lineOf(version, text)
    const delimiter = wrap(packetBytes(version, 'play', 'bundle_delimiter', {}))
    const padded = `c${' '.repeat(500)}`
    const stream = [
      delimiter,
      wrap(line('a')),
      wrap(line('b')),
      delimiter,
      later(line(padded)),
      wrap(line('d')),
    ]
    const server = await startBare(socket => socket.write(Buffer.concat([bytes, ...stream])))
    const session = await openSession(version, server.port, { readIntervalMs: INTERVAL_MS })
    await heard(session, 4)
    assert.deepEqual(session.texts(), ['a', 'b', padded, 'd'])
  })

  it('hears on when the server begins to compress in play (1.8 can)', async () => {
    const old = '1.8.8'
    const { bytes } = loginBytes(old)
    const { wrap } = loginBytes(old, { threshold: 64 })
    const change = frame(packetBytes(old, 'play', 'set_compression', { threshold: 64 }))
    const chat = (text: string) =>
      packetBytes(old, 'play', 'chat', { message: JSON.stringify({ text }), position: 1 })
    const lines = ['plain', 'packed '.repeat(50).trim(), 'short']
    const stream = [frame(chat(lines[0] ?? '')), change, ...lines.slice(1).map(text => wrap(chat(text)))]
    const server = await startBare(socket => void trickle(socket, Buffer.concat([bytes, ...stream]), 3))
    const session = await openSession(old, server.port, { readIntervalMs: INTERVAL_MS })
    await heard(session, 3)
    assert.deepEqual(session.texts(), lines)
  })

  it('hears an encrypted server', async () => {
    const game = await startGame(version, { encrypted: true })
    const session = await openSession(version, game.port, { readIntervalMs: INTERVAL_MS })
    const guest = await game.joined(1)
    await session.play()
    const texts = Array.from({ length: 30 }, (_, index) => `${index} ${'e'.repeat(index * 20)}`)
    for (const text of texts) guest.write(...systemChat(version, textFor(version, text)))
    await heard(session, texts.length)
    assert.deepEqual(session.texts(), texts)
  })

  it('says why it was kicked, after every line before it', async () => {
    const game = await startGame(version)
    const session = await openSession(version, game.port, { readIntervalMs: INTERVAL_MS })
    const guest = await game.joined(1)
    await session.play()
    for (const text of ['one', 'two']) guest.write(...systemChat(version, textFor(version, text)))
    guest.connection.end('done', textFor(version, 'Server closed'))
    await passing(session.clock, 'the session ends', () => session.endings.length > 0)
    assert.deepEqual(session.texts(), ['one', 'two'])
    assert.match(session.endings[0]?.reason ?? '', /Server closed/)
  })
})
