/** Judges what was told of each backup: that it was told, once, in time, and as it was. */
import type { LifecycleEvent } from '../../src/event.ts'
import type { Backup } from './backups.ts'
import type { EndpointName, Received } from './house.ts'
import { HOUR, MINUTE } from './plan.ts'
import type { Sights } from './sights.ts'
import type { Story } from './year.ts'

const FAILURES = new Set<Backup['outcome']>(['raised', 'timed_out', 'aborted', 'unloaded'])
/** The config's default. */
const DEADLINE_MS = HOUR
/** Two clocks that tell of one moment. */
const SAME_MS = 3_000
const LEAST_STUCK_MS = 10 * MINUTE

export type TaskFigures = {
  backups: number
  failures: number
  /** Neither its start nor its end could be seen. */
  failuresUnseen: number
  /** How long after its end the last of them was told, at most. */
  failureLatestMs: number
  hangs: number
  /** Over before any rule can call it one. */
  hangsTooShort: number
  hangLatestMs: number
  unknown: number
  corrections: number
}

type Task = { start?: LifecycleEvent; ends: LifecycleEvent[] }

export function judgeTasks(story: Story, sights: Sights) {
  const { truth, told, plan } = story
  const faults: string[] = []
  const figures: TaskFigures = {
    backups: 0,
    failures: 0,
    failuresUnseen: 0,
    failureLatestMs: 0,
    hangs: 0,
    hangsTooShort: 0,
    hangLatestMs: 0,
    unknown: 0,
    corrections: 0,
  }
  const blame = (what: string, at: number) => faults.push(`${plan.name} ${iso(at)}: ${what}`)
  const tasks = tasksOf(story)
  const unclaimed = new Set(tasks)
  const arrivals = arrivalsOf(told.received)
  const tookMs: number[] = []
  const firstSeen = told.traces.bridge.nextTrue(plan.from) + MINUTE

  for (const backup of truth.backups) {
    const task = firstOf(unclaimed, backup)
    if (task) unclaimed.delete(task)
    if (backup.start.at < firstSeen || backup.start.at > plan.until) continue
    figures.backups += 1
    const startSeen = sights.seenAt(backup.start)
    const endSeen = backup.end ? sights.seenAt(backup.end) : Number.POSITIVE_INFINITY
    const failed = FAILURES.has(backup.outcome)
    if (failed) figures.failures += 1
    if (startSeen === Number.POSITIVE_INFINITY && !isHalfSeen(backup, endSeen)) {
      if (failed) figures.failuresUnseen += 1
      if (task && startSeen !== Number.POSITIVE_INFINITY)
        blame('a backup that nobody saw was told', backup.start.at)
      continue
    }
    if (!task) {
      blame(`a ${backup.outcome} backup was seen and not told`, backup.start.at)
      continue
    }
    judgeEnds(backup, task, startSeen, endSeen)
    if (failed) judgeFailure(backup, task, startSeen, endSeen)
    if (backup.hangs) judgeHang(backup, task, startSeen)
    if (backup.outcome === 'success' && endSeen < Number.POSITIVE_INFINITY)
      tookMs.push(backup.endedAt - backup.start.at)
  }
  for (const { start, ends } of unclaimed) {
    const event = ends[0] ?? start
    const at = start?.at ?? event?.at ?? 0
    if (event && at >= firstSeen && at <= plan.until) blame(`${event.name} (${event.id}) is of no backup`, at)
  }

  /** The bot came between the two. */
  function isHalfSeen({ start }: Backup, endSeen: number): boolean {
    const { bot } = told.traces
    if (plan.source !== 'chat' || endSeen === Number.POSITIVE_INFINITY) return false
    return !bot.at(start.at) && bot.held(bot.nextTrue(start.at), endSeen)
  }

  function judgeEnds(backup: Backup, task: Task, startSeen: number, endSeen: number) {
    const { start, ends } = task
    const [first, second, ...more] = ends
    const at = backup.start.at
    if (!first) return blame('a start without an end', at)
    if (more.length > 0 || (second && second.extra?.corrects !== first.id)) blame('an end was told twice', at)
    if (!start && first.extra?.start_unseen !== true) blame('an end without a start', at)
    if (second) figures.corrections += 1
    const last = second ?? first
    if (first.extra?.inferred === true) figures.unknown += 1
    const isFailure = last.name === 'backup_failure'
    const isDoubtful = last.extra?.inferred === true
    const lasted = (backup.end?.at ?? Number.POSITIVE_INFINITY) - at
    const couldSeeAll = Math.max(startSeen, endSeen) < Number.POSITIVE_INFINITY
    const isPlain =
      couldSeeAll && lasted < DEADLINE_MS && !sights.isDisturbed(at, (backup.end?.at ?? at) + 2000)
    if (isPlain && (ends.length !== 1 || isDoubtful)) blame(`not told as it was seen (${last.message})`, at)
    if (backup.outcome === 'success' && isFailure && !isDoubtful)
      blame(`a success was told as ${last.message}`, at)
    if (backup.outcome !== 'success' && !isFailure) blame(`${backup.outcome} was told as a success`, at)
    if (!isFailure && last.backup?.id !== backup.id)
      blame(`backup #${backup.id} was told as #${last.backup?.id}`, at)
    return undefined
  }

  function judgeFailure(backup: Backup, task: Task, startSeen: number, endSeen: number) {
    const expires = backup.start.at + DEADLINE_MS
    const known =
      endSeen < Number.POSITIVE_INFINITY
        ? Math.max(endSeen, Math.min(startSeen, endSeen))
        : sights.runsAt(expires) + MINUTE
    const bound = sights.arrivesBy(known)
    const arrived = Math.min(
      ...task.ends.map(({ id }) => arrivals.get(`always ${id}`) ?? Number.POSITIVE_INFINITY),
    )
    if (arrived > bound)
      blame(`a ${backup.outcome} backup was told at ${iso(arrived)}, not by ${iso(bound)}`, backup.start.at)
    else figures.failureLatestMs = Math.max(figures.failureLatestMs, arrived - backup.endedAt)
  }

  function judgeHang(backup: Backup, task: Task, startSeen: number) {
    figures.hangs += 1
    const longestMs = Math.max(0, ...tookMs.slice(-20))
    const ruleMs = Math.min(
      DEADLINE_MS,
      longestMs === 0 ? DEADLINE_MS : Math.max(LEAST_STUCK_MS, 3 * longestMs),
    )
    // Whoever was away can't say how long it takes.
    const isSeen = !sights.isDisturbed(backup.start.at, backup.start.at + ruleMs + MINUTE)
    const tellAt = backup.start.at + (isSeen ? ruleMs : DEADLINE_MS)
    const known = Math.max(sights.runsAt(tellAt), startSeen) + MINUTE
    if (backup.endedAt < known) {
      figures.hangsTooShort += 1
      return
    }
    const ids = told.committed
      .filter(
        ({ event }) => event.notice?.code === 'backup_stuck' && event.extra?.task_id === task.start?.taskId,
      )
      .map(({ event }) => event.id)
    // Where only problems are told, the second failure in a row is none.
    const keys = [
      ...ids.map(id => `problems ${id}` as const),
      ...task.ends.filter(({ name }) => name === 'backup_failure').map(({ id }) => `always ${id}` as const),
    ]
    const arrived = Math.min(...keys.map(key => arrivals.get(key) ?? Number.POSITIVE_INFINITY))
    const bound = sights.arrivesBy(known)
    if (arrived > bound) blame(`a hang was told at ${iso(arrived)}, not by ${iso(bound)}`, backup.start.at)
    else figures.hangLatestMs = Math.max(figures.hangLatestMs, arrived - backup.start.at)
  }

  return { figures, faults }
}

