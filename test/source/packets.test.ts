import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { Duplex } from 'node:stream'
import { afterEach, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { deflateSync } from 'node:zlib'
import type { Client } from '../../src/source/client.ts'
import { parseComponent, textOf } from '../../src/source/component.ts'
import { MAX_FRAME_BYTES } from '../../src/source/frames.ts'
import type { Dialect } from '../../src/source/library.ts'
import { MAX_INFLATED_BYTES } from '../../src/source/packets.ts'
import { encodeVarint } from '../../src/source/varint.ts'
import {
  compressedFrame,
  frame,
  loginBytes,
  packetBytes,
  reconfigure,
  startGame,
  systemChat,
  textFor,
} from '../fake/game.ts'
import { dialectOf, openSession, tidyUp } from './fixture.ts'

afterEach(tidyUp)

/** Before and after the configuration phase, and the newest. */
const VERSIONS = ['1.12.2', '1.19.4', '1.21.4', '26.1']

type Internals = Client & { setEncryption(secret: Buffer): void }

/** What the client tells beside packets. */
const NO_PACKETS: ReadonlySet<unknown> = new Set([
  'connect',
  'state',
  'error',
  'end',
  'playerJoin',
  'playerChat',
])

/** The lean client on a socket of ours, which hands it exactly the pieces that a test wants. */
class Line {
  readonly seen: { name: string; params: { [field: string]: unknown } }[] = []
  readonly faults: string[] = []
  frames = 0
  readonly client: Internals
  readonly socket = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() })

  constructor(dialect: Dialect) {
    this.client = dialect.createClient(
      { host: '127.0.0.1', port: 1, username: 'Bot', auth: 'offline', tokenDir: '', onDeviceCode: () => {} },
      {
        onFrames: count => {
          this.frames += count
        },
        onFault: error => this.faults.push(error.message),
      },
      client => client.setSocket(this.socket as never),
    ) as Internals
    const { emit } = this.client
    this.client.emit = (name: string, ...args) => {
      if (!NO_PACKETS.has(name)) this.seen.push({ name, params: args[0] })
      return emit.call(this.client, name, ...args)
    }
    this.client.on('error', error => this.faults.push(`error: ${error.message}`))
    this.socket.emit('connect')
  }

  /** So many packets were parsed. */
  get parsed() {
    return this.seen.length
  }

  async take(bytes: Buffer, pieceBytes = bytes.length) {
    for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
      this.socket.push(bytes.subarray(offset, offset + pieceBytes))
      await setImmediate()
    }
    await setImmediate()
  }

  names() {
    return this.seen.map(({ name }) => name)
  }

  /** Texts of the chat packets, in their order. */
  chat() {
    return this.seen.flatMap(({ name, params }) => {
      if (name !== 'chat' && name !== 'system_chat') return []
      const component = parseComponent(params.content ?? params.message)
      return [component ? textOf(component) : 'unreadable']
    })
  }

  close() {
    this.client.end('done')
    clearTimeout(this.client.closeTimer ?? undefined)
    this.socket.destroy()
  }
}

function lineOf(version: string, text: string): Buffer {
  const [name, params] = systemChat(version, textFor(version, text))
  return packetBytes(version, 'play', name, params)
}

/** A packet that no bot wants, in every version. */
function timeOf(version: string): Buffer {
  const params = { age: 1n, time: 2n, tickDayTime: true, gameTime: 1n, clockUpdates: [] }
  return packetBytes(version, 'play', 'update_time', params)
}

