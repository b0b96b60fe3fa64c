/**
 * The socket to the game server, read into one buffer, at moments that all bots of the process share. A busy server sends
 * something every 50 ms; to wake up for each costs more than to read what it was. So, once it may wait, what arrives is
 * left with the system until the next moment.
 */
import { connect, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { createShare } from './share.ts'

const READ_BYTES = 65_536

/**
 * So much at once shows that the server has more to say than fits into the system's buffers: it is read on at once, or
 * the server would be held up, and the chat in it with it.
 */
const MUCH_BYTES = 32_768

/** What is read is done with before the next is, so one buffer serves all; Windows may fill several at once. */
const shared = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(READ_BYTES)

export type WireOptions = {
  clock: Clock
  /** Between two reads; 0 reads what comes as it comes. */
  intervalMs: number
  /** Whether what arrives may wait; asked after each read. */
  mayWait(): boolean
  /** Bytes that came; they are the wire's own again when this returns. */
  onBytes(bytes: Buffer): void
}

export type Wire = {
  socket: Socket
  /** Destroys the socket; nothing of the wire is left. */
  destroy(): void
}

export function openWire(target: { host: string; port: number }, options: WireOptions): Wire {
  const { clock, intervalMs, mayWait, onBytes } = options
  const share = createShare(clock.monotonic())
  /** Of what was read since the last moment. */
  let readBytes = 0
  let cancelMoment: (() => void) | undefined
  /** Set while nothing is read, whatever the moment. */
  let cancelRest: (() => void) | undefined

  function atNextMoment() {
    cancelMoment = undefined
    readBytes = 0
    if (!cancelRest) socket.resume()
  }

  function endRest() {
    cancelRest = undefined
    socket.resume()
  }

  /** What came was handed on: whether the next may follow at once. False pauses the socket. */
  function mayGoOn(tookMs: number, now: number, length: number): boolean {
    const restMs = share.take(tookMs, now)
    if (restMs > 0) {
      cancelRest = clock.after(restMs, endRest)
      return false
    }
    if (intervalMs > 0 && mayWait()) {
      readBytes += length
      cancelMoment ??= clock.after(untilNext(now, intervalMs), atNextMoment)
      if (readBytes < MUCH_BYTES) return false
    }
    // There is more, and other sockets have waited meanwhile.
    if (length < READ_BYTES) return true
    cancelRest = atNextTurn(endRest)
    return false
  }

  const buffer = shared ?? Buffer.allocUnsafeSlow(READ_BYTES)
  const socket: Socket = connect({
    host: target.host,
    port: target.port,
    onread: {
      buffer,
      callback: (length): boolean => {
        const startedAt = clock.monotonic()
        onBytes(buffer.subarray(0, length))
        const now = clock.monotonic()
        return socket.destroyed || mayGoOn(now - startedAt, now, length)
      },
    },
  })
  return {
    socket,
    destroy: () => {
      cancelMoment?.()
      cancelRest?.()
      socket.destroy()
    },
  }
}

/** When all other sockets have been looked at. */
function atNextTurn(run: () => void): () => void {
  const next = setImmediate(run)
  return () => clearImmediate(next)
}

/** Node's timers may be so much early. */
const EARLY_MS = 2

/**
 * Milliseconds until the next moment at which is read: whole multiples of the interval on the monotonic clock, so that all
 * bots read at once, and the process wakes up once for all of them.
 */
export function untilNext(monotonicMs: number, intervalMs: number): number {
  const leftMs = intervalMs - (monotonicMs % intervalMs)
  return Math.ceil(leftMs < EARLY_MS ? leftMs + intervalMs : leftMs)
}
