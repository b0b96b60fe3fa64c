/** What the lifecycle keeps between two observations, and how a task gets its id and its events. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { duration } from '../duration.ts'
import {
  type BackupFacts,
  type CommandSource,
  type EventName,
  type Json,
  type LifecycleEvent,
  type Operator,
  statusOf,
  type TaskKind,
} from '../event.ts'
import type { NewBlobs, Observation } from '../observation.ts'
import { initialLead, type Lead } from './lead.ts'
import { initialSchedule, type Schedule } from './schedule.ts'

export const lifecycleSchema = z
  .strictObject({
    backupDeadline: duration('1h', { min: '1m', max: '7d' }).describe(
      'How long after its start a backup whose end nobody saw is told as "outcome unknown".',
    ),
    restoreDeadline: duration('15m', { min: '1m', max: '7d' }).describe(
      'How long a restore may keep the server away before it is told as failed (`server_not_back`).',
    ),
  })
  .prefault({})
  .describe('When the bridge stops waiting for the end of a backup or a restore.')

export const watchSchema = z
  .strictObject({
    maxAge: duration('26h', { min: '10m', max: '90d' })
      .unwrap()
      .optional()
      .describe(
        'Tells when no backup has succeeded for so long, for example "26h" for a backup a day; left out, nobody is told. The time in which the server was down, or nobody could see it, does not count.',
      ),
    overdue: z
      .boolean()
      .default(true)
      .describe(
        'Tells when a scheduled backup has not begun by the date that Prime Backup itself named for it. A server that was down then, or that nobody could see, is not overdue.',
      ),
    grace: duration('15m', { min: '1m', max: '7d' }).describe(
      'How long after that date a backup counts as overdue.',
    ),
    restWhenEmpty: z
      .boolean()
      .optional()
      .describe(
        "Prime Backup's schedule rests while no player is online (its require_online_players); then nothing is overdue. By default what primeBackup.config says, else false.",
      ),
    stuck: z
      .boolean()
      .default(true)
      .describe('Tells of a backup that takes over three times as long as the longest of the last 20.'),
    anomaly: z
      .boolean()
      .default(false)
      .describe(
        'Says in the text of a successful backup where its size, or how long it took, is at least twice or at most half the median of the last ten, and by over 64 MiB or a minute.',
      ),
    blind: z
      .boolean()
      .default(true)
      .describe('Tells when a server that answers has kept the bot out for 5 minutes, and no log is read.'),
  })
  .prefault({})
  .describe('Notices of what did not happen, for endpoints with notices.')

export type WatchOptions = z.output<typeof watchSchema>

export type LifecycleOptions = z.output<typeof lifecycleSchema> & { watch?: WatchOptions }

export type Hint = { at: number; player: string; words: string }

/** Who and what a task was for, as far as it is known; goes into each of its events. */
export type Cause = {
  operator?: Operator
  source?: CommandSource
  comment?: string
  tags?: { [key: string]: Json }
  hint?: true
}

export type BackupTask = {
  id: string
  startedAt: number
  deadlineAt: number
  settleAt: number | null
  watched: boolean
  /** When it counts as stuck, unless that was told. */
  stuckAt?: number | null
  cause: Cause
  /** What the log said of it: what it is of, and what it added. */
  described?: BackupFacts
  stored?: { id: number; newBlobs: NewBlobs }
}

export type RestoreTask = {
  id: string
  startedAt: number
  phase: 'countdown' | 'stopped'
  backup: BackupFacts
  secondsLeft: number
  stopsAt: number
  stopping: boolean
  deadlineAt: number
  watched: boolean
  sawDown: boolean
  cause: Cause
  /** The log said that the server was stopped already. */
  wasStopped?: true
  /** The id of the backup that Prime Backup made of what the restore overwrites. */
  safetyId?: number
  /** Files that could not be restored, where the restore goes on all the same. */
  failures?: number
  /** The log said that it failed; the exception follows, by `settleAt` at the latest. */
  failed?: { reason: string; settleAt: number }
}

