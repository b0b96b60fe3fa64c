/** The rules of a backup: open, settling, ended by inference. The states are told in `lifecycle.ts`. */
import type { BackupFacts, CommandSource, Json, LifecycleEvent, Operator } from '../event.ts'
import { noteSuccess, stuckAtOf, tellStuck } from './absence.ts'
import {
  type BackupTask,
  type Cause,
  causeOf,
  type Draft,
  emit,
  HINT_MS,
  type LifecycleState,
  openTask,
  type Seen,
  watchedSince,
} from './state.ts'

/** How long an operator bot waits, after autosave came on, for a line that says more. */
const SETTLE_MS = 1000
/** A completed line this much older than the bot's arrival can't have been missed. */
const ATTACH_SLACK_MS = 2000
/** A bot that has watched this long before autosave came on can't have missed the completed line just before it. */
const WATCHED_MS = 5000

export function startBackup(draft: Draft, { at }: Seen<'backup_started'>): void {
  const { state } = draft
  // The log can bring a line from before what chat saw begin.
  if (state.backup && at < state.backup.startedAt) return
  if (state.backup) inferBackupFailure(draft, state.backup, at, 'no_completion')
  const scheduled = state.triggeredAt !== null && at - state.triggeredAt <= HINT_MS
  const cause = scheduled ? scheduledCause() : causeOf(state.make, at)
  const task: BackupTask = {
    id: openTask(state, 'backup', at),
    startedAt: at,
    deadlineAt: at + draft.options.backupDeadline,
    settleAt: null,
    watched: true,
    stuckAt: stuckAtOf(draft, at),
    cause,
  }
  state.backup = task
  state.ended = null
  state.foundId = null
  state.make = null
  state.triggeredAt = null
  state.lastBackupAt = at
  emit(draft, task, 'backup_start', 'start', at, cause, { extra: purposeOf(cause) })
}

export function completeBackup(draft: Draft, seen: Seen<'backup_completed'>): void {
  const { foundId } = draft.state
  draft.state.foundId = null
  if (seen.backup.id === foundId) return
  const end = backupEndedBy(draft, seen.at, seen.costS)
  if (!end) return
  const { task, extra } = end
  const { cause } = task
  const { backup } = seen
  // An id that is another's is no key to what the log said before (prime-backup.md section 4.4).
  const stored = task.stored?.id === backup.id ? task.stored : undefined
  const newBlobs = seen.newBlobs ?? stored?.newBlobs
  // Chat and the log alike show sizes as rounded texts.
  const approximate: string[] = []
  if (backup.rawBytes !== undefined) approximate.push('raw_size')
  if (backup.storedBytes !== undefined) approximate.push('stored_size')
  if (newBlobs) approximate.push('new_blobs')
  const anomaly = noteSuccess(draft, task, seen.at, backup.rawBytes)
  emit(draft, task, 'backup_success', end.suffix, seen.at, cause, {
    backup: knownOf(task, backup),
    costS: seen.costS,
    anomaly,
    extra: {
      ...(newBlobs && {
        new_blobs: {
          count: newBlobs.count,
          raw_size: newBlobs.rawBytes,
          stored_size: newBlobs.storedBytes,
        },
      }),
      ...(approximate.length > 0 && { approximate }),
      ...extra,
    },
  })
}

export function failBackup(draft: Draft, at: number, why: Pick<LifecycleEvent, 'message' | 'error'>): void {
  const end = backupEndedBy(draft, at)
  if (end)
    emit(draft, end.task, 'backup_failure', end.suffix, at, end.task.cause, {
      ...why,
      extra: { ...purposeOf(end.task.cause), ...end.extra },
    })
}

/** The only line that names the operator, and the comment as it was meant (prime-backup.md section 2). */
export function describeBackup({ state }: Draft, { backup }: Seen<'backup_described'>): void {
  const task = state.backup
  if (!task || isSafety(backup)) return
  task.described = backup
  task.cause = {
    ...operatorOf(backup.creator ?? ''),
    ...(backup.comment !== undefined && { comment: backup.comment }),
    ...(backup.tags && { tags: backup.tags }),
  }
}

/** The log's word that the files are stored: of the backup, or of what a restore overwrites. */
export function storeBackup({ state }: Draft, { id, newBlobs }: Seen<'backup_stored'>): void {
  if (state.backup) state.backup.stored = { id, newBlobs }
  else if (state.restore) state.restore.safetyId = id
}

/**
 * The database has a backup that was made since the open one began. Where its end could not be seen, that is the end;
 * where it could be, its line is about to be read.
 */
export function findBackup(draft: Draft, { at, backup }: Seen<'backup_found'>): void {
  const task = draft.state.backup
  if (!task) return
  draft.state.backup = null
  draft.state.lastBackupAt = at
  draft.state.foundId = backup.id
  const anomaly = noteSuccess(draft, task, at, backup.rawBytes)
  emit(draft, task, 'backup_success', 'end', at, task.cause, {
    backup: { ...task.described, ...backup },
    anomaly,
    extra: { inferred: true, watched: task.watched, found_in_database: true },
  })
}

/** Autosave comes on after the completed line: without one, the backup raised; a line may still say more. */
export function awaitLastWord({ state }: Draft, { at, on }: Seen<'autosave'>): void {
  if (state.backup && on) state.backup.settleAt ??= at + SETTLE_MS
}

