/**
 * `npm run chaos -- [--source log] --rounds N --seed S`: as many kill -9 as asked for, in houses of a hundred, two at a time; prints its
 * figures. The same seed gives the same input and the same moods of the receivers; when a kill falls is the machine's.
 */
import { parseArgs } from 'node:util'
import { besiege, type Figures } from './house.ts'
import { besiegeLog, type LogFigures } from './log-siege.ts'

const KILLS_IN_A_HOUSE = 100

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    /** `recording`: lines of chat, at any pace; `log`: the whole bridge, following a log that is written and rotated. */
    source: { type: 'string', default: 'recording' },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)
const isSource = values.source === 'recording' || values.source === 'log'
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed) || !isSource) {
  console.error(
    'write --rounds N (1 or more) and --seed S as whole numbers, and --source recording or --source log',
  )
  process.exit(2)
}

const started = performance.now()
let left = rounds
let next = seed

/** Sieges until no round is left; what their figures add up to. */
async function siege<F extends { [key: string]: number }>(
  total: F,
  besiegeOnce: (options: { seed: number; kills: number }) => Promise<F>,
) {
  while (left > 0) {
    const kills = Math.min(left, KILLS_IN_A_HOUSE)
    left -= kills
    const ownSeed = next++
    const figures = await besiegeOnce({ seed: ownSeed, kills })
    console.log(`seed ${ownSeed}: ${JSON.stringify(figures)}`)
    for (const key of Object.keys(total) as (keyof F)[])
      total[key] = ((total[key] ?? 0) + (figures[key] ?? 0)) as F[keyof F]
  }
}

function took(): string {
  return `${Math.round((performance.now() - started) / 1000)} s`
}

if (values.source === 'log') {
  const total: LogFigures = { kills: 0, records: 0, rotations: 0, events: 0, requests: 0, repeats: 0 }
  await Promise.all([siege(total, besiegeLog), siege(total, besiegeLog)])
  console.log(`
rounds (kill -9)                     ${total.kills} in ${took()}
records of the log                   ${total.records}, in ${total.rotations} rotations
events                               ${total.events}, lost 0, doubled in the outbox 0
requests that the receiver got       ${total.requests}
messages that it took repeatedly     ${total.repeats}, each under its one id`)
} else {
  const total: Figures = { kills: 0, linesWhenKilled: 0, events: 0, deliveries: 0, requests: 0, repeats: 0 }
  await Promise.all([siege(total, besiege), siege(total, besiege)])
  console.log(`
rounds (kill -9)                     ${total.kills} in ${took()}
lines read by bridges that died      ${total.linesWhenKilled}
events                               ${total.events}, lost 0, doubled in the outbox 0
deliveries                           ${total.deliveries}, lost 0, doubled in the outbox 0
requests that the receivers got      ${total.requests}
messages that they took repeatedly   ${total.repeats}, each under its one id`)
}
