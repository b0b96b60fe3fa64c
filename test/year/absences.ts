/**
 * Judges that what did not happen was told. Two rules can see that the schedule does not run:
 *
 *   date     Prime Backup named one, and nothing disturbed who waits for it: told by the date and the grace; an hour
 *            later where chat's dates are read without a zone that is set, 26 hours later where those are not trusted.
 *            Without a date, a tenth and 75 minutes over the longest wait of late, from when the source sees the server
 *            again; of three days at least where Prime Backup was loaded since, with which its schedule may be another.
 *   age      no success for `maxAge`, in a time in which the server was seen but for gaps of a quarter of an hour.
 *
 * What ends before either can tell is counted, and what neither can see.
 */
import { BRIDGE_ZONE, DAY, HOUR, MINUTE } from './plan.ts'
import type { Named } from './primebackup.ts'
import type { Sights } from './sights.ts'
import { arrivalsOf, iso } from './tasks.ts'
import { both } from './trace.ts'
import type { Story } from './year.ts'
import { misreadBy } from './zone.ts'

const GRACE_MS = 15 * MINUTE
const RECKONED_MS = 75 * MINUTE
const RECKONED_SHARE = 0.1
const GUESSED_MS = HOUR
const MISTRUSTED_MS = 26 * HOUR
/** Of the waits that the bridge remembers. */
const REMEMBERED = 32
const LEAST_KNOWN = 3
/** The longest wait of a schedule of weekdays, which it may be, or have become when Prime Backup was loaded. */
const WEEKEND_MS = 3 * DAY
const DAYS_KNOWN = 20
const SHORT_GAP_MS = 14 * MINUTE

export type AbsenceFigures = {
  absences: number
  told: number
  /** Over before either rule's bound. */
  tooShort: number
  /** Of them no rule's bound is passed while the source sees. */
  unseen: number
  /** How long after its bound... */
  latestMs: number
}

