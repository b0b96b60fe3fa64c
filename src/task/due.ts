/**
 * When the next scheduled backup is due, and that it did not come. Prime Backup (PB) says the date itself, after each
 * scheduled backup and whenever it resets its timer; where it does not (it has rested, it was loaded anew, the bot was
 * away), the waits of late bound the next one. Told once, as a notice. Nothing is concluded from a time that nobody
 * could see: a server that was down, a bot that was away, a schedule that was paused.
 * Sources: facts/prime-backup.md sections 1, 2 and 4.
 */
import { durations } from '../duration.ts'
import { noticeOf } from '../notices.ts'
import type { Schedule } from './schedule.ts'
import { type Draft, isoOf, type LifecycleState, restsUntold, type Seen, type WatchOptions } from './state.ts'

/** So that the one over a weekend is among them, even where many are missed. */
const REMEMBERED = 32
/** From so many waits on they are a bound for the next. */
const LEAST_KNOWN = 3
/** A date that was reckoned may be wrong by an hour of daylight saving, and by what a backup takes. */
const RECKONED_SLACK_MS = 75 * 60_000
const RECKONED_SLACK_SHARE = 0.1
/** A schedule of weekdays waits so long over a weekend. */
const WEEKEND_MS = 3 * 86_400_000
/** Where it waits about a day: from so many such waits on a weekend would have been among them. */
const DAILY_MS = [20 * 3_600_000, 28 * 3_600_000] as const
const DAYS_KNOWN = 20
/** A scheduled backup that begins this near to its date shows that the date was read in the right zone. */
const ON_TIME_MS = 10 * 60_000
/** Two zones are apart by quarters of an hour. */
const QUARTER_MS = 15 * 60_000
const ZONE_SLACK_MS = 60_000
/** As far as two zones can be apart. */
const UNKNOWN_ZONE_MS = 26 * 3_600_000
/** As far as the log's clock may be from the bridge's (`follow.ts`). */
const CLOCKS_MS = 10 * 60_000
/** A schedule of PB's that waits longer is none. */
const LONGEST_MS = 400 * 86_400_000

/** When a backup that has not come by then is overdue; undefined where none is due, or nobody wants to know. */
export function overdueAt({ schedule }: LifecycleState, graceMs: number | undefined): number | undefined {
  if (graceMs === undefined || schedule.dueAt === null) return undefined
  return schedule.dueAt + schedule.slackMs + graceMs
}

/** It fires not at all, though every single date could be explained: a restart a day, an outage each time. */
const SILENT_WAITS = 2

/** When a schedule that has not fired by then is overdue, whatever came between; undefined where that can't be said. */
export function silentAt(state: LifecycleState, watch: WatchOptions | undefined): number | undefined {
  const { schedule, seesSince, blindSince, restedAt } = state
  const { livedAt, told, paused } = schedule
  const waits = waitsOf(schedule)
  if (!watch?.overdue || told || paused || livedAt === null || !waits) return undefined
  const wantedSince = restsUntold(state, watch) ? state.awakeSince : seesSince
  if (seesSince === null || wantedSince === null || blindSince !== null) return undefined
  const since = Math.max(livedAt, seesSince, wantedSince, restedAt ?? livedAt)
  return since + SILENT_WAITS * reckonedMs(waits.mostMs) + watch.grace
}

export function concludeSilence(draft: Draft, at: number): void {
  const { livedAt } = draft.state.schedule
  const waits = waitsOf(draft.state.schedule)
  tellOverdue(draft, at, { dueAt: (livedAt ?? at) + (waits?.mostMs ?? 0), said: false })
}

/** The log can bring what is older than what chat has shown since, and tells nothing new then. */
function isOld(schedule: Schedule, at: number): boolean {
  const knownAt = schedule.knownAt ?? at
  if (at < knownAt - CLOCKS_MS) return true
  schedule.knownAt = Math.max(knownAt, at)
  return false
}

type Dated = 'schedule_completed' | 'schedule_failed' | 'timer_reset' | 'schedule_resumed'

/** A line of PB that names the next date, or says that the schedule is paused. */
export function noteDue(draft: Draft, seen: Seen<Dated>): void {
  const { schedule } = draft.state
  const { due, source, at, type } = seen
  if (isOld(schedule, at)) return
  schedule.told = false
  schedule.livedAt = at
  schedule.pauseAskedBy = null
  if (!due) {
    pauseSchedule(draft.state)
    return
  }
  schedule.paused = false
  schedule.saidWatched = true
  if (type === 'timer_reset') schedule.baseAt = at
  const isOdd = due.inMs <= 0 || due.inMs > LONGEST_MS
  if (isOdd) {
    distrust(schedule)
    tellOdd(draft, at)
  }
  const isSure = source === 'log' || (due.sure ? schedule.zone !== 'wrong' : schedule.zone === 'right')
  schedule.unsure = isOdd || !isSure
  schedule.saidAt = isOdd ? null : at + due.inMs
  const waits = waitsOf(schedule)
  const isKnownBetter = waits !== undefined && reckonedMs(waits.mostMs) < due.inMs + UNKNOWN_ZONE_MS
  if (isOdd || (schedule.unsure && isKnownBetter)) {
    reckonDue(draft.state, at)
    return
  }
  schedule.dueAt = at + due.inMs
  schedule.fromAt = isSure ? schedule.dueAt : at
  schedule.said = true
  schedule.slackMs = isSure ? due.slackMs : UNKNOWN_ZONE_MS
  // A schedule that goes on after a pause is in the middle of a wait.
  if (isSure && type !== 'schedule_resumed' && schedule.baseAt !== null)
    remember(schedule, schedule.dueAt - schedule.baseAt)
}

