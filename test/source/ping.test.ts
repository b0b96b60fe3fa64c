import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ping } from '../../src/source/ping.ts'
import { encodeVarint } from '../../src/source/varint.ts'
import { type FakeClock, fakeClock } from '../fake/clock.ts'
import { type BareServer, closedPort, frame, startBare, startGame } from '../fake/game.ts'
import { fc } from '../fake/property.ts'
import { until } from '../fake/until.ts'

const TIMEOUT_MS = 10_000
const UNREADABLE = 'what answers there is no Minecraft server: its status is unreadable'

let clock: FakeClock
let server: BareServer | undefined

beforeEach(() => {
  clock = fakeClock()
})

afterEach(async () => {
  await server?.stop()
  server = undefined
  assert.equal(clock.pending(), 0, 'a timer was left')
})

async function pinged(talk: (socket: Socket) => void, signal?: AbortSignal) {
  server = await startBare(talk)
  return ping({ host: '127.0.0.1', port: server.port }, { timeoutMs: TIMEOUT_MS, clock, signal })
}

/** A status answer with this text in it. */
function status(json: string): Buffer {
  const text = Buffer.from(json)
  return frame(Buffer.concat([encodeVarint(0), encodeVarint(text.length), text]))
}

const ANSWER = status(
  JSON.stringify({
    version: { name: 'Paper 1.21.4', protocol: 769 },
    description: 'Überleben',
    favicon: `data:image/png;base64,${'A'.repeat(20_000)}`,
  }),
)

