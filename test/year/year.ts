/** A simulated year of one server after the other: the world, the bridge that watches it, and what the judge says. */
import { leapingClock } from './clock.ts'
import type { House } from './house.ts'
import { createHouse } from './house.ts'
import { DAY, type Plan, planOf } from './plan.ts'
import { createWorld, type World } from './world.ts'

/** What was, and what was told of it. */
export type Story = { plan: Plan; truth: World['truth']; told: House['told'] }

export const BEGIN = Date.UTC(2026, 0, 1)

export async function live(seed: number, index: number, days: number): Promise<Story> {
  const plan = planOf(seed, index, BEGIN, days)
  const clock = leapingClock(BEGIN)
  const house = createHouse(plan, clock, () => world.online())
  const world: World = createWorld(plan, clock, house.outside)
  world.start()
  house.start()
  // What happened last has yet to be told.
  await clock.runUntil(BEGIN + days * DAY + 4 * DAY)
  await house.stop()
  return { plan, truth: world.truth, told: house.told }
}