type Streak = NonNullable<LifecycleEvent['streak']>

export type LifecycleState = {
  server: string
  /** How many tasks this state has opened; part of their ids. */
  opened: number
  /** Since when the bot sees chat; null while it does not. */
  attachedAt: number | null
  /** The last ping; null when none was made since the bot was last in play. */
  answering: boolean | null
  make: Hint | null
  back: Hint | null
  confirmedAt: number | null
  triggeredAt: number | null
  backup: BackupTask | null
  asked: { backup: BackupFacts; cause: Cause } | null
  restore: RestoreTask | null
  /** The last backup that ended by inference, until its real end or the next start is seen. */
  ended: { task: BackupTask; eventId: string } | null
  /** The same of restores, the last few. */
  endedRestores: { task: RestoreTask; eventId: string; name: EventName }[]
  /** When the last start or end of a backup was seen. */
  lastBackupAt: number | null
  /** How long the last successful backups took. */
  durationsMs: number[]
  /** How large all their files were. */
  rawBytes: number[]
  lastSuccessAt: number | null
  /** It was told that the last success is too long ago. */
  toldTooOld: boolean
  /** When its schedule last rested, by PB's log. */
  restedAt: number | null
  /** Since when pings have shown players, for whom the schedule runs; null where nobody was there, or nobody asked. */
  awakeSince: number | null
  /** Since when somebody has seen the server run, and since when nobody does. */
  seesSince: number | null
  blindSince: number | null
  /** Failures in a row, of each kind of task. */
  streaks: { backup: Streak | null; restore: Streak | null }
  /** The backup that only the database showed; its own line may follow. */
  foundId: number | null
  /** Since when the log is followed; null where it never was. */
  followedAt: number | null
  /** Whether the log's last word of the server's process was that it runs. */
  processRuns: boolean | null
  /** Since when it has said so. */
  runsSince: number | null
  schedule: Schedule
  lead: Lead
}

const taskSchema = z.looseObject({
  id: z.string(),
  deadlineAt: z.number(),
  watched: z.boolean(),
  cause: z.looseObject({}),
})
const stateSchema = z.looseObject({
  server: z.string(),
  opened: z.int(),
  attachedAt: z.number().nullable(),
  backup: taskSchema.extend({ startedAt: z.number(), settleAt: z.number().nullable() }).nullable(),
  asked: z.looseObject({ backup: z.looseObject({}), cause: z.looseObject({}) }).nullable(),
  restore: taskSchema
    .extend({ phase: z.enum(['countdown', 'stopped']), backup: z.looseObject({}), stopsAt: z.number() })
    .nullable(),
  ended: z.looseObject({ task: taskSchema, eventId: z.string() }).nullable(),
  lastBackupAt: z.number().nullable(),
  lead: z
    .looseObject({
      held: z.array(z.looseObject({})),
      shown: z.array(z.looseObject({})),
      noted: z.array(z.looseObject({})),
    })
    .optional(),
})

/** A state that was stored; undefined where the text is none. */
export function parseState(body: unknown): LifecycleState | undefined {
  try {
    const state: unknown = JSON.parse(String(body))
    return stateSchema.safeParse(state).success ? withLacking(state as LifecycleState) : undefined
  } catch {
    return undefined
  }
}

/** What a state of an older version lacks is as it is at the beginning. */
function withLacking(state: LifecycleState): LifecycleState {
  const initial = initialState('')
  return { ...initial, ...state, schedule: { ...initial.schedule, ...state.schedule } }
}