/** In the order of their beginnings: most often the very first. */
function firstOf(tasks: Iterable<Task>, backup: Backup): Task | undefined {
  for (const task of tasks) if (isOf(task, backup)) return task
  return undefined
}

function isOf({ start, ends }: Task, backup: Backup): boolean {
  if (start) return Math.abs(start.at - backup.start.at) <= SAME_MS
  const end = backup.end?.at
  return end !== undefined && ends.some(({ at }) => Math.abs(at - end) <= SAME_MS)
}

function tasksOf({ told }: Story): Task[] {
  const tasks = new Map<string, Task>()
  for (const { event } of told.committed) {
    if (event.notice) continue
    const task = tasks.get(event.taskId) ?? { ends: [] }
    tasks.set(event.taskId, task)
    if (event.name === 'backup_start') task.start = event
    else task.ends.push(event)
  }
  return [...tasks.values()]
}

/** By endpoint and event: when it first came. */
export function arrivalsOf(received: readonly Received[]): Map<`${EndpointName} ${string}`, number> {
  const arrivals = new Map<`${EndpointName} ${string}`, number>()
  for (const { endpoint, at, payload } of received) {
    const key = `${endpoint} ${payload.id}` as const
    if (!arrivals.has(key)) arrivals.set(key, at)
  }
  return arrivals
}

export function iso(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString() : 'never'
}