/** Its end may come unseen: whether it takes too long, nobody can say. */
export function unwatchBackup({ backup, ended }: LifecycleState): void {
  if (backup) {
    backup.watched = false
    backup.stuckAt = null
  }
  if (ended) ended.task.watched = false
}

/** Ends the open backup whose deadline is `at`; false where it is not a backup's. */
export function expireBackup(draft: Draft, at: number): boolean {
  const { backup, attachedAt } = draft.state
  if (backup?.settleAt === at) {
    const watched = backup.watched || (attachedAt !== null && attachedAt < at - SETTLE_MS - WATCHED_MS)
    inferBackupFailure(draft, { ...backup, watched }, at, 'no_completion')
    return true
  }
  if (backup?.stuckAt === at) {
    // It may have ended where nobody saw it.
    if (backup.watched) tellStuck(draft, backup, at)
    backup.stuckAt = null
    return true
  }
  if (backup?.deadlineAt !== at) return false
  inferBackupFailure(draft, backup, at, 'outcome_unknown')
  return true
}

/**
 * The task that a seen end belongs to: the open one, else the one that was ended by inference (a correction), else,
 * where the bot came after its start, one that is made for this end alone. None for an end out of nowhere.
 */
function backupEndedBy(
  draft: Draft,
  at: number,
  costS?: number,
): { task: BackupTask; suffix: string; extra: { [key: string]: Json } } | undefined {
  const { state } = draft
  const { backup, ended } = state
  const since = watchedSince(state)
  if (backup && mayEnd(backup, at, costS)) {
    state.backup = null
    state.lastBackupAt = at
    return { task: backup, suffix: 'end', extra: {} }
  }
  if (!backup && ended && mayEnd(ended.task, at, costS)) {
    state.ended = null
    state.lastBackupAt = at
    return { task: ended.task, suffix: 'correction', extra: { corrects: ended.eventId } }
  }
  const startedBeforeUs =
    since <= at &&
    (state.lastBackupAt === null || state.lastBackupAt < since) &&
    since > at - draft.options.backupDeadline &&
    (costS === undefined || at - costS * 1000 - ATTACH_SLACK_MS <= since)
  if (!startedBeforeUs) return undefined
  // PB runs one task at a time: the one that was open has ended unseen.
  if (backup) inferBackupFailure(draft, backup, at, 'no_completion')
  state.ended = null
  state.lastBackupAt = at
  const task: BackupTask = {
    id: openTask(state, 'backup', at),
    startedAt: at,
    deadlineAt: at,
    settleAt: null,
    watched: false,
    cause: {},
  }
  return { task, suffix: 'end', extra: { start_unseen: true } }
}

/** A task that was not watched all the time may have been followed by another, which its cost gives away. */
function mayEnd(task: BackupTask, at: number, costS: number | undefined): boolean {
  // The log can bring a line that is older than what chat saw begin meanwhile.
  if (at < task.startedAt - WATCHED_MS) return false
  return task.watched || costS === undefined || at - costS * 1000 - WATCHED_MS <= task.startedAt
}

function inferBackupFailure(draft: Draft, task: BackupTask, at: number, message: string): void {
  const event = emit(draft, task, 'backup_failure', 'end', at, task.cause, {
    message,
    extra: { ...purposeOf(task.cause), inferred: true, watched: task.watched },
  })
  draft.state.backup = null
  draft.state.ended = { task, eventId: event.id }
}

/** What a backup was for, as far as it is known before there is a backup to say it. */
function purposeOf({ comment, tags }: Cause): { [key: string]: Json } {
  return { ...(comment !== undefined && { comment }), ...(tags && { tags }) }
}

/** What is known of a backup that ended: from its last line, before it from its task. */
function knownOf({ cause, described }: BackupTask, last: BackupFacts): BackupFacts {
  const creator = cause.operator && `${cause.operator.type}:${cause.operator.name}`
  return {
    ...described,
    ...last,
    ...(cause.comment !== undefined && { comment: cause.comment }),
    ...(creator !== undefined && { creator }),
    ...(cause.tags && { tags: cause.tags }),
  }
}

/** What Prime Backup makes of the files that a restore is about to overwrite is no backup that anybody asked for. */
function isSafety({ creator }: BackupFacts): boolean {
  return creator === 'prime_backup:pre_restore'
}

/** `type:name`; where a command came from follows from who gave it (compat.md section 2). */
function operatorOf(creator: string): { operator?: Operator; source?: CommandSource } {
  const colon = creator.indexOf(':')
  if (colon < 0) return {}
  const operator = { type: creator.slice(0, colon), name: creator.slice(colon + 1) }
  switch (operator.type) {
    case 'player':
    case 'console':
    case 'command_source':
      return { operator, source: { ...operator } }
    case 'prime_backup':
      return { operator, source: { type: 'command_source', name: 'Plugin prime_backup' } }
    default:
      return { operator }
  }
}

/** What PB itself writes of a scheduled backup (compat.md section 1). */
function scheduledCause(): Cause {
  return {
    ...operatorOf('prime_backup:scheduled_backup'),
    comment: '__pb_translated__:scheduled_backup',
    tags: { scheduled: true },
  }
}
