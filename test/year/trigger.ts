/** When a schedule runs next, as APScheduler has it under Prime Backup: with a jitter, from run to run. */
import type { Dice, Schedule } from './plan.ts'
import { nextAt } from './zone.ts'

const JITTER_MS = 10_000

export function createTrigger(zone: string, { between }: Dice) {
  let nominalAt = 0

  return {
    /** Begins anew. */
    reset: () => {
      nominalAt = 0
    },
    /** The run after the last one, or after `from` where it begins anew. */
    next: (schedule: Schedule, now: number, from = nominalAt): number => {
      if (!('every' in schedule)) {
        nominalAt = nextAt(Math.max(from, nominalAt), zone, schedule)
        return Math.max(now, nominalAt + between(-JITTER_MS, JITTER_MS))
      }
      // What is off by chance stays so.
      nominalAt = Math.max(now, from + schedule.every + between(-JITTER_MS, JITTER_MS))
      return nominalAt
    },
  }
}