for (const version of VERSIONS) {
  describe(`the lean client of ${version}`, () => {
    let dialect: Dialect
    before(async () => {
      dialect = await dialectOf(version)
    })
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index} ${'x'.repeat(index * 30)}`)

    for (const threshold of [undefined, 64]) {
      it(`reads every line in its order, whatever the pieces, ${threshold ? 'compressed' : 'plain'}`, async () => {
        const { bytes, wrap } = loginBytes(version, { threshold })
        const stream = Buffer.concat([
          bytes,
          ...lines.flatMap(text => [wrap(timeOf(version)), wrap(lineOf(version, text))]),
        ])
        for (const pieceBytes of [1, 2, 7, 997, stream.length]) {
          const line = new Line(dialect)
          await line.take(stream, pieceBytes)
          assert.deepEqual(line.chat(), lines, `pieces of ${pieceBytes}`)
          assert.deepEqual(line.faults, [])
          assert.equal(line.client.state, 'play')
          line.close()
        }
      })

      it(`passes over what nobody wants, unparsed, ${threshold ? 'compressed' : 'plain'}`, async () => {
        const { bytes, wrap } = loginBytes(version, { threshold })
        const line = new Line(dialect)
        await line.take(bytes)
        const { parsed, frames } = line
        await line.take(Buffer.concat(Array.from({ length: 50 }, () => wrap(timeOf(version)))))
        assert.equal(line.frames - frames, 50, 'each frame is a sign of life')
        assert.equal(line.parsed, parsed)
        await line.take(wrap(lineOf(version, 'x')))
        assert.equal(line.parsed, parsed + 1)
        assert.ok(!line.names().includes('update_time'))
        line.close()
      })
    }

    it('reads a line of 60 KB', async () => {
      const long = Array.from({ length: 6_000 }, (_, index) => `word ${index}`)
        .join(' ')
        .slice(0, 60_000)
      const { bytes, wrap } = loginBytes(version, { threshold: 256 })
      const line = new Line(dialect)
      await line.take(
        Buffer.concat([bytes, wrap(lineOf(version, long)), wrap(lineOf(version, 'next'))]),
        1460,
      )
      assert.deepEqual(line.chat(), [long, 'next'])
      line.close()
    })

    it('passes over a wanted packet that can’t be parsed, and reads the next', async () => {
      const { bytes, wrap } = loginBytes(version, { threshold: 256 })
      const whole = lineOf(version, 'broken, or not')
      for (const broken of [
        whole.subarray(0, 8),
        whole.subarray(0, 1),
        Buffer.concat([whole.subarray(0, 1), Buffer.alloc(300, 0xff)]),
      ]) {
        const line = new Line(dialect)
        await line.take(Buffer.concat([bytes, wrap(broken), wrap(lineOf(version, 'next'))]))
        assert.deepEqual(line.chat().at(-1), 'next')
        assert.deepEqual(line.faults, [])
        line.close()
      }
    })

    it('ends at a frame over vanilla’s limit, and holds none of it', async () => {
      const tooLong = [
        encodeVarint(MAX_FRAME_BYTES + 1),
        encodeVarint(2 ** 31 - 1),
        Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      ]
      for (const start of [Buffer.alloc(0), loginBytes(version).bytes]) {
        for (const length of tooLong) {
          const line = new Line(dialect)
          await line.take(Buffer.concat([start, length]))
          assert.equal(
            line.faults[0],
            'the server sent a frame over vanilla’s limit of 2097151 bytes'.replace('’', "'"),
          )
          const { external, arrayBuffers } = process.memoryUsage()
          const block = Buffer.alloc(2 ** 20)
          for (let count = 0; count < 50; count++) await line.take(block)
          const after = process.memoryUsage()
          assert.ok(
            after.external + after.arrayBuffers - external - arrayBuffers < 20 * 2 ** 20,
            'it was buffered',
          )
          assert.deepEqual(line.faults.length, 1, line.faults.join())
          line.close()
        }
      }
    })

    it('reads a frame of exactly the limit', async () => {
      const { bytes } = loginBytes(version)
      const time = timeOf(version)
      const largest = Buffer.concat([time, Buffer.alloc(MAX_FRAME_BYTES - time.length)])
      const line = new Line(dialect)
      await line.take(Buffer.concat([bytes, frame(largest), frame(lineOf(version, 'next'))]), 65_536)
      assert.deepEqual(line.chat(), ['next'])
      assert.deepEqual(line.faults, [])
      line.close()
    })
  })
}

describe('a compressed frame', () => {
  const version = '1.21.4'
  let dialect: Dialect
  before(async () => {
    dialect = await dialectOf(version)
  })

  async function inPlay(threshold = 64) {
    const { bytes, wrap } = loginBytes(version, { threshold })
    const line = new Line(dialect)
    await line.take(bytes)
    return { line, wrap }
  }

  it('that nobody wants is a bomb that does not go off', async () => {
    const { line, wrap } = await inPlay()
    const bomb = deflateSync(Buffer.concat([timeOf(version), Buffer.alloc(24 * 2 ** 20)]), { level: 1 })
    const before = process.memoryUsage().rss
    for (const declared of [24 * 2 ** 20, 300, 2 ** 31 - 1])
      await line.take(frame(Buffer.concat([encodeVarint(declared), bomb])))
    assert.ok(process.memoryUsage().rss - before < 20 * 2 ** 20)
    await line.take(wrap(lineOf(version, 'next')))
    assert.deepEqual(line.chat(), ['next'])
    assert.deepEqual(line.faults, [])
    line.close()
  })

  it('that is wanted and inflates over the limit ends the connection', async () => {
    const bomb = deflateSync(Buffer.concat([lineOf(version, 'x'), Buffer.alloc(24 * 2 ** 20)]), { level: 1 })
    for (const declared of [24 * 2 ** 20, 300, MAX_INFLATED_BYTES]) {
      const { line } = await inPlay()
      const before = process.memoryUsage().rss
      await line.take(frame(Buffer.concat([encodeVarint(declared), bomb])))
      assert.ok(process.memoryUsage().rss - before < 20 * 2 ** 20)
      assert.match(line.faults[0] ?? '', /^the server sent a packet that can't be inflated: /)
      assert.deepEqual(line.chat(), [])
      line.close()
    }
  })

  it('that is wanted, but larger than it can rightly be, is passed over unparsed', async () => {
    const rights = packetBytes(version, 'play', 'entity_status', { entityId: 1, entityStatus: 28 })
    const chat = lineOf(version, 'x')
    const padded = (bytes: Buffer, length: number) =>
      Buffer.concat([bytes, Buffer.alloc(length - bytes.length)])
    for (const [bytes, limit] of [
      [rights, 2_097_152],
      [chat, 524_288],
    ] as const) {
      const { line, wrap } = await inPlay()
      const { parsed } = line
      await line.take(wrap(padded(bytes, limit + 1)))
      assert.equal(line.parsed, parsed)
      await line.take(wrap(padded(bytes, limit)))
      assert.equal(line.parsed, parsed + 1)
      assert.deepEqual(line.faults, [])
      line.close()
    }
  })

  it('that is garbage ends the connection', async () => {
    const { line } = await inPlay()
    await line.take(frame(Buffer.concat([encodeVarint(1000), Buffer.alloc(900, 0xa5)])))
    assert.match(line.faults[0] ?? '', /can't be inflated/)
    line.close()
  })

  it('hides no line behind an odd length, or a slow start', async () => {
    const { line } = await inPlay()
    const chat = lineOf(version, 'y'.repeat(5_000))
    const stored = deflateSync(chat, { level: 0 })
    await line.take(frame(Buffer.concat([encodeVarint(chat.length), stored])))
    await line.take(frame(Buffer.concat([encodeVarint(0), chat])))
    await line.take(compressedFrame(chat, 0))
    assert.equal(line.chat().length, 3)
    line.close()
  })

  it('is read by what it says of itself, whatever the threshold was', async () => {
    const { line } = await inPlay(64)
    for (const threshold of [0, 10_000])
      await line.take(compressedFrame(lineOf(version, `at ${threshold} ${'z'.repeat(300)}`), threshold))
    assert.equal(line.chat().length, 2)
    assert.deepEqual(line.faults, [])
    line.close()
  })
})

describe('chat', () => {
  const version = '1.21.4'
  let dialect: Dialect
  before(async () => {
    dialect = await dialectOf(version)
  })
  const line = (text: string) => lineOf(version, text)

  it('inside a bundle is read at once, whether the bundle closes or not', async () => {
    const { bytes, wrap } = loginBytes(version)
    const delimiter = wrap(packetBytes(version, 'play', 'bundle_delimiter', {}))
    const wire = new Line(dialect)
    await wire.take(
      Buffer.concat([bytes, delimiter, wrap(line('a')), wrap(timeOf(version)), wrap(line('b'))]),
    )
    assert.deepEqual(wire.chat(), ['a', 'b'])
    await wire.take(Buffer.concat([delimiter, wrap(line('c'))]))
    assert.deepEqual(wire.chat().length, 3)
    wire.close()
  })

  it('is read after the server encrypts in the middle, in pieces of any size', async () => {
    const { bytes, wrap } = loginBytes(version, { threshold: 64 })
    const secret = Buffer.from('0123456789abcdef')
    for (const pieceBytes of [1, 3, 100_000]) {
      const wire = new Line(dialect)
      await wire.take(Buffer.concat([bytes, wrap(line('plain'))]))
      wire.client.setEncryption(secret)
      const cipher = createCipheriv('aes-128-cfb8', secret, secret)
      const rest = Buffer.concat([wrap(timeOf(version)), wrap(line('e'.repeat(300))), wrap(line('end'))])
      await wire.take(cipher.update(rest), pieceBytes)
      assert.deepEqual(wire.chat(), ['plain', 'e'.repeat(300), 'end'])
      assert.deepEqual(wire.faults, [])
      wire.close()
    }
  })

  it('comes over an encrypted connection of a real server', async () => {
    const game = await startGame('1.19.4', { encrypted: true })
    const session = await openSession('1.19.4', game.port)
    const guest = await game.joined(1)
    assert.ok(guest.got('encryption_begin').length === 1, 'keys were exchanged')
    guest.write(...systemChat('1.19.4', textFor('1.19.4', 'secretly')))
    await session.heard(1)
    assert.deepEqual(session.texts(), ['secretly'])
    session.stop()
    await session.ended
    await game.stop()
  })
})

describe('the configuration phase', () => {
  for (const version of ['1.20.4', '1.21.4', '26.1']) {
    it(`of ${version}, come again and again, leaves chat readable`, async () => {
      const { bytes, wrap } = loginBytes(version, { threshold: 64 })
      // So long that the stages behind the first fall back.
      const long = (round: number) => `before ${round} ${'x'.repeat(20_000)}`
      const again = Buffer.concat([
        wrap(packetBytes(version, 'play', 'start_configuration', {})),
        wrap(packetBytes(version, 'configuration', 'feature_flags', { features: ['minecraft:vanilla'] })),
        wrap(packetBytes(version, 'configuration', 'ping', { id: 7 })),
        wrap(packetBytes(version, 'configuration', 'finish_configuration', {})),
      ])
      const dialect = await dialectOf(version)
      const stream = Buffer.concat(
        [1, 2, 3, 4].flatMap(round => [
          wrap(lineOf(version, long(round))),
          again,
          wrap(timeOf(version)),
          wrap(lineOf(version, `after ${round}`)),
        ]),
      )
      for (const pieceBytes of [1, 50, stream.length]) {
        const line = new Line(dialect)
        await line.take(bytes)
        await line.take(stream, pieceBytes)
        assert.deepEqual(
          line.chat(),
          [1, 2, 3, 4].flatMap(round => [long(round), `after ${round}`]),
          `pieces of ${pieceBytes}`,
        )
        assert.equal(line.names().filter(name => name === 'ping').length, 4)
        assert.ok(!line.names().includes('feature_flags'), 'nobody wants it')
        assert.deepEqual(line.faults, [])
        const { parsed } = line
        await line.take(wrap(timeOf(version)))
        assert.equal(line.parsed, parsed, 'filtering goes on in play')
        line.close()
      }
    })

    it(`of ${version} is answered once each time, and leaves no listener behind`, async () => {
      const game = await startGame(version)
      const session = await openSession(version, game.port)
      const guest = await game.joined(1)
      await session.play()
      const counts: number[] = []
      for (let round = 1; round <= 12; round++) {
        await reconfigure(guest)
        guest.write(...systemChat(version, textFor(version, `round ${round}`)))
        await session.heard(round)
        counts.push(guest.got('settings').length)
      }
      assert.deepEqual(
        counts,
        Array.from({ length: 12 }, (_, index) => index + 2),
      )
      assert.equal(session.endings.length, 0)
      session.stop()
      await session.ended
      await game.stop()
    })
  }
})
