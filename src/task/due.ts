/**
 * When the next scheduled backup is due, and that it did not come. Prime Backup (PB) says the date itself, after each
 * scheduled backup and whenever it resets its timer; where it does not (it has rested, it was loaded anew, the bot was
 * away), the longest wait of late bounds the next one. Told once, as a notice. Nothing is concluded from a time that
 * nobody could see: a server that was down, a bot that was away, a schedule that was paused.
 * Sources: facts/prime-backup.md sections 1, 2 and 4.
 */
import { durations } from '../duration.ts'
import { noticeOf } from '../notices.ts'
import { type Draft, isoOf, type LifecycleState, type Seen } from './state.ts'

const REMEMBERED = 8
/** From so many waits on the longest is a bound for the next. */
const LEAST_KNOWN = 3
/** A date that was reckoned may be wrong by an hour of daylight saving, and by what a backup takes. */
const RECKONED_SLACK_MS = 75 * 60_000
const RECKONED_SLACK_SHARE = 0.1
/** A scheduled backup that begins this near to its date shows that the date was read in the right zone. */
const ON_TIME_MS = 10 * 60_000
/** Two zones are apart by quarters of an hour. */
const QUARTER_MS = 15 * 60_000
const ZONE_SLACK_MS = 60_000
/** As far as two zones can be apart. */
const UNKNOWN_ZONE_MS = 26 * 3_600_000
/** A schedule of PB's that waits longer is none. */
const LONGEST_MS = 400 * 86_400_000

/** When a backup that has not come by then is overdue; undefined where none is due, or nobody wants to know. */
export function overdueAt({ schedule }: LifecycleState, graceMs: number | undefined): number | undefined {
  if (graceMs === undefined || schedule.dueAt === null) return undefined
  return schedule.dueAt + schedule.slackMs + graceMs
}

type Dated = 'schedule_completed' | 'schedule_failed' | 'timer_reset' | 'schedule_resumed'

/** A line of PB that names the next date, or says that the schedule is paused. */
export function noteDue(draft: Draft, seen: Seen<Dated>): void {
  const { schedule } = draft.state
  schedule.told = false
  const { due, source } = seen
  schedule.pauseAskedBy = null
  if (!due) {
    pauseSchedule(draft.state)
    return
  }
  schedule.paused = false
  if (due.inMs <= 0 || due.inMs > LONGEST_MS) {
    schedule.dueAt = null
    schedule.zone = 'wrong'
    tellOdd(draft, seen.at)
    return
  }
  schedule.dueAt = seen.at + due.inMs
  schedule.saidAt = schedule.dueAt
  schedule.said = true
  const isSure = source === 'log' || (due.sure ? schedule.zone !== 'wrong' : schedule.zone === 'right')
  schedule.slackMs = isSure ? due.slackMs : UNKNOWN_ZONE_MS
  schedule.waitsMs = [...schedule.waitsMs, due.inMs].slice(-REMEMBERED)
}

/** The schedule has fired: so PB runs, and its zone shows. */
export function noteFired(draft: Draft, { at, source }: Seen<'schedule_triggered'>): void {
  const { schedule } = draft.state
  if (source === 'chat' && schedule.saidAt !== null) judgeZone(draft, at, at - schedule.saidAt)
  schedule.saidAt = null
  schedule.told = false
  schedule.paused = false
  schedule.pauseAskedBy = null
  reckonDue(draft.state, at)
}

function judgeZone(draft: Draft, at: number, lateMs: number): void {
  const { schedule } = draft.state
  if (Math.abs(lateMs) <= ON_TIME_MS) {
    schedule.zone = 'right'
    schedule.offMs = null
    return
  }
  // A schedule that was loaded anew comes late at any minute; and the same twice is no chance.
  const quarters = lateMs / QUARTER_MS
  const isLikeZones = Math.abs(quarters - Math.round(quarters)) * QUARTER_MS <= ZONE_SLACK_MS
  const isTwice = schedule.offMs !== null && Math.abs(lateMs - schedule.offMs) <= ON_TIME_MS
  if (isTwice) tellOdd(draft, at)
  if (isTwice || isLikeZones) schedule.zone = 'wrong'
  schedule.offMs = lateMs
}

/** Where nobody has said it: the next one comes within the longest wait of late. */
export function reckonDue({ schedule }: LifecycleState, from: number): void {
  schedule.said = false
  if (schedule.told || schedule.paused || schedule.waitsMs.length < LEAST_KNOWN) {
    schedule.dueAt = null
    return
  }
  const waitMs = Math.max(...schedule.waitsMs)
  schedule.dueAt = from + waitMs
  schedule.slackMs = RECKONED_SLACK_MS + RECKONED_SLACK_SHARE * waitMs
}

export function pauseSchedule({ schedule }: LifecycleState): void {
  schedule.paused = true
  schedule.dueAt = null
}

/** PB is loaded, which begins a schedule anew and ends a pause, or is gone. */
export function loadSchedule(state: LifecycleState, at: number, isLoaded: boolean): void {
  state.schedule.paused = false
  if (isLoaded) reckonDue(state, at)
  else forgetDue(state)
}

/** Nobody can say when the next one comes: PB is gone, or nobody sees it. */
export function forgetDue({ schedule }: LifecycleState): void {
  schedule.dueAt = null
}

/** The next one's time is up, with all patience: it is overdue, unless something else explains that it did not come. */
export function concludeDue(draft: Draft, at: number): void {
  const { state } = draft
  const { schedule } = state
  const dueAt = schedule.dueAt ?? at
  // PB rests while the server is down, and skips what falls into a backup that still runs.
  if (!sawServerSince(state, dueAt) || state.backup) {
    if (state.lead.by === 'log' && state.runsSince === null) forgetDue(state)
    else reckonDue(state, at)
    return
  }
  const { said, pauseAskedBy } = schedule
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

/** Whoever leads has seen the server run from then on. */
function sawServerSince({ lead, runsSince, attachedAt }: LifecycleState, at: number): boolean {
  const since = lead.by === 'log' ? runsSince : attachedAt
  return since !== null && since <= at
}

/** The dates that PB prints can't be: told once, since nothing is concluded from them. */
function tellOdd(draft: Draft, at: number): void {
  const { schedule, server } = draft.state
  if (schedule.toldOdd || !draft.options.watch?.overdue) return
  schedule.toldOdd = true
  draft.events.push(noticeOf('schedule_unclear', { at, server, values: [], extra: {} }))
}
