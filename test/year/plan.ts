/** What one server is like, and what will happen to it: all of it follows from the seed. */
import type { Language } from '../../src/language.ts'
import { seeded } from '../chaos/random.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export type Schedule =
  | { every: number }
  /** At each of these hours of the local day. */
  | { hours: readonly number[]; minute: number; weekdays: boolean }

export type Failure = 'raised' | 'timed_out' | 'aborted'

export type Happening = { at: number } & (
  | {
      type: 'server_down' | 'mcdr_restart' | 'bot_out' | 'log_out' | 'receiver_out' | 'bridge_down'
      ms: number
    }
  | { type: 'pause' | 'absence'; ms: number }
  | { type: 'reload' | 'removed' }
  | { type: 'change'; schedule: Schedule }
  | { type: 'manual'; failure?: 'timed_out' | 'aborted' }
  /** All scheduled backups of so many nights. */
  | { type: 'failures'; failure: Failure; nights: number }
  /** The next scheduled backup takes so many times the usual; infinite: until MCDReforged is killed after `ms`. */
  | { type: 'hang'; factor: number; ms: number }
)

export type Plan = {
  name: string
  seed: number
  from: number
  until: number
  zone: string
  language: Language
  schedule: Schedule
  /** The longest time between two scheduled backups, whatever the schedule is changed to. */
  longestMs: number
  source: 'log' | 'chat' | 'both'
  /** As the bridge's config has it. */
  timeZone: string | undefined
  /** Prime Backup's require_online_players, and the bridge's restWhenEmpty. */
  rests: boolean
  /** Newer versions of Prime Backup say in the log that they rest. */
  tellsRest: boolean
  /** How long a backup takes. */
  usualMs: number
  /** The local hour of a restart each night; MCDReforged itself goes on. */
  restartsAt: number | undefined
  maxAgeMs: number
  happenings: Happening[]
}

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Shanghai', 'Australia/Lord_Howe', 'UTC']
/** Where the bridge's machine is: what a date is read in where no zone is set. */
export const BRIDGE_ZONE = 'Europe/Berlin'
/** One problem at a time, and time to recover from it. */
const SLOT_MS = 24 * DAY
/** Each that-many-th server loses Prime Backup for good. */
const REMOVED_EACH = 20

export type Dice = ReturnType<typeof diceOf>

export function diceOf(seed: number) {
  const random = seeded(seed)
  const between = (from: number, to: number) => from + (to - from) * random()
  return {
    random,
    between,
    whole: (from: number, to: number) => Math.floor(between(from, to + 1)),
    chance: (share: number) => random() < share,
    pick: <T>(items: readonly [T, ...T[]]): T => items[Math.floor(random() * items.length)] ?? items[0],
  }
}

export function planOf(seed: number, index: number, from: number, days: number): Plan {
  const dice = diceOf(seed * 7919 + index)
  const { chance, pick, between, whole } = dice
  const until = from + days * DAY
  const schedule = scheduleOf(dice)
  const source = pick<Plan['source']>(['log', 'log', 'chat', 'chat', 'both'])
  const zone = ZONES[index % ZONES.length] ?? 'UTC'
  const restarts = chance(0.4)
  const happenings = [...problemsOf(dice, from, until), ...ordinaryOf(dice, from, until)]
  let longestMs = longestOf(schedule)
  if (chance(0.3)) {
    const next = scheduleOf(dice)
    longestMs = Math.max(longestMs, longestOf(next))
    happenings.push({ type: 'change', schedule: next, at: between(from, until) })
  }
  if (index % REMOVED_EACH === 5)
    happenings.push({ type: 'removed', at: from + between(0.6, 0.9) * (until - from) })
  const shown = happenings.filter(({ type }) => {
    if (type === 'bot_out') return source !== 'log'
    // Whoever pauses a schedule in the console can't be seen from chat.
    return type === 'log_out' || type === 'pause' ? source !== 'chat' : true
  })
  return {
    name: `server-${index}`,
    seed: seed * 104_729 + index,
    from,
    until,
    zone,
    language: pick(['en_us', 'zh_cn']),
    schedule,
    longestMs,
    source,
    timeZone: source === 'chat' && chance(0.4) ? undefined : zone,
    rests: chance(0.25),
    tellsRest: chance(0.5),
    usualMs: between(20_000, 6 * MINUTE),
    restartsAt: restarts ? whole(0, 23) : undefined,
    maxAgeMs: Math.max(26 * HOUR, Math.ceil((2.2 * longestMs) / MINUTE) * MINUTE),
    happenings: shown.sort((a, b) => a.at - b.at),
  }
}

function scheduleOf({ chance, pick, whole }: Dice): Schedule {
  if (chance(0.6)) return { every: pick([1, 3, 6, 12, 24]) * HOUR }
  const minute = whole(0, 59)
  const [hours, weekdays] = pick<[number[], boolean]>([
    [[whole(0, 23)], false],
    [[whole(0, 23)], false],
    [[whole(0, 23)], true],
    [[0, 6, 12, 18], false],
  ])
  return { hours, minute, weekdays }
}

function longestOf(schedule: Schedule): number {
  if ('every' in schedule) return schedule.every
  return schedule.weekdays ? 3 * DAY : DAY / schedule.hours.length
}

/** At most one in each slot, and none in the first days, in which there is nothing yet to go by. */
function problemsOf(dice: Dice, from: number, until: number): Happening[] {
  const { chance, between, whole, pick } = dice
  const problems: Happening[] = []
  for (let slot = from + 5 * DAY; slot < until; slot += SLOT_MS) {
    if (!chance(0.65)) continue
    const at = slot + between(0, 0.2) * SLOT_MS
    const type = pick<'failures' | 'hang' | 'absence'>(['failures', 'failures', 'hang', 'absence', 'absence'])
    if (type === 'failures') {
      const nights = pick([1, 1, 1, 1, whole(2, 4), whole(2, 4), whole(5, 12)])
      const failure = pick<Failure>(['raised', 'raised', 'raised', 'timed_out', 'aborted'])
      problems.push({ type, at, failure, nights })
    } else if (type === 'hang') {
      const factor = chance(0.4) ? Number.POSITIVE_INFINITY : between(4, 20)
      problems.push({ type, at, factor, ms: between(3, 48) * HOUR })
    } else problems.push({ type, at, ms: between(0, 7) * DAY })
  }
  return problems
}

/** How often a year, and how long each lasts, hours. */
const ORDINARY: [type: Happening['type'], aYear: number, fromHours: number, toHours: number][] = [
  ['server_down', 8, 0.2, 12],
  ['mcdr_restart', 10, 0.01, 0.2],
  ['reload', 5, 0, 0],
  ['pause', 2, 1, 60],
  ['bot_out', 8, 0.1, 12],
  ['log_out', 8, 0.02, 12],
  ['receiver_out', 4, 0.5, 48],
  ['bridge_down', 10, 0.01, 6],
  ['manual', 60, 0, 0],
]

function ordinaryOf({ chance, between, pick }: Dice, from: number, until: number): Happening[] {
  const happenings: Happening[] = []
  for (const [type, aYear, fromHours, toHours] of ORDINARY) {
    const meanMs = (365 * DAY) / aYear
    for (let at = from + DAY; ; ) {
      at += between(0.2, 1.8) * meanMs
      if (at >= until) break
      const ms = between(fromHours, toHours) * HOUR
      const failure = chance(0.04) ? { failure: pick<Failure>(['timed_out', 'aborted']) } : {}
      happenings.push({ type, at, ...(type === 'manual' ? failure : { ms }) } as Happening)
    }
  }
  return happenings
}
