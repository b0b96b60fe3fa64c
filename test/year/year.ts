/** A simulated year of one server after the other: the world, the bridge that watches it, and what the judge says. */
import { leapingClock } from './clock.ts'
import { createHouse, type House } from './house.ts'
import { type Figures, judge } from './judge.ts'
import { BRIDGE_ZONE, DAY, type Plan, planOf } from './plan.ts'
import { createWorld, type World } from './world.ts'

/** What was, and what was told of it. */
export type Story = { plan: Plan; truth: World['truth']; told: House['told'] }

const BEGIN = Date.UTC(2026, 0, 1)
/** What happened last has yet to be told. */
const AFTER_MS = 4 * DAY

// What a date is read in where the config names no zone; the same on every machine.
process.env.TZ = BRIDGE_ZONE

/** Lives through so many days of the server with this number; the same seed gives the same story. */
export async function live(seed: number, index: number, days: number): Promise<Story> {
  const plan = planOf(seed, index, BEGIN, days)
  const clock = leapingClock(BEGIN)
  const house = createHouse(plan, clock, () => world.online())
  const world: World = createWorld(plan, clock, house.outside)
  world.start()
  house.start()
  await clock.runUntil(plan.until + AFTER_MS)
  await house.stop()
  return { plan, truth: world.truth, told: house.told }
}

/** Of several servers: what is counted adds up, of the rest the most counts. */
export function add(total: Figures | undefined, figures: Figures): Figures {
  if (!total) return { ...figures }
  const sum = { ...total }
  for (const key of Object.keys(figures) as (keyof Figures)[]) {
    const isMost = /Latest|latest|Most|longest/.test(key)
    sum[key] = isMost ? Math.max(sum[key], figures[key]) : sum[key] + figures[key]
  }
  return sum
}

/** Each server's verdict as it is reached. */
export async function* years(options: { servers: number; seed: number; days: number }) {
  for (let index = 0; index < options.servers; index += 1) {
    const story = await live(options.seed, index, options.days)
    yield { plan: story.plan, ...judge(story) }
  }
}
