/**
 * Hundreds of servers for one bridge: what it takes until all bots are in play, what each of them costs, and whether a
 * server that floods, or ten that hang, hold up the others. The servers are plain ones on loopback, in a process of their
 * own; the one that floods is in another, and is read at once, which is the worst for the others.
 * `BENCH_SERVERS` (489, which with those eleven are the 500 that one bridge takes).
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { heldBytes } from './fleet/sample.ts'
import { FLOODS, type Flood } from './many/flood.ts'
import { type House, openHouse } from './many/house.ts'
import { median, table } from './measure.ts'

const HANGING = 10
const SERVERS = Number(process.env.BENCH_SERVERS ?? 500 - HANGING - 1)
const IDLE_MS = 20_000
/** A line on each of so many, one after the other, with and without the flood, in turns. */
const PROBES = 40
const TURNS = 3
/** The gate of all bots lets one in every so often. */
const GATE_MS = 100
const JOIN_MS = 60_000 + 4 * GATE_MS * SERVERS
const BACKUP_MS = 60_000

export async function benchMany(): Promise<void> {
  const calm = await measureCalm()
  const flooded = await measureFlooded()
  console.log(`
${table(
  ['', `${SERVERS} servers`, `the same, one flooding and ${HANGING} hanging among them`],
  [
    ['all in play after, s', calm.allMs, flooded.allMs].map(seconds),
    ['a bot, from its turn to being in play, p50 ms', median(calm.joins), median(flooded.joins)].map(whole),
    ['the same, p99 ms', quantile(calm.joins, 0.99), quantile(flooded.joins, 0.99)].map(whole),
    [
      `a backup on each at once: all ${2 * SERVERS} messages delivered after, s`,
      calm.backupMs,
      flooded.backupMs,
    ].map(seconds),
  ],
)}

a join costs ${calm.cpuPerJoin.toFixed(1)} ms of CPU; a bot in play ${(calm.heapPerBot / 1024).toFixed(0)} KiB of heap and \
${(calm.rssPerBot / 1024).toFixed(0)} KiB of RSS (${(calm.rss / 1e6).toFixed(0)} MB in all)
100 idle bots cost ${calm.cpuPer100.toFixed(1)} ms of CPU a second

${table(
  ['a line of chat to its request, ms', 'p50', 'p95', 'p50 / calm', 'flood read, MB/s', 'CPU of the bridge'],
  [
    ['calm', ...quantiles(flooded.calm.latencies), '1.00', '', percent(flooded.calm.cpu)],
    ...FLOODS.map(kind => {
      const { latencies, cpu, rate } = flooded[kind]
      return [
        `flooded with ${kind === 'chat' ? 'chat alone' : 'the busy stream'}`,
        ...quantiles(latencies),
        (median(latencies) / median(flooded.calm.latencies)).toFixed(2),
        rate.toFixed(1),
        percent(cpu),
      ]
    }),
  ],
)}

joining beside the flood / without: ${(median(flooded.joins) / median(calm.joins)).toFixed(2)} (p50)`)
}

const seconds = (value: string | number) => (typeof value === 'string' ? value : (value / 1000).toFixed(1))
const whole = (value: string | number) => (typeof value === 'string' ? value : value.toFixed(0))
const percent = (cpu: number) => `${(100 * cpu).toFixed(0)} %`
const quantiles = (values: number[]) => [median(values).toFixed(1), quantile(values, 0.95).toFixed(1)]

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

async function measureCalm() {
  const house = await openHouse({ servers: SERVERS, hanging: 0, floods: false })
  try {
    const { listeners, bridge } = house
    await listeners.ask('joined', { servers: 1 })
    // What is loaded and compiled once is there now.
    const one = await bridge.ask('sample', undefined)
    const before = await bridge.ask('usage', undefined)
    const { joins, allMs } = await join(house)
    const joined = await bridge.ask('usage', undefined)
    await listeners.ask('idle', undefined)
    await sleep(2_000)
    const all = await bridge.ask('sample', undefined)
    const idle = await cpuOver(house, () => sleep(IDLE_MS))
    const backupMs = await backUpAll(house)
    return {
      joins,
      allMs,
      cpuPerJoin: (joined.cpuMs - before.cpuMs) / (SERVERS - 1),
      heapPerBot: (heldBytes(all) - heldBytes(one)) / (SERVERS - 1),
      rssPerBot: (all.rss - one.rss) / (SERVERS - 1),
      rss: all.rss,
      cpuPer100: (1000 * idle * 100) / SERVERS,
      backupMs,
    }
  } finally {
    await house.leave()
  }
}

