/**
 * The outbox on this machine's disk: an event is stored, sent to a receiver and its outcome stored, by the bridge's own
 * parts. Everything is a ratio to one bare append + fdatasync in the same run, because disks differ by a factor of a
 * hundred. Cases take turns, round by round, and the median of the rounds counts.
 */
import { once } from 'node:events'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../src/clock.ts'
import { createAttempt } from '../src/delivery/attempt.ts'
import { notificationSchema, resolveEndpoints } from '../src/delivery/endpoint.ts'
import { createHttp } from '../src/delivery/http.ts'
import { recipientsOf } from '../src/delivery/recipient.ts'
import { createWorker } from '../src/delivery/worker.ts'
import type { LifecycleEvent } from '../src/event.ts'
import { silentLog } from '../src/log.ts'
import { openStore } from '../src/outbox/open.ts'
import { createOutbox, type Outbox } from '../src/outbox/outbox.ts'
import type { Store } from '../src/outbox/store.ts'
import { median, table } from './measure.ts'

const ROUNDS = 7
const WRITES = 60
/** Who takes the deliveries; a few at a time each. */
const RECEIVERS = 25
const PAGE = Buffer.alloc(4096, 1)

export async function benchOutbox(): Promise<void> {
  const dir = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'pb-bridge-bench-'))
  const thread = new Worker(new URL('receiver.ts', import.meta.url), { workerData: RECEIVERS })
  const [ports] = (await once(thread, 'message')) as [number[]]
  const urls = ports.map(port => `http://127.0.0.1:${port}/`)
  const cases = [
    openCase(join(dir, 'one'), urls, { inFlight: 1, grouped: true, count: 60 }),
    openCase(join(dir, 'one-bare'), urls, { inFlight: 1, grouped: false, count: 30 }),
    openCase(join(dir, 'many'), urls, { inFlight: 100, grouped: true, count: 600 }),
    openCase(join(dir, 'many-bare'), urls, { inFlight: 100, grouped: false, count: 100 }),
  ]
  const posts = openPosts(urls[0] ?? '')
  try {
    // The first round warms up.
    await bareWrites(dir)
    for (const one of cases) await one.round()
    const writeMs: number[] = []
    const samples = cases.map((): Sample[] => [])
    const postMs: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      writeMs.push(await bareWrites(dir))
      postMs.push(await posts.round())
      for (const [index, one] of cases.entries()) samples[index]?.push(await one.round())
    }
    report(writeMs, postMs, samples)
  } finally {
    await posts.close()
    for (const one of cases) await one.close()
    await thread.terminate()
    rmSync(dir, { recursive: true, force: true })
  }
}

function report(writeMs: number[], postMs: number[], samples: Sample[][]): void {
  const write = median(writeMs)
  const post = median(postMs)
  const [one, oneBare, many, manyBare] = samples.map(rounds => ({
    p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  }))
  if (!one || !oneBare || !many || !manyBare) return
  const row = (name: string, { p50Ms, perSecond }: Sample) => [
    name,
    p50Ms.toFixed(2),
    (p50Ms / write).toFixed(1),
    perSecond.toFixed(0),
    ((perSecond * write) / 1000).toFixed(2),
  ]
  console.log(
    table(
      ['', 'p50 ms', '× write', 'per second', '× writes per second'],
      [
        row('append of 4 KiB + fdatasync', { p50Ms: write, perSecond: 1000 / write }),
        row('POST alone', { p50Ms: post, perSecond: 1000 / post }),
        row('delivery, 1 in flight, group commit', one),
        row('delivery, 1 in flight, a transaction per statement', oneBare),
        row('delivery, 100 in flight, group commit', many),
        row('delivery, 100 in flight, a transaction per statement', manyBare),
      ],
    ),
  )
  const verdict = (met: boolean) => (met ? 'met' : 'MISSED')
  const pipeline = one.p50Ms / write
  const group = many.perSecond / manyBare.perSecond
  console.log(`
pipeline p50 = ${pipeline.toFixed(2)} × write + fdatasync (goal: at most 2.5): ${verdict(pipeline <= 2.5)}
group commit = ${group.toFixed(1)} × a transaction per statement at 100 in flight (goal: at least 10): ${verdict(group >= 10)}`)
}

