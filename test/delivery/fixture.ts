/** What the tests of delivery share: a clock that they move, a log that they read, events, endpoints. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'
import { type Endpoint, notificationSchema, resolveEndpoints } from '../../src/delivery/endpoint.ts'
import type { EventName, LifecycleEvent } from '../../src/event.ts'
import type { Log } from '../../src/log.ts'

export const PLUGIN = { id: 'prime_backup_bridge', version: '1.2.3' }

export type MovedClock = Clock & {
  /** Lets the time pass, and what is due happen, one after the other. */
  advance(ms: number): Promise<void>
  /** How many timers run. */
  pending(): number
}

export function movedClock(start = Date.UTC(2026, 10, 25, 1, 0, 0)): MovedClock {
  let elapsed = 0
  const timers = new Set<{ at: number; run: () => void }>()
  function after(ms: number, run: () => void): () => void {
    const timer = { at: elapsed + ms, run }
    timers.add(timer)
    return () => timers.delete(timer)
  }
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        })
        function abort() {
          cancel()
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', abort, { once: true })
      }),
    async advance(ms) {
      const until = elapsed + ms
      await setImmediate()
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        elapsed = next.at
        next.run()
        await setImmediate()
      }
      elapsed = until
    },
    pending: () => timers.size,
  }
}

export type KeptLog = Log & { lines: { level: string; fields: object; message: string }[] }

export function keptLog(): KeptLog {
  const lines: KeptLog['lines'] = []
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** An event with every fact that PB's log and database give. */
export function fullEvent(name: EventName, over: Partial<LifecycleEvent> = {}): LifecycleEvent {
  return {
    id: `survival-1-${name}`,
    taskId: 'survival-1',
    name,
    at: Date.UTC(2026, 10, 25, 0, 51, 25, 706),
    server: 'survival',
    running: true,
    backup: {
      id: 12,
      date: '2026-11-25 08:51:25',
      comment: 'hello world',
      creator: 'player:Steve',
      targets: ['world'],
      tags: {},
      fileCount: 64,
      rawBytes: 1916073,
      storedBytes: 387022,
    },
    operator: { type: 'player', name: 'Steve' },
    source: { type: 'player', name: 'Steve' },
    ...over,
  }
}

/** The endpoints of a `notification` block that must be right. */
export function endpointsOf(...endpoints: object[]): Endpoint[] {
  return resolveEndpoints(notificationSchema.parse({ enabled: true, endpoints })).endpoints
}

export function only<T>(items: readonly T[]): T {
  const [item] = items
  if (item === undefined || items.length !== 1) throw new Error(`expected one, got ${items.length}`)
  return item
}