function remember(schedule: Schedule, waitMs: number): void {
  schedule.waitsMs = [...schedule.waitsMs, waitMs].slice(-REMEMBERED)
  schedule.waitsOld = false
}

/** The schedule has fired: so PB runs, and its zone shows. */
export function noteFired(draft: Draft, { at, source }: Seen<'schedule_triggered'>): void {
  const { schedule } = draft.state
  if (isOld(schedule, at)) return
  const { unsure, saidAt, saidWatched, baseAt } = schedule
  if (source === 'chat' && saidAt !== null) judgeZone(draft, at, at - saidAt)
  // Where the dates say nothing, what happens does.
  if (unsure && saidWatched && baseAt !== null) remember(schedule, at - baseAt)
  schedule.baseAt = at
  schedule.livedAt = at
  schedule.saidAt = null
  schedule.told = false
  schedule.paused = false
  schedule.pauseAskedBy = null
  expectAfter(schedule, at, at)
}

function judgeZone(draft: Draft, at: number, lateMs: number): void {
  const { schedule } = draft.state
  if (Math.abs(lateMs) <= ON_TIME_MS) {
    schedule.zone = 'right'
    schedule.offMs = null
    return
  }
  // It may have come in time, and then another one.
  if (!schedule.saidWatched) return
  // And the same twice is no chance.
  const quarters = lateMs / QUARTER_MS
  const isLikeZones = Math.abs(quarters - Math.round(quarters)) * QUARTER_MS <= ZONE_SLACK_MS
  const isTwice = schedule.offMs !== null && Math.abs(lateMs - schedule.offMs) <= ON_TIME_MS
  if (isTwice) tellOdd(draft, at)
  if (isTwice || isLikeZones) distrust(schedule)
  schedule.offMs = lateMs
}

/** What was read of its dates before is as wrong. */
function distrust(schedule: Schedule): void {
  if (schedule.zone !== 'wrong') schedule.waitsMs = []
  schedule.zone = 'wrong'
}

/** How long the next wait may be, by those of late; undefined where too few are known. */
function waitsOf({ waitsMs, waitsOld }: Schedule): { leastMs: number; mostMs: number } | undefined {
  if (waitsMs.length < LEAST_KNOWN) return undefined
  const leastMs = Math.min(...waitsMs)
  const mostMs = Math.max(...waitsMs)
  const [least, most] = DAILY_MS
  const days = waitsMs.filter(waitMs => waitMs >= least).length
  const mayBeWeekdays = mostMs >= least && mostMs <= most && days < DAYS_KNOWN
  return { leastMs, mostMs: waitsOld || mayBeWeekdays ? Math.max(mostMs, WEEKEND_MS) : mostMs }
}

/** With all patience. */
function reckonedMs(mostMs: number): number {
  return mostMs * (1 + RECKONED_SLACK_SHARE) + RECKONED_SLACK_MS
}

/** It has fired, or was to, between these two: so the next one comes a wait later. */
function expectAfter(schedule: Schedule, from: number, to: number): void {
  expect(schedule, from, to, true)
}

/** Where nobody has said it, nor seen the last one: the next one comes within the longest wait of late. */
export function reckonDue({ schedule }: LifecycleState, from: number): void {
  expect(schedule, from, from, false)
}

function expect(schedule: Schedule, from: number, to: number, hasFired: boolean): void {
  const waits = schedule.told || schedule.paused ? undefined : waitsOf(schedule)
  schedule.said = false
  schedule.dueAt = waits ? to + waits.mostMs : null
  if (!waits) return
  schedule.fromAt = hasFired ? from + waits.leastMs : from
  schedule.slackMs = reckonedMs(waits.mostMs) - waits.mostMs
}

export function pauseSchedule({ schedule }: LifecycleState): void {
  schedule.paused = true
  schedule.dueAt = null
}

/** PB is loaded, which begins a schedule anew and ends a pause, or is gone. */
export function loadSchedule(state: LifecycleState, at: number, isLoaded: boolean): void {
  if (isOld(state.schedule, at)) return
  forgetDue(state)
  state.schedule.paused = false
  state.schedule.waitsOld = true
  if (isLoaded) reckonDue(state, at)
}