describe('ping', () => {
  it('reads name and protocol of a real game server', async () => {
    const game = await startGame('1.16.5')
    const found = await ping({ host: '127.0.0.1', port: game.port }, { timeoutMs: TIMEOUT_MS, clock })
    await game.stop()
    assert.deepEqual(found, { versionName: '1.16.5', protocol: 754, online: 0 })
  })

  it('asks as a client of no version, by the host and port of the config', async () => {
    const asked: Buffer[] = []
    await pinged(socket => {
      socket.on('data', bytes => {
        asked.push(bytes)
        socket.write(ANSWER)
      })
    })
    const [host, port] = [Buffer.from('127.0.0.1'), Buffer.alloc(2)]
    port.writeUInt16BE(server?.port ?? 0)
    const handshake = Buffer.concat([
      Buffer.from([0x00, 0xff, 0xff, 0xff, 0xff, 0x0f, host.length]),
      host,
      port,
      Buffer.from([1]),
    ])
    assert.deepEqual(Buffer.concat(asked), Buffer.concat([frame(handshake), frame(Buffer.from([0]))]))
  })

  it('reads an answer that comes in pieces of one byte', async () => {
    const found = await pinged(socket => {
      socket.setNoDelay(true)
      const small = status('{"version":{"name":"1.12.2","protocol":340}}')
      let sent = 0
      const more = () => {
        if (sent === small.length || socket.destroyed) return
        socket.write(small.subarray(sent, sent + 1))
        sent += 1
        setImmediate(more)
      }
      more()
    })
    assert.deepEqual(found, { versionName: '1.12.2', protocol: 340 })
  })

  it('reads an answer of any cut, and needs no name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: ANSWER.length - 1 }), async cut => {
        const found = await pinged(socket => {
          socket.write(ANSWER.subarray(0, cut), () => socket.write(ANSWER.subarray(cut)))
        })
        assert.deepEqual(found, { versionName: 'Paper 1.21.4', protocol: 769 })
        await server?.stop()
      }),
      { numRuns: 20 },
    )
    assert.deepEqual(await pinged(socket => socket.write(status('{"version":{"protocol":5}}'))), {
      versionName: '',
      protocol: 5,
    })
  })

  it('says that nobody listens', async () => {
    const port = await closedPort()
    const refused = (host: string) => ping({ host, port }, { timeoutMs: TIMEOUT_MS, clock })
    await assert.rejects(refused('127.0.0.1'), { message: `connect ECONNREFUSED 127.0.0.1:${port}` })
    // Two addresses were tried, perhaps; the error of both together has no words of its own.
    await assert.rejects(refused('localhost'), /ECONNREFUSED/)
  })

  it('gives up on a server that accepts and says nothing, at the deadline and not before', async () => {
    let settled = false
    const waiting = pinged(() => {}).finally(() => {
      settled = true
    })
    const rejected = assert.rejects(waiting, { message: 'no answer to a status ping within 10 s' })
    await until('the server has the connection', () => server?.sockets.length === 1)
    await clock.advance(TIMEOUT_MS - 1)
    assert.equal(settled, false)
    await clock.advance(1)
    await rejected
    await until('the connection is closed', () => server?.sockets[0]?.destroyed === true)
  })

  it('gives up on an answer that drips without end', async () => {
    const waiting = pinged(socket => socket.write(ANSWER.subarray(0, 100)))
    const rejected = assert.rejects(waiting, { message: 'no answer to a status ping within 10 s' })
    await until('the server has the connection', () => server?.sockets.length === 1)
    await clock.advance(TIMEOUT_MS)
    await rejected
  })

  it('says that the server closed at once, or in the middle', async () => {
    const closed = { message: 'the connection closed before the server answered the status ping' }
    await assert.rejects(
      pinged(socket => socket.end()),
      closed,
    )
    await server?.stop()
    await assert.rejects(
      pinged(socket => socket.end(ANSWER.subarray(0, -1))),
      closed,
    )
  })

  it('says in one line that the connection was reset', async () => {
    await assert.rejects(
      pinged(socket => socket.resetAndDestroy()),
      /^Error: .*(ECONNRESET|connection closed)/,
    )
  })

  const strange: { [what: string]: Buffer } = {
    'a web server': Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'.padEnd(400_000)),
    'an SSH server': Buffer.from(`SSH-2.0-OpenSSH_9.6\r\n${'x'.repeat(400_000)}`),
    'a frame of no length': Buffer.from([0]),
    'a frame of too long a length': Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]),
    'another packet': frame(Buffer.from([1, 2, 3])),
    'a status that is no JSON': status('{"version":'),
    'a status that is null': status('null'),
    'a status without a version': status('{"description":"hi"}'),
    'a version of null': status('{"version":null}'),
    'a protocol that is a text': status('{"version":{"name":"1.21","protocol":"769"}}'),
    'a name that is no text': status('{"version":{"name":{"toString":1},"protocol":769}}'),
    'a text cut off by its frame': frame(Buffer.from([0, 0x20, 0x7b])),
    'an answer over the limit': Buffer.concat([Buffer.from([0xff, 0xff, 0x7f, 0x00]), Buffer.alloc(2 ** 20)]),
  }
  for (const [what, bytes] of Object.entries(strange)) {
    it(`takes ${what} for no Minecraft server`, async () => {
      await assert.rejects(
        pinged(socket => socket.write(bytes)),
        { message: UNREADABLE },
      )
    })
  }

  it('reads no more than the limit of an endless answer', async () => {
    const block = Buffer.alloc(64 * 1024)
    let written = 0
    await assert.rejects(
      pinged(socket => {
        socket.write(Buffer.from([0xff, 0xff, 0x7f]))
        const more = () => {
          while (!socket.destroyed && written < 2 ** 30) {
            written += block.length
            if (!socket.write(block)) return socket.once('drain', more)
          }
          return socket
        }
        more()
      }),
      { message: UNREADABLE },
    )
    await until('the server notices', () => server?.sockets[0]?.destroyed === true)
    assert.ok(written < 64 * 2 ** 20, `${written} bytes were taken`)
  })

  it('fails with one line, whatever is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
        await assert.rejects(
          pinged(socket => socket.end(bytes)),
          error => error instanceof Error && /^.+$/.test(error.message),
        )
        await server?.stop()
      }),
      { numRuns: 50 },
    )
  })

  it('ends when it is told to, before and after it has a connection', async () => {
    const stop = new AbortController()
    const waiting = assert.rejects(
      pinged(() => {}, stop.signal),
      { message: 'stopped' },
    )
    await until('the server has the connection', () => server?.sockets.length === 1)
    stop.abort()
    await waiting
    await until('the connection is closed', () => server?.sockets[0]?.destroyed === true)
    await server?.stop()
    await assert.rejects(
      pinged(() => {}, stop.signal),
      { message: 'stopped' },
    )
  })
})
