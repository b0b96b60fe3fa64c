/** Judges that each endpoint got what it should of what the bridge came to, unchanged, once, and nothing else. */
import type { LifecycleEvent } from '../../src/event.ts'
import { isOutcomeUnknown, statusOf } from '../../src/event.ts'
import { MINUTE } from './plan.ts'
import type { Sights } from './sights.ts'
import { iso } from './tasks.ts'
import type { Story } from './year.ts'

export type DeliveryFigures = {
  events: number
  requests: number
  /** Starts that were not sent, since the receiver was away. */
  expired: number
  digests: number
  /** Failures in a row, at most. */
  longestStreak: number
}

/** Of a row of failures these are told where only problems are. */
const MILESTONES = new Set([1, 3, 10, 30, 100, 300, 1000])

export function judgeDeliveries({ plan, told }: Story, sights: Sights) {
  const faults: string[] = []
  const figures: DeliveryFigures = {
    events: 0,
    requests: told.received.length,
    expired: 0,
    digests: 0,
    longestStreak: 0,
  }
  const blame = (what: string, at: number) => faults.push(`${plan.name} ${iso(at)}: ${what}`)
  const got = new Map<string, number>()
  const digested = new Set<string>()
  const events = new Map<string, LifecycleEvent>()
  const committedAt = new Map<string, number>()
  for (const { at, event } of told.committed) {
    if (events.has(event.id)) blame(`${event.id} is the id of two events`, at)
    events.set(event.id, event)
    committedAt.set(event.id, at)
  }

  for (const { at, endpoint, payload } of told.received) {
    const key = `${endpoint} ${payload.id}`
    if (got.has(key)) blame(`${key} came twice`, at)
    got.set(key, at)
    const event = events.get(payload.id)
    if (payload.code === 'digest') {
      figures.digests += 1
      const { events: held } = payload.extra as { events: { id: string }[] }
      for (const { id } of held) digested.add(id)
    } else if (!event) blame(`${payload.id} was sent, and is no event`, at)
    else {
      const isSame =
        payload.event === event.name &&
        payload.task_id === event.taskId &&
        payload.timestamp.unix === event.at / 1000 &&
        payload.backup?.id === event.backup?.id &&
        payload.message === event.message
      if (!isSame) blame(`${payload.id} arrived changed at ${endpoint}`, at)
    }
  }

  let failures = 0
  for (const { at, event } of told.committed) {
    const arrivesBy = sights.arrivesBy(at)
    if (!event.notice) figures.events += 1
    const isStart = statusOf(event.name) === 'start'
    const arrived = (endpoint: string) => got.get(`${endpoint} ${event.id}`)
    const must = (endpoint: string) => {
      const came = arrived(endpoint)
      if (came !== undefined && came <= arrivesBy) return
      // A start that came too late is worth nothing any more.
      if (came === undefined && isStart && arrivesBy - event.at > 14 * MINUTE) {
        figures.expired += endpoint === 'always' ? 1 : 0
        return
      }
      blame(
        `${event.name} ${event.id} reached ${endpoint} at ${iso(came ?? Number.POSITIVE_INFINITY)}, not by ${iso(arrivesBy)}`,
        at,
      )
    }
    if (!event.notice) must('always')
    else if (arrived('always') !== undefined) blame('a notice reached an endpoint that wants none', at)
    const isTold = isProblem(event)
    if (isTold) must('problems')
    else if (arrived('problems') !== undefined) blame(`${event.name} is no problem, and was told as one`, at)
    if (statusOf(event.name) === 'failure') must('night')
    // Held, and told in the morning at the latest, alone or with others.
    else if (!isStart && arrived('night') === undefined && !digested.has(event.id) && at < plan.until)
      blame(`${event.name} ${event.id} never reached night`, at)
  }

  /** Counts the row as it goes. */
  function isProblem(event: LifecycleEvent): boolean {
    if (event.notice || event.extra?.corrects !== undefined) {
      if (event.name === 'backup_success') failures = 0
      return true
    }
    if (event.name === 'backup_success') {
      const recovers = failures > 0
      failures = 0
      return recovers
    }
    if (event.name !== 'backup_failure') return false
    failures += 1
    figures.longestStreak = Math.max(figures.longestStreak, failures)
    return MILESTONES.has(failures) || (isOutcomeUnknown(event) && failures === 1)
  }

  return { figures, faults }
}