/** Nobody can say when the next one comes: PB is gone, or nobody sees it. */
export function forgetDue({ schedule }: LifecycleState): void {
  schedule.dueAt = null
  schedule.baseAt = null
  schedule.saidWatched = false
}

/** PB's log says that it skipped a run, since nobody is online. */
export function restSchedule(state: LifecycleState, at: number): void {
  const { schedule } = state
  const { said, baseAt } = schedule
  state.restedAt = Math.max(state.restedAt ?? at, at)
  if (isOld(schedule, at)) return
  if (!said && baseAt !== null) remember(schedule, at - baseAt)
  schedule.tellsRest = true
  schedule.saidWatched = false
  schedule.baseAt = at
  expectAfter(schedule, at, at)
}

/** Whether anybody is online for whom the schedule would run, while a backup may be due. */
export function noteAwake(state: LifecycleState, { at, awake, anew }: Seen<'schedule_awake'>): void {
  const { schedule } = state
  const isNew = awake && (anew || state.awakeSince === null)
  if (isNew) state.awakeSince = at
  if (!awake) state.awakeSince = null
  const window = restWindow(state)
  const waits = waitsOf(schedule)
  if (!window || schedule.dueAt === null || (schedule.tellsRest && state.lead.by === 'log')) return
  // What was due may be skipped.
  if (!awake) schedule.baseAt = null
  if (!awake) schedule.saidWatched = false
  const { awakeSince } = state
  const isOver = at >= window.to
  const wasThere = awakeSince !== null && awakeSince <= window.from
  const isLong = window.to - window.from > (waits?.leastMs ?? 0) / 2
  // In the midst of a time of which nobody knows more, and long after: it may have been skipped before.
  if (waits && isLong && ((isNew && at > window.from) || (isOver && !wasThere))) reckonDue(state, at)
  else if (isOver && !wasThere)
    expectAfter(schedule, window.from, Math.min(awakeSince ?? window.to, window.to))
}

/** When PB may look whether anybody is online, as far as that matters; null where it does not. */
export function restWindow({ schedule }: LifecycleState): { from: number; to: number } | null {
  const { dueAt, fromAt, said, slackMs, told, paused } = schedule
  if (told || paused) return null
  if (dueAt !== null && fromAt !== null) return { from: fromAt, to: dueAt + (said ? slackMs : 0) }
  return waitsOf(schedule) ? null : { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
}

/** The next one's time is up, with all patience: it is overdue, unless something else explains that it did not come. */
export function concludeDue(draft: Draft, at: number): void {
  const { state, options } = draft
  const { schedule } = state
  const dueAt = schedule.dueAt ?? at
  const fromAt = schedule.fromAt ?? dueAt
  const seenSince = seesServerSince(state)
  // PB rests while the server is down, or nobody is online, and skips what falls into a backup that still runs.
  if (seenSince === null) {
    schedule.dueAt = null
    return
  }
  const waits = waitsOf(schedule)
  const isAwake = !restsUntold(state, options.watch) || (state.awakeSince ?? at) <= fromAt
  const isSkipped = state.backup !== null || !isAwake
  const missedBy = isSkipped ? dueAt : Math.min(seenSince, dueAt)
  // One that was missed at the very beginning is followed by another before patience ends.
  const isCovered =
    waits !== undefined &&
    seenSince <= fromAt + waits.leastMs &&
    missedBy + waits.mostMs <= dueAt + schedule.slackMs
  if (isSkipped || (seenSince > fromAt && !isCovered)) {
    expectAfter(schedule, fromAt, missedBy)
    return
  }
  tellOverdue(draft, at, { dueAt, said: schedule.said })
}

function tellOverdue(draft: Draft, at: number, { dueAt, said }: { dueAt: number; said: boolean }): void {
  const { state } = draft
  const { schedule } = state
  const { pauseAskedBy } = schedule
  schedule.told = true
  schedule.dueAt = null
  draft.events.push(
    noticeOf('backup_overdue', {
      at,
      server: state.server,
      values: durations(at - dueAt),
      extra: {
        due: new Date(dueAt).toISOString(),
        reckoned: !said,
        last_success: isoOf(state.lastSuccessAt),
        ...(pauseAskedBy !== null && { pause_asked_by: pauseAskedBy }),
      },
    }),
  )
}

/** Since when whoever leads has seen the server run; null where it does not. */
function seesServerSince({ lead, runsSince, attachedAt }: LifecycleState): number | null {
  return lead.by === 'log' ? runsSince : attachedAt
}

/** The dates that PB prints can't be: told once, since nothing is concluded from them. */
function tellOdd(draft: Draft, at: number): void {
  const { schedule, server } = draft.state
  if (schedule.toldOdd || !draft.options.watch?.overdue) return
  schedule.toldOdd = true
  draft.events.push(noticeOf('schedule_unclear', { at, server, values: [], extra: {} }))
}