/** The same state after the wall clock was set by so much: what was, and what is to come, stays as far away as it was. */
export function shiftTimes(state: LifecycleState, byMs: number): LifecycleState {
  const { backup, restore, schedule, lastSuccessAt, ended, endedRestores, lead } = state
  const shifted = <T extends number | null | undefined>(at: T) => (typeof at === 'number' ? at + byMs : at)
  return {
    ...state,
    attachedAt: shifted(state.attachedAt),
    confirmedAt: shifted(state.confirmedAt),
    triggeredAt: shifted(state.triggeredAt),
    lastBackupAt: shifted(state.lastBackupAt),
    // People are told when it was by the clock of then, as long as that is not to come.
    lastSuccessAt: byMs < 0 ? shifted(lastSuccessAt) : lastSuccessAt,
    seesSince: shifted(state.seesSince),
    blindSince: shifted(state.blindSince),
    followedAt: shifted(state.followedAt),
    runsSince: shifted(state.runsSince),
    restedAt: shifted(state.restedAt),
    awakeSince: shifted(state.awakeSince),
    schedule: {
      ...schedule,
      dueAt: shifted(schedule.dueAt),
      fromAt: shifted(schedule.fromAt),
      knownAt: shifted(schedule.knownAt),
      baseAt: shifted(schedule.baseAt),
      saidAt: shifted(schedule.saidAt),
      livedAt: shifted(schedule.livedAt),
    },
    backup: backup && shiftBackup(backup, byMs),
    restore: restore && shiftRestore(restore, byMs),
    ended: ended && { ...ended, task: shiftBackup(ended.task, byMs) },
    endedRestores: endedRestores.map(one => ({ ...one, task: shiftRestore(one.task, byMs) })),
    // What chat showed and the log has not yet; the copies in the log keep the times with which they were written.
    lead: {
      ...lead,
      lostAt: shifted(lead.lostAt),
      held: lead.held.map(seen => ({ ...seen, at: seen.at + byMs })),
    },
  }
}

function shiftBackup(task: BackupTask, byMs: number): BackupTask {
  const { startedAt, deadlineAt, settleAt, stuckAt } = task
  return {
    ...task,
    startedAt: startedAt + byMs,
    deadlineAt: deadlineAt + byMs,
    settleAt: settleAt === null ? null : settleAt + byMs,
    ...(typeof stuckAt === 'number' && { stuckAt: stuckAt + byMs }),
  }
}

function shiftRestore(task: RestoreTask, byMs: number): RestoreTask {
  const { startedAt, deadlineAt, stopsAt, failed } = task
  return {
    ...task,
    startedAt: startedAt + byMs,
    deadlineAt: deadlineAt + byMs,
    stopsAt: stopsAt + byMs,
    ...(failed && { failed: { ...failed, settleAt: failed.settleAt + byMs } }),
  }
}

/** A stored state that was written by a clock far ahead of this one, as it would be by this one. */
export function withoutFuture(state: LifecycleState, now: number, slackMs: number): LifecycleState {
  const { attachedAt, lastBackupAt, seesSince, blindSince, followedAt, runsSince, schedule, backup } = state
  const past = [
    attachedAt,
    lastBackupAt,
    seesSince,
    blindSince,
    followedAt,
    runsSince,
    schedule.livedAt,
    schedule.knownAt,
  ]
  const latest = Math.max(...past.map(at => at ?? now), backup?.startedAt ?? now)
  return latest > now + slackMs ? shiftTimes(state, now - latest) : state
}

export type Step = { state: LifecycleState; events: LifecycleEvent[] }

export function initialState(server: string): LifecycleState {
  return {
    server,
    opened: 0,
    attachedAt: null,
    answering: null,
    make: null,
    back: null,
    confirmedAt: null,
    triggeredAt: null,
    backup: null,
    asked: null,
    restore: null,
    ended: null,
    endedRestores: [],
    lastBackupAt: null,
    durationsMs: [],
    rawBytes: [],
    lastSuccessAt: null,
    toldTooOld: false,
    restedAt: null,
    awakeSince: null,
    seesSince: null,
    blindSince: null,
    streaks: { backup: null, restore: null },
    foundId: null,
    followedAt: null,
    processRuns: null,
    runsSince: null,
    schedule: initialSchedule(),
    lead: initialLead(),
  }
}

