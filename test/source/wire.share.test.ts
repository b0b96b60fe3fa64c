import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { Clock } from '../../src/clock.ts'
import { systemClock } from '../../src/clock.ts'
import { openWire, type Wire } from '../../src/source/wire.ts'
import { startBare, stopServers } from '../fake/game.ts'
import { until } from '../fake/until.ts'

const wires: Wire[] = []

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.destroy()
  await stopServers()
})

/** A clock on which only work and waiting take time; `waits` has each wait that was asked for. */
function workClock() {
  let now = 0
  const waits: number[] = []
  const clock: Clock = {
    ...systemClock,
    monotonic: () => now,
    after: (ms, run) => {
      waits.push(ms)
      const next = setImmediate(() => {
        now += ms
        run()
      })
      return () => clearImmediate(next)
    },
  }
  return { clock, waits, work: (ms: number) => (now += ms), now: () => now }
}

function open(
  port: number,
  options: { clock: Clock; intervalMs?: number; mayWait?: boolean; onBytes(bytes: Buffer): void },
) {
  const { clock, intervalMs = 0, mayWait = true, onBytes } = options
  const wire = openWire({ host: '127.0.0.1', port }, { clock, intervalMs, mayWait: () => mayWait, onBytes })
  wire.socket.on('error', () => {})
  wires.push(wire)
  return wire
}

/** A server that says as much as is taken. */
async function flooding() {
  const block = Buffer.alloc(262_144)
  const server = await startBare(socket => {
    const pour = () => {
      while (!socket.destroyed && socket.write(block));
    }
    socket.on('drain', pour)
    pour()
  })
  return server.port
}

for (const intervalMs of [0, 250]) {
  test(`a server that never stops is read once in a turn of the loop, every ${intervalMs} ms`, async () => {
    let turn = 0
    let counting = setImmediate(function count() {
      turn += 1
      counting = setImmediate(count)
    })
    const turns: number[] = []
    open(await flooding(), { ...workClock(), intervalMs, onBytes: () => turns.push(turn) })
    await until('it was read a hundred times', () => turns.length >= 100)
    clearImmediate(counting)
    assert.deepEqual(turns, [...new Set(turns)])
  })

  test(`one whose words take long gets a second and then a tenth of the time, every ${intervalMs} ms`, async () => {
    const { clock, work, now } = workClock()
    let reads = 0
    open(await flooding(), {
      clock,
      intervalMs,
      onBytes: () => {
        reads += 1
        work(100)
      },
    })
    await until('a minute has passed', () => now() > 60_000)
    assert.ok(reads * 100 > 0.05 * now(), `${reads} reads in ${now()} ms`)
    assert.ok(reads * 100 < 0.1 * now() + 1_300, `${reads} reads in ${now()} ms`)
  })
}

test('what comes is read at once where that is asked for, or where it may not wait', async () => {
  const server = await startBare(socket => socket.write('words'))
  for (const options of [{ intervalMs: 0 }, { intervalMs: 250, mayWait: false }]) {
    const { clock, waits } = workClock()
    let read = ''
    open(server.port, { clock, ...options, onBytes: bytes => (read += String(bytes)) })
    await until('it was read', () => read === 'words')
    server.sockets.at(-1)?.write(' and more')
    await until('the rest was read', () => read === 'words and more')
    assert.deepEqual(waits, [])
  }
})

test('what comes later waits for the next moment', async () => {
  const server = await startBare(socket => socket.write('words'))
  const { clock, waits } = workClock()
  let read = ''
  open(server.port, { clock, intervalMs: 250, onBytes: bytes => (read += String(bytes)) })
  await until('it was read', () => read === 'words')
  assert.deepEqual(waits, [250])
})

test('a wire that is destroyed in the middle of a read leaves nothing', async () => {
  const { clock, waits } = workClock()
  const wire = open(await flooding(), { clock, onBytes: () => wire.destroy() })
  await until('it is closed', () => wire.socket.closed)
  assert.deepEqual(waits, [])
})