type Heard = { latencies: number[]; cpu: number; rate: number }

/** The flood begins as soon as its bot is in play, and goes on while all others join. */
async function measureFlooded(): Promise<
  { joins: number[]; allMs: number; backupMs: number; calm: Heard } & { [Kind in Flood]: Heard }
> {
  const house = await openHouse({ servers: SERVERS, hanging: HANGING, floods: true, prompt: PROBES })
  try {
    const { flood, listeners } = house
    await flood.ask('joined', undefined)
    await flood.ask('start', { kind: 'chat' })
    const { joins, allMs } = await join(house)
    await listeners.ask('idle', undefined)
    const backupMs = await backUpAll(house)
    await flood.ask('stop', undefined)
    const heard: { [Kind in Flood | 'calm']: Heard[] } = { calm: [], stream: [], chat: [] }
    for (let turn = 0; turn < TURNS; turn++)
      for (const kind of ['calm', ...FLOODS] as const) heard[kind].push(await hear(house, kind))
    return { joins, allMs, backupMs, calm: sum(heard.calm), stream: sum(heard.stream), chat: sum(heard.chat) }
  } finally {
    await house.leave()
  }
}

function sum(all: Heard[]): Heard {
  return {
    latencies: all.flatMap(({ latencies }) => latencies),
    cpu: median(all.map(({ cpu }) => cpu)),
    rate: median(all.map(({ rate }) => rate)),
  }
}

async function hear(house: House, kind: Flood | 'calm'): Promise<Heard> {
  if (kind !== 'calm') await house.flood.ask('start', { kind })
  // The second that a flood may take at once is over then.
  await sleep(3_000)
  const latencies: number[] = []
  const startedAt = performance.now()
  const cpu = await cpuOver(house, async () => {
    for (let index = 0; index < PROBES; index++) latencies.push(await house.latency(index % SERVERS))
  })
  const bytes = kind === 'calm' ? 0 : await house.flood.ask('stop', undefined)
  return { latencies, cpu, rate: bytes / 1000 / (performance.now() - startedAt + 3_000) }
}

/** From a bot's turn at the gate until it is in play. */
async function join({ listeners, startedAt, places }: House): Promise<{ joins: number[]; allMs: number }> {
  const times = await listeners.ask('joined', { servers: SERVERS }, JOIN_MS)
  return {
    joins: times.map((at, index) => at - startedAt - GATE_MS * (places[index] ?? 0)),
    allMs: Math.max(...times) - startedAt,
  }
}

/** Exactly a start and a success for each. */
async function backUpAll({ listeners, receiver }: House): Promise<number> {
  const startedAt = performance.now()
  const before = receiver.taken.size
  await listeners.ask('backUp', undefined)
  await receiver.takes(before + 2 * SERVERS, BACKUP_MS)
  const tookMs = performance.now() - startedAt
  const came = [...receiver.taken.values()].slice(before)
  const wanted = Array.from({ length: SERVERS }, (_, index) => `s${index}`)
  for (const event of ['backup_start', 'backup_success'])
    assert.deepEqual(
      came
        .filter(one => one.event === event)
        .map(({ server }) => server)
        .sort(),
      [...wanted].sort(),
      `not one ${event} of each server`,
    )
  assert.equal(came.length, 2 * SERVERS)
  return tookMs
}

/** CPU of the bridge, as a share of one core. */
async function cpuOver({ bridge }: House, run: () => Promise<void>): Promise<number> {
  const before = await bridge.ask('usage', undefined)
  const startedAt = performance.now()
  await run()
  const tookMs = performance.now() - startedAt
  return ((await bridge.ask('usage', undefined)).cpuMs - before.cpuMs) / tookMs
}