/** The step in the making: a copy of the state that the functions below may change. */
export type Draft = Step & { options: LifecycleOptions }

export type Seen<T extends Observation['type']> = Observation & { type: T }

/** How long a typed command, or PB's "triggered" line, explains what follows. */
export const HINT_MS = 10_000
/** The log's line about a command can be dated a little before chat brings the command. */
const EARLY_MS = 1000

export function causeOf(typed: Hint | null, at: number): Cause {
  if (!typed || at - typed.at > HINT_MS || typed.at - at > EARLY_MS) return {}
  const player = { type: 'player', name: typed.player }
  const comment = typed.words.startsWith('make') ? typed.words.slice('make'.length).trim() : undefined
  return {
    operator: player,
    source: player,
    ...(comment !== undefined && { comment, tags: {} }),
    hint: true,
  }
}

export function openTask(state: LifecycleState, kind: TaskKind, at: number): string {
  state.opened += 1
  const digest = createHash('sha256')
    .update(JSON.stringify([state.server, kind, at, state.opened]))
    .digest('hex')
  return `${kind}-${digest.slice(0, 16)}`
}

export function emit(
  draft: Draft,
  task: { id: string },
  name: EventName,
  suffix: string,
  at: number,
  cause: Cause,
  facts: Pick<LifecycleEvent, 'backup' | 'costS' | 'message' | 'error' | 'extra'> & {
    running?: boolean
    anomaly?: LifecycleEvent['anomaly'] | undefined
  },
): LifecycleEvent {
  const { state } = draft
  const extra = { ...facts.extra, ...(cause.hint && { operator_hint: true }) }
  const event: LifecycleEvent = {
    id: `${task.id}-${suffix}`,
    taskId: task.id,
    name,
    at,
    server: state.server,
    running: facts.running ?? isRunning(state),
    ...(facts.backup && { backup: facts.backup }),
    ...(cause.operator && { operator: cause.operator }),
    ...(cause.source && { source: cause.source }),
    ...(facts.costS !== undefined && { costS: facts.costS }),
    ...(facts.message !== undefined && { message: facts.message }),
    ...(facts.error && { error: facts.error }),
    ...(facts.anomaly && { anomaly: facts.anomaly }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
  const streak = countFailure(state, event)
  if (streak) event.streak = streak
  draft.events.push(event)
  return event
}

/** A failure that corrects another is the same one. */
function countFailure({ streaks }: LifecycleState, { name, at, extra }: LifecycleEvent): Streak | undefined {
  const status = statusOf(name)
  if (status === 'start') return undefined
  const kind = name.startsWith('backup') ? 'backup' : 'restore'
  const before = streaks[kind]
  if (status === 'success') streaks[kind] = null
  else if (before && extra?.corrects !== undefined) return before
  else streaks[kind] = { failures: (before?.failures ?? 0) + 1, since: before?.since ?? at }
  return (status === 'success' ? before : streaks[kind]) ?? undefined
}

/** Whether the game server runs, as far as whoever leads can tell. */
function isRunning({ lead, processRuns, attachedAt, answering }: LifecycleState): boolean | null {
  if (lead.by === 'log' && processRuns !== null) return processRuns
  return attachedAt !== null ? true : answering
}

export function isoOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

/** The schedule rests while nobody is online, and only pings can tell. */
export function restsUntold({ schedule, lead }: LifecycleState, watch: WatchOptions | undefined): boolean {
  return watch?.restWhenEmpty === true && !(schedule.tellsRest && lead.by === 'log')
}

/** Since when nothing of Prime Backup can have been missed. */
export function watchedSince({ lead, followedAt, attachedAt }: LifecycleState): number {
  return (lead.by === 'log' ? followedAt : attachedAt) ?? Number.POSITIVE_INFINITY
}
