/** Judges that nothing was told that is not so, and how much was told in weeks in which nothing was wrong. */
import type { LifecycleEvent } from '../../src/event.ts'
import { BRIDGE_ZONE, DAY, HOUR, MINUTE } from './plan.ts'
import type { Sights } from './sights.ts'
import { iso } from './tasks.ts'
import type { Story } from './year.ts'
import { misreadBy } from './zone.ts'

export type NoticeFigures = {
  notices: number
  falseAlarms: number
  /** Not so, but somebody or something was away. */
  explained: number
  /** So, though nothing was injected: restarts put the schedule off. */
  putOff: number
  quietWeeks: number
  quietMessages: number
  quietMost: number
}

/** A late delivery is told as long after the receiver is back. */
const AFTERMATH_MS = 30 * HOUR

export function judgeNotices(story: Story, sights: Sights) {
  const { truth, told, plan } = story
  const faults: string[] = []
  const remarks: string[] = []
  const figures: NoticeFigures = {
    notices: 0,
    falseAlarms: 0,
    explained: 0,
    putOff: 0,
    quietWeeks: 0,
    quietMessages: 0,
    quietMost: 0,
  }
  const until = plan.until + 30 * DAY
  let unclear = 0

  for (const { event } of told.committed) {
    if (!event.notice) continue
    figures.notices += 1
    if (isTrue(event)) continue
    const line = `${plan.name} ${iso(event.at)}: ${event.notice.code} ${JSON.stringify(event.extra)}`
    if (isExplained(event)) {
      figures.explained += 1
      remarks.push(`explained by who was away: ${line}`)
    } else {
      figures.falseAlarms += 1
      faults.push(`false alarm: ${line}`)
    }
  }

  function isTrue({ at, notice }: LifecycleEvent): boolean {
    switch (notice?.code) {
      case 'backup_overdue':
        return isAbsent(at) || hangs(at)
      case 'backup_too_old': {
        const success = truth.backups.findLast(
          ({ outcome, endedAt }) => outcome === 'success' && endedAt <= at,
        )
        const since = success?.endedAt ?? plan.from
        const isOld = at - since >= plan.maxAgeMs - MINUTE
        if (isOld && isPutOff(since, at)) figures.putOff += 1
        return isOld && (isTroubled(since, at) || isPutOff(since, at))
      }
      case 'backup_stuck':
        // One that was killed never ends.
        return truth.backups.some(
          ({ start, endedAt, hangs, outcome }) =>
            start.at < at && (outcome === 'lost' || ((hangs || outcome !== 'success') && at <= endedAt)),
        )
      case 'schedule_unclear':
        unclear += 1
        return unclear === 1 && plan.timeZone === undefined && misreadBy(at, plan.zone, BRIDGE_ZONE) !== 0
      case 'log_unreadable':
      case 'log_readable':
        return !told.traces.log.held(at - 2 * HOUR, at)
      case 'blind':
      case 'mcdr_silent':
      case 'sees_again':
        // Said at most once an hour.
        return !told.traces.bot.held(at - 2 * HOUR, at)
      case 'endpoint_paused':
      case 'endpoint_resumed':
      case 'dead_letter':
      case 'dead_letters':
        return !told.traces.receiver.held(at - 4 * DAY, at)
      default:
        return false
    }
  }

  /** It has not run since, be its end a moment ago or not. */
  function isAbsent(at: number): boolean {
    const hasRun = (since: number) =>
      truth.backups.some(({ scheduled, start }) => scheduled && start.at > since && start.at <= at)
    return truth.absences.some(({ from, to }) => from < at && (at <= to || !hasRun(from)))
  }

  function hangs(at: number): boolean {
    return truth.backups.some(({ hangs, start, endedAt }) => hangs && start.at < at && at <= endedAt)
  }

  /** No backup came, and for a reason that people want to hear of. */
  function isTroubled(from: number, to: number): boolean {
    return (
      truth.absences.some(absence => absence.from < to && absence.to > from) ||
      truth.paused.stretches(from, to).length > 0 ||
      truth.backups.some(
        ({ outcome, hangs, start }) => start.at >= from && start.at < to && (outcome !== 'success' || hangs),
      )
    )
  }

  /** There is no backup, though nobody meant that: it fell into a restart, or restarts began its interval anew. */
  function isPutOff(from: number, to: number): boolean {
    const isWithin = (at: number) => at > from && at < to
    return !plan.rests && !isTroubled(from, to) && [...truth.missed, ...truth.loads].some(isWithin)
  }

  function isExplained({ at, notice, extra }: LifecycleEvent): boolean {
    // What came since could not be seen.
    if (notice?.code === 'backup_too_old')
      return !truth.backups.some(
        ({ outcome, end, endedAt }) =>
          outcome === 'success' && endedAt > at - plan.maxAgeMs + MINUTE && end && sights.seenAt(end) <= at,
      )
    const dueAt = typeof extra?.due === 'string' ? Date.parse(extra.due) : at
    return sights.isDisturbed(Math.min(dueAt, at - HOUR) - plan.longestMs, at)
  }

  /* Quiet weeks */

  const troubles: [number, number][] = []
  for (const { start, end, outcome, endedAt, hangs } of truth.backups) {
    const isPlain =
      outcome === 'success' &&
      !hangs &&
      end !== undefined &&
      sights.seenAt(start) < until &&
      sights.seenAt(end) < until
    if (!isPlain) troubles.push([start.at, goodAfter(Math.min(endedAt, until))])
  }
  for (const { from, to } of truth.absences) troubles.push([from, goodAfter(to)])
  for (const [from, to] of truth.paused.stretches(plan.from, until)) troubles.push([from, goodAfter(to)])
  for (const happening of plan.happenings) {
    if (!['bot_out', 'log_out', 'bridge_down', 'receiver_out'].includes(happening.type)) continue
    const ms = 'ms' in happening ? happening.ms : 0
    const afterMs = happening.type === 'receiver_out' ? AFTERMATH_MS : HOUR
    troubles.push([happening.at, happening.at + ms + afterMs])
  }

  /** The first success after that. */
  function goodAfter(at: number): number {
    const good = truth.backups.find(
      ({ outcome, start, end, hangs }) =>
        outcome === 'success' && !hangs && start.at > at && end !== undefined && sights.seenAt(end) < until,
    )
    return good ? good.endedAt + MINUTE : until
  }

  const messages = told.received.filter(({ endpoint }) => endpoint === 'problems')
  for (let week = plan.from + DAY; week + 7 * DAY <= plan.until; week += 7 * DAY) {
    const end = week + 7 * DAY
    if (troubles.some(([from, to]) => from < end && to > week)) continue
    figures.quietWeeks += 1
    const inWeek = messages.filter(({ at }) => at >= week && at < end)
    figures.quietMessages += inWeek.length
    figures.quietMost = Math.max(figures.quietMost, inWeek.length)
    for (const { at, payload } of inWeek)
      remarks.push(
        `in a quiet week: ${plan.name} ${iso(at)}: ${payload.event} ${payload.code ?? payload.message ?? ''}`,
      )
    if (inWeek.length > 1) faults.push(`${plan.name} ${iso(week)}: ${inWeek.length} messages in a quiet week`)
  }

  return { figures, faults, remarks }
}
