/**
 * The guest's cost: the bridge's bot beside stock minecraft-protocol, mineflayer and a floor that only splits frames, all
 * on the same stream (client/stream.ts) from a plain server on loopback. One process each, in turns, round by round; all
 * ratios are medians of the ratios within a round. What was seen is checked, line by line, or the bench fails.
 * `BENCH_ROUNDS` (5), `BENCH_SECONDS` of the steady part (8), `BENCH_CROWD` of clients in one process (100).
 */
import { installBaselines, stripSource } from './client/build.ts'
import {
  type Bench,
  type Figures,
  measureBridge,
  measureCrowd,
  measureLatency,
  measureOne,
} from './client/rounds.ts'
import { startServer } from './client/server.ts'
import { createMinute } from './client/stream.ts'
import { median, table } from './measure.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
/** A crowd takes long to come together. */
const CROWD_ROUNDS = Math.ceil(ROUNDS / 3)
const CROWD = Number(process.env.BENCH_CROWD ?? 100)
const POSTS = 100

type Round = { [Kind in 'ours' | 'stock' | 'mineflayer' | 'floor' | 'bridge']: Figures }
type Crowds = { ours: { rss: number; steadyEach: number }; stock: { rss: number; steadyEach: number } }

export async function benchClient(): Promise<void> {
  installBaselines()
  const scripts = stripSource()
  const server = await startServer()
  try {
    const { flushes: minute, raw } = createMinute()
    const steadySeconds = Number(process.env.BENCH_SECONDS ?? 8)
    const bench: Bench = { server, scripts, minute, steadySeconds }
    const wire = minute.reduce((sum, { bytes }) => sum + bytes.length, 0)
    console.log(`${(raw / 1e6).toFixed(1)} MB of packets, ${(wire / 1e6).toFixed(1)} MB on the wire\n`)
    const rounds: Round[] = []
    for (let index = 0; index < ROUNDS; index++)
      rounds.push({
        ours: await measureOne('ours', bench),
        stock: await measureOne('stock', bench),
        mineflayer: await measureOne('mineflayer', bench),
        floor: await measureOne('floor', bench),
        bridge: await measureBridge(bench),
      })
    const crowds: Crowds[] = []
    for (let index = 0; index < CROWD_ROUNDS; index++)
      crowds.push({
        ours: await measureCrowd('ours', CROWD, bench),
        stock: await measureCrowd('stock', CROWD, bench),
      })
    const latency = await measureLatency(POSTS, bench)
    report(rounds, crowds, { line: median(latency.line), post: median(latency.post) })
  } finally {
    await server.stop()
  }
}

const NAMES: { [Kind in keyof Round]: string } = {
  ours: 'ours: the bot',
  bridge: 'ours: the whole bridge',
  stock: 'stock minecraft-protocol',
  mineflayer: 'mineflayer',
  floor: 'the floor',
}

function report(rounds: Round[], crowds: Crowds[], latency: { line: number; post: number }): void {
  const middle = (kind: keyof Round, of: keyof Figures) => median(rounds.map(round => round[kind][of]))
  console.log(
    table(
      [
        '',
        'start to play, CPU ms',
        'burst, CPU ms',
        'steady, CPU ms a second',
        'RSS in play, MB',
        'RSS after all, MB',
      ],
      (Object.keys(NAMES) as (keyof Round)[]).map(kind => [
        NAMES[kind],
        middle(kind, 'start').toFixed(0),
        middle(kind, 'burst').toFixed(1),
        middle(kind, 'steady').toFixed(2),
        middle(kind, 'rssInPlay').toFixed(0),
        middle(kind, 'rssAfter').toFixed(0),
      ]),
    ),
  )
  const crowdOf = (kind: keyof Crowds, of: 'rss' | 'steadyEach') => median(crowds.map(one => one[kind][of]))
  console.log(`
${CROWD} in one process: ours ${crowdOf('ours', 'rss').toFixed(0)} MB, ${crowdOf('ours', 'steadyEach').toFixed(2)} ms of CPU a second each; \
stock ${crowdOf('stock', 'rss').toFixed(0)} MB, ${crowdOf('stock', 'steadyEach').toFixed(2)} ms
a line of chat to its request ${latency.line.toFixed(2)} ms, a POST alone ${latency.post.toFixed(2)} ms (p50)
`)
  const against = (kind: keyof Round, of: keyof Figures, ours: 'ours' | 'bridge' = 'ours') =>
    median(rounds.map(round => round[ours][of] / round[kind][of]))
  const goals: [string, number, number, number][] = [
    ['join burst, CPU / stock', against('stock', 'burst'), 0.2, 0.12],
    ['steady, CPU / stock', against('stock', 'steady'), 0.45, 0.35],
    ['steady, CPU / mineflayer', against('mineflayer', 'steady'), 0.22, 0.17],
    ['steady, CPU / the floor', against('floor', 'steady'), 1.6, 1.3],
    ['RSS in play, the whole bridge / stock', against('stock', 'rssInPlay', 'bridge'), 0.7, 0.55],
    ['RSS after all, the whole bridge / stock', against('stock', 'rssAfter', 'bridge'), 0.7, 0.55],
    [
      `RSS, ${CROWD} bots in one process / ${CROWD} stock`,
      median(crowds.map(({ ours, stock }) => ours.rss / stock.rss)),
      0.35,
      0.25,
    ],
    ['start to play, CPU / stock', against('stock', 'start'), 0.5, 0.35],
    ['a line of chat to its request / a POST alone, p50', latency.line / latency.post, 2, 1.5],
    [
      `steady, CPU of each of ${CROWD} bots / of one alone`,
      crowdOf('ours', 'steadyEach') / middle('ours', 'steady'),
      1,
      0.7,
    ],
  ]
  console.log(
    table(
      ['', 'ratio', 'goal', 'stretch', ''],
      goals.map(([name, ratio, goal, stretch]) => [
        name,
        ratio.toFixed(3),
        `≤ ${goal}`,
        `≤ ${stretch}`,
        ratio <= stretch ? 'met, stretch too' : ratio <= goal ? 'met' : 'MISSED',
      ]),
    ),
  )
}
