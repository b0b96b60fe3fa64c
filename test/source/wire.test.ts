import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { openWire, untilNext } from '../../src/source/wire.ts'
import { fakeClock } from '../fake/clock.ts'
import { startBare, stopServers } from '../fake/game.ts'
import { fc } from '../fake/property.ts'
import { until } from '../fake/until.ts'

const INTERVAL_MS = 250

const open = new Set<{ destroy(): void }>()
afterEach(async () => {
  for (const wire of open) wire.destroy()
  open.clear()
  await stopServers()
})

/** A wire to a server of bytes, which may wait unless it is told otherwise. */
async function setUp(over: { intervalMs?: number; mayWait?(): boolean } = {}) {
  const clock = fakeClock()
  const server = await startBare(() => {})
  const pieces: string[] = []
  const wire = openWire(
    { host: '127.0.0.1', port: server.port },
    {
      clock,
      intervalMs: over.intervalMs ?? INTERVAL_MS,
      mayWait: over.mayWait ?? (() => true),
      onBytes: bytes => pieces.push(bytes.toString('latin1')),
    },
  )
  open.add(wire)
  await until('the wire is connected', () => server.sockets.length === 1)
  const [guest] = server.sockets
  assert.ok(guest)
  return {
    clock,
    wire,
    guest,
    pieces,
    text: () => pieces.join(''),
    /** What was sent by now has arrived at the system: a later byte on another connection has come through. */
    async arrived() {
      const before = server.sockets.length
      const other = connect(server.port, '127.0.0.1')
      await until('the other is connected', () => server.sockets.length > before)
      const socket = server.sockets.at(-1)
      for (let turn = 0; turn < 3; turn++) {
        const came = once(other, 'data')
        socket?.write('.')
        await came
      }
      other.destroy()
    },
  }
}

async function say(guest: Socket, text: string): Promise<void> {
  await new Promise<void>(resolve => guest.write(text, () => resolve()))
}

describe('a wire', () => {
  it('reads what comes as it comes, where nothing may wait or the interval is 0', async () => {
    for (const over of [{ mayWait: () => false }, { intervalMs: 0 }]) {
      const { guest, clock, text } = await setUp(over)
      for (const word of ['a', 'b', 'c']) {
        await say(guest, word)
        await until(`"${word}" is read`, () => text().endsWith(word))
      }
      assert.equal(clock.pending(), 0)
    }
  })

  it('leaves what comes after a read with the system, until the next moment', async () => {
    const { guest, clock, pieces, arrived } = await setUp()
    await say(guest, 'a')
    await until('the first is read', () => pieces.length === 1)
    for (const word of ['b', 'c', 'd']) {
      await say(guest, word)
      await arrived()
    }
    await clock.advance(INTERVAL_MS - 1)
    assert.deepEqual(pieces, ['a'])
    await clock.advance(1)
    await until('the others are read', () => pieces.length > 1)
    assert.deepEqual(pieces, ['a', 'bcd'])
  })

  it('lets nothing wait longer than the interval', async () => {
    const { guest, clock, text } = await setUp()
    for (let round = 1; round <= 20; round++) {
      await say(guest, 'x')
      await clock.advance(INTERVAL_MS)
      await until(`line ${round} is read`, () => text().length === round)
    }
  })

  it('goes on reading while there is much, so that nobody is held up', async () => {
    const { guest, text } = await setUp()
    const much = 'x'.repeat(5_000_000)
    guest.write(much)
    // On a clock that stands still.
    await until('all is read', () => text().length === much.length)
  })

  it('waits no more when it may not', async () => {
    let mayWait = true
    const { guest, clock, text } = await setUp({ mayWait: () => mayWait })
    await say(guest, 'a')
    await until('the first is read', () => text() === 'a')
    mayWait = false
    await clock.advance(INTERVAL_MS)
    for (const word of ['b', 'c']) {
      await say(guest, word)
      await until(`"${word}" is read`, () => text().endsWith(word))
    }
  })

  it('notices the end at the next moment, after all that came before it', async () => {
    const { guest, clock, wire, text, arrived } = await setUp()
    const ended = once(wire.socket, 'close')
    await say(guest, 'a')
    await until('the first is read', () => text() === 'a')
    guest.end('last')
    await arrived()
    assert.equal(text(), 'a')
    const startedAt = clock.monotonic()
    let closed = false
    void ended.then(() => {
      closed = true
    })
    while (!closed) await clock.advance(50)
    assert.equal(text(), 'alast')
    assert.ok(clock.monotonic() - startedAt <= 3 * INTERVAL_MS)
  })

  it('reads for many at one moment, none with another’s bytes', async () => {
    const clock = fakeClock()
    const server = await startBare((socket, number) => socket.write(`${number}`.repeat(70_000)))
    const read = Array.from({ length: 8 }, () => '')
    for (const index of read.keys())
      open.add(
        openWire(
          { host: '127.0.0.1', port: server.port },
          {
            clock,
            intervalMs: INTERVAL_MS,
            mayWait: () => true,
            onBytes: bytes => {
              read[index] += bytes.toString('latin1')
            },
          },
        ),
      )
    await until('all have read', () => {
      void clock.advance(INTERVAL_MS)
      return read.every(text => text.length === 70_000)
    })
    for (const text of read) assert.equal(new Set(text).size, 1)
    assert.equal(new Set(read).size, 8)
  })

  it('leaves no timer', async () => {
    const { guest, clock, wire, text } = await setUp()
    await say(guest, 'a')
    await until('it is read', () => text() === 'a')
    assert.equal(clock.pending(), 1)
    wire.destroy()
    assert.equal(clock.pending(), 0)
  })
})

it('the moments are those of all bots, and no wait is longer than the interval', () => {
  const intervals = fc.integer({ min: 1, max: 5_000 })
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), intervals, (now, intervalMs) => {
      const waitMs = untilNext(now, intervalMs)
      assert.ok(Number.isInteger(waitMs) && waitMs >= 1 && waitMs <= intervalMs + 2)
      const beyond = (now + waitMs) % intervalMs
      assert.ok(beyond < 1.001 || intervalMs - beyond < 0.001, `${beyond} after a moment`)
    }),
  )
})
