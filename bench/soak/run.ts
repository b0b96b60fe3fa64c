/**
 * `npm run soak -- --minutes N [--bots 20] [--seed S] [--rate 20] [--pause 8] [--snapshots DIR]`: bots of one bridge on busy
 * servers that tell backups, talk rubbish and break the connection. Prints what happened and what grew; exits with 1 where
 * something grew, or an event was lost or doubled. With `--snapshots` also what there is more of in the heap (writing a
 * snapshot takes memory: RSS says nothing then). The seed draws what the servers and the receiver do; when is the machine's.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine, table } from '../measure.ts'
import { grownBetween } from './heap.ts'
import { LEAST_SAMPLES, report } from './judge.ts'
import { SNAPSHOTS, soak } from './soak.ts'
import { BREAKS } from './town.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    bots: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    /** Flushes of the stream a second, for each bot; a server's own pace is 20. */
    rate: { type: 'string', default: '20' },
    /** Seconds between two scenes of one server, on average. */
    pause: { type: 'string', default: '8' },
    snapshots: { type: 'string' },
  },
})
const { snapshots } = values
const minutes = Number(values.minutes)
const bots = Number(values.bots)
const seed = Number(values.seed)
const rate = Number(values.rate)
const pause = Number(values.pause)
const areAbove0 = [minutes, bots, rate, pause].every(value => value > 0)
if (!areAbove0 || !Number.isInteger(bots) || !Number.isInteger(seed)) {
  console.error('write --minutes, --rate and --pause as numbers over 0, --bots and --seed as whole ones')
  process.exit(2)
}

/** In the first minutes V8 still compiles what is used, and that is in the heap too. */
const LONGEST_WARM_S = 300
const SAMPLE_MS = 5_000
const MOST_GROUPS = 25

const seconds = minutes * 60
const began = performance.now()
console.log(machine())
const soaked = await soak({
  servers: bots,
  seed,
  flushesPerSecond: rate,
  breaks: [...BREAKS],
  breakEveryMs: 62_000,
  pauseMs: pause * 1000,
  warmSeconds: Math.min(LONGEST_WARM_S, seconds / 2),
  seconds,
  sampleEveryMs: Math.min(SAMPLE_MS, (seconds * 1000) / (2 * LEAST_SAMPLES)),
  ...(snapshots !== undefined && { snapshots }),
  say: line => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`),
})
const { text, faults } = report(soaked)
console.log(`\n${text}\n`)
if (snapshots !== undefined) {
  const [before = '', after = ''] = SNAPSHOTS.map(name => join(snapshots, name))
  console.log(`${table(['in the heap', 'more', 'bytes more'], grownBetween(before, after, MOST_GROUPS))}\n`)
}
for (const fault of faults) console.log(`FAULT: ${fault}`)
console.log(faults.length === 0 ? 'nothing grew, nothing was lost' : `${faults.length} faults`)
if (faults.length > 0) process.exitCode = 1