export function judgeAbsences(story: Story, sights: Sights) {
  const { truth, told, plan } = story
  const faults: string[] = []
  const figures: AbsenceFigures = { absences: 0, told: 0, tooShort: 0, unseen: 0, latestMs: 0 }
  const arrivals = arrivalsOf(told.received)
  const slacks = slacksOf(story)
  const until = plan.until + 3 * 24 * HOUR
  const notices = told.committed.filter(({ event }) =>
    ['backup_overdue', 'backup_too_old'].includes(event.notice?.code ?? ''),
  )

  const successes = truth.backups.filter(({ outcome }) => outcome === 'success').map(({ endedAt }) => endedAt)

  for (const absence of truth.absences) {
    figures.absences += 1
    const to = Math.min(absence.to, until)
    const lastSuccess = successes.findLast(at => at < absence.from) ?? plan.from
    // Whoever sees the plugin go waits for it no longer.
    const dates = absence.removed && plan.source !== 'chat' ? [] : byDate(absence.from, to)
    // A player's backup begins another wait.
    const bases = [lastSuccess, ...successes.filter(at => at > absence.from && at < to)]
    const ages = bases.flatMap((base, index) => byAge(base, bases[index + 1] ?? to))
    const bound = Math.min(...dates, ...ages)
    const arrived = Math.min(
      ...notices
        .filter(({ event }) => event.at >= lastSuccess && event.at <= to + HOUR)
        .map(({ event }) => arrivals.get(`problems ${event.id}`) ?? Number.POSITIVE_INFINITY),
    )
    if (bound === Number.POSITIVE_INFINITY) {
      if (arrived < Number.POSITIVE_INFINITY) figures.told += 1
      else if (isLong(to - absence.from)) figures.unseen += 1
      else figures.tooShort += 1
      continue
    }
    const arrivesBy = sights.arrivesBy(Math.max(bound, sights.runsAt(bound)) + MINUTE)
    if (arrived > arrivesBy)
      faults.push(
        `${plan.name} ${iso(absence.from)}: absence until ${iso(absence.to)} told ${iso(arrived)}, not by ${iso(arrivesBy)}`,
      )
    else {
      figures.told += 1
      figures.latestMs = Math.max(figures.latestMs, arrived - absence.from)
    }
  }
  return { figures, faults }

  /** When a date that was named, or the longest wait of late, has run out before the absence ended. */
  function byDate(from: number, to: number): number[] {
    const bounds: number[] = []
    // Whether a schedule rested that says nothing of it, only somebody who counts the players can tell.
    if (plan.rests && plan.source === 'log' && !plan.tellsRest) return []
    const needed = plan.rests ? both(sights.watched, truth.players, plan.from, until) : sights.watched
    for (const [index, date] of truth.named.entries()) {
      const next = truth.named[index + 1]
      if (
        date.dueAt < from ||
        date.at > to ||
        truth.absences.some(
          ({ removed, from: goneAt }) => removed && goneAt > date.at && goneAt <= date.dueAt,
        )
      )
        continue
      const slackMs = slacks(index)
      if (slackMs === undefined) continue
      const tellAt = date.dueAt + slackMs + GRACE_MS
      const seenAt = sights.seenAt({ at: date.at, chat: date.inChat })
      const isReplaced =
        (next !== undefined && next.at < tellAt) || truth.loads.some(load => load > date.at && load < tellAt)
      // Whoever has to ask for players asks when it is due.
      const isSeen =
        sights.watched.held(date.at, tellAt) &&
        needed.held(date.dueAt - MINUTE, date.dueAt + slackMs + MINUTE)
      if (!isReplaced && isSeen && seenAt < tellAt && tellAt < to) bounds.push(tellAt)
    }
    const cuts = truth.named.filter(({ at }) => at > from && at < to).map(({ at }) => at)
    for (const [begin, end] of needed.stretches(from, to)) {
      const until = cuts.find(at => at >= begin) ?? Number.POSITIVE_INFINITY
      const tellAt = begin + reckonedMs(begin)
      if (tellAt < Math.min(end, until)) bounds.push(tellAt)
    }
    return bounds
  }

  /** How long after a moment at which nobody can say when the next one is due it is told. */
  function reckonedMs(at: number): number {
    const waits = truth.named
      .filter(date => sights.seenAt({ at: date.at, chat: date.inChat }) < at && date.since < date.at)
      .slice(-REMEMBERED)
    const isTrusted = (slacks(truth.named.length - 1) ?? MISTRUSTED_MS) < MISTRUSTED_MS
    if (waits.length < LEAST_KNOWN || !isTrusted) return Number.POSITIVE_INFINITY
    const loadedAt = truth.loads.findLast(load => load <= at) ?? 0
    // In chat an unload looks like a reload.
    const isGone = truth.absences.some(({ removed, from }) => removed && from <= at)
    const isNew = isGone || (waits.at(-1)?.at ?? 0) < loadedAt
    const waitsMs = waits.map(({ since, dueAt }) => dueAt - since)
    const longestMs = Math.max(...waitsMs)
    // Who has seen few waits of a day has seen no weekend.
    const isDaily = longestMs > 20 * HOUR && longestMs < 28 * HOUR
    const mayBeWeekdays = isDaily && waitsMs.filter(ms => ms > 20 * HOUR).length < DAYS_KNOWN
    const waitMs = Math.max(isNew || mayBeWeekdays ? WEEKEND_MS : 0, longestMs)
    return waitMs * (1 + RECKONED_SHARE) + RECKONED_MS + GRACE_MS + (plan.rests ? 5 * MINUTE : 0)
  }

  /** The log was kept for a bridge that was away. */
  function wasUp(from: number, to: number): boolean {
    return plan.source === 'log' || told.traces.bridge.held(from, to)
  }

  /** When no success is older than `maxAge`, in a time that was seen. */
  function byAge(lastSuccess: number, to: number): number[] {
    let since = lastSuccess
    let gapFrom: number | undefined
    for (const [begin, end] of sights.watched.stretches(lastSuccess, to)) {
      // A bridge that was away does not know for how long.
      const isShort = gapFrom === undefined || (begin - gapFrom <= SHORT_GAP_MS && wasUp(gapFrom, begin))
      if (!isShort) since = begin
      if (since + plan.maxAgeMs < end) return plan.rests ? [] : [since + plan.maxAgeMs]
      gapFrom = end
    }
    return []
  }
}

function isLong(ms: number): boolean {
  return ms > 8 * DAY
}

/** How much later than a date it is told, in this source; undefined where a date says nothing. */
function slacksOf({ plan, truth }: Story): (index: number) => number | undefined {
  if (plan.timeZone !== undefined) return () => ambiguityMs
  const dates: readonly Named[] = truth.named
  return index => {
    const date = dates[index]
    if (!date) return undefined
    const offMs = misreadBy(date.dueAt, plan.zone, BRIDGE_ZONE)
    if (offMs === 0) return index < LEAST_KNOWN ? MISTRUSTED_MS : GUESSED_MS
    return date.dueAt + offMs > date.at ? MISTRUSTED_MS + Math.max(0, offMs) : undefined
  }
}
/** Where the date falls into an hour that exists twice, the later one is meant. */
const ambiguityMs = 0