/** Milliseconds of one append + fdatasync. */
async function bareWrites(dir: string): Promise<number> {
  const file = openSync(join(dir, 'bare'), 'a')
  const times: number[] = []
  for (let count = 0; count < WRITES; count++) {
    const start = performance.now()
    writeSync(file, PAGE)
    fdatasyncSync(file)
    times.push(performance.now() - start)
  }
  closeSync(file)
  return median(times)
}

function openPosts(url: string) {
  const http = createHttp({ userAgent: 'bench', clock: systemClock, env: {} })
  const request = { method: 'POST' as const, url, headers: {}, body: JSON.stringify(eventOf(0, 'lane-0')) }
  return {
    async round(): Promise<number> {
      const times: number[] = []
      for (let count = 0; count < WRITES; count++) {
        const start = performance.now()
        await http.send(request, { timeoutMs: 5000 })
        times.push(performance.now() - start)
      }
      return median(times)
    },
    close: () => http.close(),
  }
}

type Sample = { p50Ms: number; perSecond: number }
type Options = { inFlight: number; grouped: boolean; count: number }

/** A bridge's outbox and worker in a folder; a round delivers `count` events, so many at a time. */
function openCase(dir: string, urls: string[], { inFlight, grouped, count }: Options) {
  const clock = systemClock
  const opened = openStore(dir, { clock, log: silentLog, onNews: () => {} })
  const store = grouped ? opened.store : ungrouped(opened.store)
  const lanes = Array.from({ length: inFlight }, (_, index) => `lane-${index}`)
  const { endpoints } = resolveEndpoints(
    notificationSchema.parse({
      enabled: true,
      endpoints: lanes.map((name, index) => ({
        name,
        type: 'webhook',
        url: urls[index % urls.length],
        servers: [name],
      })),
    }),
  )
  const http = createHttp({ userAgent: 'bench', clock, env: {} })
  const ended = new Map<string, () => void>()
  const worker = createWorker({
    endpoints,
    outbox: () => outbox,
    attempt: createAttempt({ http, clock }),
    clock,
    plugin: { id: 'bench', version: '0.0.0' },
    onOutcome: ({ entry, outcome }) => {
      if (outcome.status !== 'delivered') throw new Error(`the receiver failed: ${outcome.reason.text}`)
      ended.get(entry.event.id)?.()
    },
  })
  const outbox: Outbox = createOutbox(
    {
      recipients: recipientsOf(endpoints),
      startExpiryMs: 900_000,
    },
    { store, clock, log: silentLog, random: Math.random, onNews: () => {}, onWork: worker.wake },
  )
  let number = 0

  /** From the event to its outcome on the disk; milliseconds. */
  async function deliver(lane: string): Promise<number> {
    const event = eventOf(++number, lane)
    const { promise, resolve } = Promise.withResolvers<void>()
    ended.set(event.id, resolve)
    const start = performance.now()
    void outbox.accept([event], [{ table: 'state', server: lane, body: '{"backup":null,"restore":null}' }])
    await promise
    ended.delete(event.id)
    return performance.now() - start
  }

  return {
    async round(): Promise<Sample> {
      const times: number[] = []
      let left = count
      const start = performance.now()
      await Promise.all(
        lanes.map(async lane => {
          while (left-- > 0) times.push(await deliver(lane))
        }),
      )
      return { p50Ms: median(times), perSecond: (count * 1000) / (performance.now() - start) }
    },
    async close() {
      await worker.stop(0)
      await http.close()
      opened.close()
    },
  }
}

/** The same store with a commit of its own for each row: what the group commit saves. */
function ungrouped(store: Store): Store {
  return {
    ...store,
    put: async rows => {
      for (const row of rows) {
        const stored = store.put([row])
        store.flush()
        await stored
      }
    },
  }
}

function eventOf(number: number, server: string): LifecycleEvent {
  return {
    id: `${server}-${number}-backup_success`,
    taskId: `${server}-${number}`,
    name: 'backup_success',
    at: Date.now(),
    server,
    running: true,
    backup: { id: number, comment: 'before the dragon', creator: 'player:Steve', storedBytes: 387_022 },
    operator: { type: 'player', name: 'Steve' },
    costS: 1.23,
  }
}
