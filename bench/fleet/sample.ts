/** What a process holds at one moment, after what nobody needs any more was collected. Needs `--expose-gc`. */
import { subscribe } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import type { Socket } from 'node:net'
import { getHeapSpaceStatistics } from 'node:v8'

export type Sample = {
  /** Milliseconds since the process began. */
  atMs: number
  /** Bytes of V8's heap: what the program keeps, and the code that V8 makes and drops as it sees fit. */
  objects: number
  code: number
  /** Bytes. */
  external: number
  arrayBuffers: number
  rss: number
  /** What keeps the process alive, by kind: `Timeout`, `TCPSocketWrap` … */
  resources: { [kind: string]: number }
  /** Sockets that this process opened and that are open. */
  sockets: number
  /** Of the socket that has most of them. */
  listenersOfOne: number
  /** On the process itself. */
  listenersOfProcess: number
  /** On all signals of AbortControllers that are still there. */
  listenersOfSignals: number
}

/** Watches from now on. */
export function startSampling(): () => Promise<Sample> {
  const sockets = new Set<Socket>()
  subscribe('net.client.socket', message => {
    sockets.add((message as { socket: Socket }).socket)
  })
  let signals: WeakRef<AbortSignal>[] = []
  globalThis.AbortController = class extends AbortController {
    constructor() {
      super()
      signals.push(new WeakRef(this.signal))
    }
  }
  const { gc } = globalThis
  if (!gc) throw new Error('start this process with --expose-gc')

  return async () => {
    for (const socket of sockets) if (socket.destroyed) sockets.delete(socket)
    // What the first has freed may be held until its finalizers ran.
    gc()
    await new Promise(resolve => setImmediate(resolve))
    gc()
    signals = signals.filter(signal => signal.deref() !== undefined)
    const resources: Sample['resources'] = {}
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
    const code = codeBytes()
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
    return {
      atMs: performance.now(),
      objects: heapUsed - code,
      code,
      external,
      arrayBuffers,
      rss,
      resources,
      sockets: sockets.size,
      listenersOfOne: Math.max(0, ...[...sockets].map(listenersOf)),
      listenersOfProcess: listenersOf(process),
      listenersOfSignals: signals.reduce((sum, signal) => {
        const alive = signal.deref()
        return sum + (alive ? getEventListeners(alive, 'abort').length : 0)
      }, 0),
    }
  }
}

/** All that the process holds in V8's heap and through it. */
export function heldBytes({ objects, code, external }: Sample): number {
  return objects + code + external
}

/** Machine code and bytecode, with what describes them. */
const CODE_SPACES = /^(code|trusted)_/

function codeBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => CODE_SPACES.test(name))
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0)
}

function listenersOf(emitter: NodeJS.EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
}
