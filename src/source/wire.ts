/**
 * The socket to the game server, read into one buffer, at moments that all bots of the process share. A busy server sends
 * something every 50 ms; to wake up for each costs more than to read what it was. So, once it may wait, what arrives is
 * left with the system until the next moment.
 */
import { connect, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { createShare } from './share.ts'

const READ_BYTES = 65_536

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
  let cancel = () => {}
  const socket = connect({
    host: target.host,
    port: target.port,
    onread: {
      buffer: shared ?? Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length, buffer) => {
        const startedAt = clock.monotonic()
        onBytes(Buffer.from(buffer.buffer, buffer.byteOffset, length))
        if (socket.destroyed) return true
        const now = clock.monotonic()
        const restMs = share.take(now - startedAt, now)
        // A full buffer: there may be more, and who waits with that gets behind.
        const isFull = length === buffer.length
        const waitMs = intervalMs === 0 || isFull || !mayWait() ? 0 : untilNext(now, intervalMs)
        if (restMs > 0 || waitMs > 0) cancel = clock.after(Math.max(restMs, waitMs), () => socket.resume())
        else if (isFull) cancel = atNextTurn(() => socket.resume())
        else return true
        return false
      },
    },
  })
  return {
    socket,
    destroy: () => {
      cancel()
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
