/**
 * `npm run chaos -- --rounds N --seed S`: as many kill -9 as asked for, in houses of a hundred, two at a time; prints its
 * figures. The same seed gives the same input and the same moods of the receivers; when a kill falls is the machine's.
 */
import { parseArgs } from 'node:util'
import { besiege, type Figures } from './house.ts'

const KILLS_IN_A_HOUSE = 100

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  console.error('write --rounds N (1 or more) and --seed S as whole numbers')
  process.exit(2)
}

const started = performance.now()
const total: Figures = { kills: 0, linesWhenKilled: 0, events: 0, deliveries: 0, requests: 0, repeats: 0 }
let left = rounds
let next = seed

async function siege() {
  while (left > 0) {
    const kills = Math.min(left, KILLS_IN_A_HOUSE)
    left -= kills
    const ownSeed = next++
    const figures = await besiege({ seed: ownSeed, kills })
    console.log(`seed ${ownSeed}: ${JSON.stringify(figures)}`)
    for (const key of Object.keys(total) as (keyof Figures)[]) total[key] += figures[key]
  }
}

await Promise.all([siege(), siege()])
const seconds = Math.round((performance.now() - started) / 1000)
console.log(`
rounds (kill -9)                     ${total.kills} in ${seconds} s
lines read by bridges that died      ${total.linesWhenKilled}
events                               ${total.events}, lost 0, doubled in the outbox 0
deliveries                           ${total.deliveries}, lost 0, doubled in the outbox 0
requests that the receivers got      ${total.requests}
messages that they took repeatedly   ${total.repeats}, each under its one id`)
