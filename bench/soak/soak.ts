/** A soak: the whole bridge on a town's servers, sampled all the while, and what came of all that was told. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReader } from '../../src/outbox/read.ts'
import { createRandom } from '../client/world.ts'
import type { BridgeAnswers, BridgeSample } from '../fleet/bridge.ts'
import { startChild } from '../fleet/child.ts'
import { type FleetReceiver, startFleetReceiver } from '../fleet/receiver.ts'
import type { Figures, TownAnswers, TownOptions } from './town.ts'

export type SoakOptions = TownOptions & {
  /** Between two scenes of one server, on average. */
  pauseMs: number
  /** Of the same as what is measured, before it; with 0 no connection is broken before. */
  warmSeconds: number
  seconds: number
  sampleEveryMs: number
  /** Folder for `SNAPSHOTS`: the heap at rest, before and after. */
  snapshots?: string
  /** Told what is going on. */
  say(line: string): void
}

export type Soak = {
  /** At rest, before and after; and while it went on. */
  before: BridgeSample
  after: BridgeSample
  samples: BridgeSample[]
  /** After the bridge has stopped. */
  stopped: BridgeSample
  figures: Figures
  answered: FleetReceiver['answered']
  /** What was lost, doubled or else not as it must be. */
  faults: string[]
}

export const SNAPSHOTS = ['before.heapsnapshot', 'after.heapsnapshot'] as const

/** Much in little time, so that caches are full when the measuring begins: SQLite's holds 2 MB of pages. */
const WARM_PAUSE_MS = 1_000

const ROOT = join(import.meta.dirname, '..')
/** A bot that was thrown out often is away for so long. */
const LONGEST_MS = 400_000
/** Connections to the receiver are kept for a while, and retries take their time. */
const REST_MS = 120_000
/** More than a bot waits to read what came last. */
const HUSHED_MS = 1_000

export async function soak(options: SoakOptions): Promise<Soak> {
  const { servers, seed, warmSeconds, seconds, sampleEveryMs, pauseMs, snapshots, say } = options
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-soak-'))
  const receiver = await startFleetReceiver(createRandom(seed + 1))
  const town = startChild<TownAnswers>(join(ROOT, 'soak/town.ts'))
  const bridge = startChild<BridgeAnswers>(join(ROOT, 'fleet/bridge.ts'), ['--expose-gc'])

  /** Until nothing is under way: a bot on each server, and no delivery. */
  async function rest(): Promise<BridgeSample> {
    await town.ask('hush', undefined)
    await sleep(HUSHED_MS)
    const deadline = performance.now() + REST_MS
    for (;;) {
      const sample = await bridge.ask('sample', undefined)
      if (sample.active === 0 && sample.sockets === servers) return sample
      if (performance.now() > deadline)
        throw new Error(
          `no rest within ${REST_MS / 1000} s: ${sample.active} deliveries, ${sample.sockets} sockets`,
        )
      await sleep(250)
    }
  }

  async function snapshot(name: string) {
    if (snapshots !== undefined) await bridge.ask('snapshot', { file: join(snapshots, name) })
  }

  async function play(forSeconds: number, pause: number, onSample: (sample: BridgeSample) => void) {
    await town.ask('stream', undefined)
    let isOver = false
    const played = town.ask('play', { seconds: forSeconds, pauseMs: pause }, forSeconds * 1000 + LONGEST_MS)
    const over = played.finally(() => {
      isOver = true
    })
    const until = performance.now() + forSeconds * 1000
    while (!isOver && performance.now() < until) {
      onSample(await bridge.ask('sample', undefined))
      await Promise.race([sleep(sampleEveryMs), over])
    }
    await over
  }

  try {
    const ports = await town.ask('open', optionsOf(options))
    const arrived = town.ask('welcome', undefined, LONGEST_MS)
    await bridge.ask('start', { config: configOf(ports, receiver.url, dir) })
    await arrived
    say(`${servers} bots are in play`)
    await town.ask('stream', undefined)
    await town.ask('rehearse', { breaks: warmSeconds > 0 }, LONGEST_MS)
    await town.ask('hush', undefined)
    if (warmSeconds > 0) await play(warmSeconds, Math.min(pauseMs, WARM_PAUSE_MS), () => {})
    const before = await rest()
    await snapshot(SNAPSHOTS[0])
    say(`warm: ${megabytes(before.objects + before.code)} MB of heap, ${megabytes(before.rss)} MB in all`)
    const samples: BridgeSample[] = []
    await play(seconds, pauseMs, sample => samples.push(sample))
    say('the last scenes are over')
    receiver.calm()
    const after = await rest()
    await snapshot(SNAPSHOTS[1])
    const figures = await town.ask('figures', undefined)
    await bridge.ask('stop', undefined)
    const stopped = await bridge.ask('sample', undefined)
    const faults = [...figures.wrong, ...after.troubles, ...faultsOf(figures, receiver, dir)]
    return { before, after, samples, stopped, figures, answered: receiver.answered, faults }
  } finally {
    await bridge.stop()
    await town.stop()
    await receiver.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

function optionsOf({ say: _say, ...options }: SoakOptions): TownOptions {
  return options
}

function configOf(ports: number[], url: string, dir: string): string {
  const schedule = ['1s', ...Array.from({ length: 29 }, () => '3s')]
  return JSON.stringify({
    servers: ports.map((port, index) => ({ name: `s${index}`, minecraft: { host: '127.0.0.1', port } })),
    notification: {
      enabled: true,
      startExpiry: '7d',
      endpoints: [{ name: 'hook', type: 'webhook', url, retry: { schedule } }],
    },
    state: { dir },
  })
}

const NAMES = ['backup_start', 'backup_success']

/** Every backup that was told is a start and a success of one task, once in the outbox, delivered. */
function faultsOf({ told }: Figures, { taken }: FleetReceiver, dir: string): string[] {
  const faults: string[] = []
  const messages = [...taken.values()]
  for (const { server, backup } of told) {
    const ends = messages.filter(
      message => message.server === server && message.event === 'backup_success' && message.backup === backup,
    )
    if (ends.length !== 1)
      faults.push(`backup ${backup} of ${server}: told as a success ${ends.length} times`)
    const starts = messages.filter(
      ({ event, task }) => event === 'backup_start' && ends.some(end => end.task === task),
    )
    if (starts.length !== ends.length)
      faults.push(`backup ${backup} of ${server}: told as started ${starts.length} times`)
  }
  for (const { server, event, id } of messages)
    if (!NAMES.includes(event)) faults.push(`${server}: ${event} (${id}), of which nobody had told`)
  const database = openReader(dir)
  try {
    const rows = database
      .prepare('SELECT event.id, state FROM event LEFT JOIN delivery ON event_id = event.id')
      .all()
    const wanted = NAMES.length * told.length
    if (rows.length !== wanted) faults.push(`${rows.length} deliveries in the outbox instead of ${wanted}`)
    for (const { id, state } of rows) {
      if (state !== 'delivered') faults.push(`the delivery of ${id} is ${state}`)
      if (!taken.has(String(id))) faults.push(`${id} did not arrive`)
    }
  } finally {
    database.close()
  }
  return faults
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
