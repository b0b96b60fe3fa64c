/** Nobody can do less: logs in by sending what the server waits for, splits frames, and drops them. */
import { systemClock } from '../../src/clock.ts'
import { encodeVarint, readVarint } from '../../src/source/varint.ts'
import { openWire } from '../../src/source/wire.ts'
import { takeSeat } from './seat.ts'

/** The socket is read as the bot's is by default. */
const READ_INTERVAL_MS = 250
/** Of 1.21.4. */
const PROTOCOL = 769
const LOGIN_ACKNOWLEDGED = 3
const FINISH_CONFIGURATION = 3

await takeSeat<number>({
  weight: frames => frames,
  join: async ({ port, count }, onSeen) => {
    const clients = Array.from({ length: count }, (_, index) =>
      joinOne(port, frames => onSeen(index, frames)),
    )
    await Promise.all(clients)
  },
  textOf: String,
})

/** Resolves when the first bytes came; whoever measures waits until the login is over. */
function joinOne(port: number, onFrames: (count: number) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let held = Buffer.alloc(0)
  const { socket } = openWire(
    { host: '127.0.0.1', port },
    {
      clock: systemClock,
      intervalMs: READ_INTERVAL_MS,
      mayWait: () => true,
      onBytes: bytes => {
        take(bytes)
        resolve()
      },
    },
  )

  function take(chunk: Buffer) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    let offset = 0
    let count = 0
    for (;;) {
      const { value: length, size } = readVarint(bytes, offset, 3)
      if (size <= 0 || bytes.length < offset + size + length) break
      offset += size + length
      count += 1
    }
    held = Buffer.from(bytes.subarray(offset))
    onFrames(count)
  }

  socket.on('connect', () => socket.write(wholeLogin()))
  return promise
}

/** All that a client says until it is in play, at once: the bench's server checks nothing. */
function wholeLogin(): Buffer {
  const text = (value: string) => [encodeVarint(value.length), Buffer.from(value)]
  const framed = (...parts: Buffer[]) => {
    const bytes = Buffer.concat(parts)
    return Buffer.concat([encodeVarint(bytes.length), bytes])
  }
  const id = encodeVarint
  return Buffer.concat([
    framed(id(0), id(PROTOCOL), ...text('127.0.0.1'), Buffer.alloc(2), id(2)),
    framed(id(0), ...text('Floor'), Buffer.alloc(16)),
    // From here on with the length of what was compressed: nothing.
    framed(id(0), id(LOGIN_ACKNOWLEDGED)),
    framed(id(0), id(FINISH_CONFIGURATION)),
  ])
}
