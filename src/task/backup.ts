/** The rules of a backup: open, settling, ended by inference. The states are told in `lifecycle.ts`. */
import type { BackupFacts, Json } from '../event.ts'
import {
  type BackupTask,
  type Cause,
  causeOf,
  type Draft,
  emit,
  HINT_MS,
  openTask,
  type Seen,
} from './state.ts'

/** How long an operator bot waits, after autosave came on, for a line that says more. */
const SETTLE_MS = 1000
/** A completed line this much older than the bot's arrival can't have been missed. */
const ATTACH_SLACK_MS = 2000
/** A bot that has watched this long before autosave came on can't have missed the completed line just before it. */
const WATCHED_MS = 5000

export function startBackup(draft: Draft, { at }: Seen<'backup_started'>): void {
  const { state } = draft
  if (state.backup) inferBackupFailure(draft, state.backup, at, 'no_completion')
  const scheduled = state.triggeredAt !== null && at - state.triggeredAt <= HINT_MS
  const cause = scheduled ? scheduledCause() : causeOf(state.make, at)
  const task: BackupTask = {
    id: openTask(state, 'backup', at),
    startedAt: at,
    deadlineAt: at + draft.options.backupDeadline,
    settleAt: null,
    watched: true,
    cause,
  }
  state.backup = task
  state.ended = null
  state.make = null
  state.triggeredAt = null
  state.lastBackupAt = at
  emit(draft, task, 'backup_start', 'start', at, cause, { extra: purposeOf(cause) })
}

export function completeBackup(draft: Draft, seen: Seen<'backup_completed'>): void {
  const end = backupEndedBy(draft, seen.at, seen.costS)
  if (!end) return
  const { task, extra } = end
  const { cause } = task
  const { backup, newBlobs } = seen
  const approximate: string[] = []
  if (seen.source === 'chat') {
    if (backup.rawBytes !== undefined) approximate.push('raw_size')
    if (backup.storedBytes !== undefined) approximate.push('stored_size')
    if (newBlobs) approximate.push('new_blobs')
  }
  const known: BackupFacts = { ...backup }
  if (cause.comment !== undefined) known.comment = cause.comment
  if (cause.operator) known.creator = `${cause.operator.type}:${cause.operator.name}`
  if (cause.tags) known.tags = cause.tags
  emit(draft, task, 'backup_success', end.suffix, seen.at, cause, {
    backup: known,
    costS: seen.costS,
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

export function failBackup(draft: Draft, at: number, message: string): void {
  const end = backupEndedBy(draft, at)
  if (end)
    emit(draft, end.task, 'backup_failure', end.suffix, at, end.task.cause, {
      message,
      extra: { ...purposeOf(end.task.cause), ...end.extra },
    })
}

/** Autosave comes on after the completed line: without one, the backup raised; a line may still say more. */
export function awaitLastWord({ state }: Draft, { at, on }: Seen<'autosave'>): void {
  if (state.backup && on) state.backup.settleAt ??= at + SETTLE_MS
}

export function unwatchBackup({ state }: Draft): void {
  if (state.backup) state.backup.watched = false
  if (state.ended) state.ended.task.watched = false
}

/** Ends the open backup whose deadline is `at`; false where it is not a backup's. */
export function expireBackup(draft: Draft, at: number): boolean {
  const { backup, attachedAt } = draft.state
  if (backup?.settleAt === at) {
    const watched = backup.watched || (attachedAt !== null && attachedAt < at - SETTLE_MS - WATCHED_MS)
    inferBackupFailure(draft, { ...backup, watched }, at, 'no_completion')
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
  const attachedAt = state.attachedAt ?? Number.POSITIVE_INFINITY
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
    attachedAt <= at &&
    (state.lastBackupAt === null || state.lastBackupAt < attachedAt) &&
    attachedAt > at - draft.options.backupDeadline &&
    (costS === undefined || at - costS * 1000 - ATTACH_SLACK_MS <= attachedAt)
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

/** What PB itself writes of a scheduled backup (compat.md section 1). */
function scheduledCause(): Cause {
  return {
    operator: { type: 'prime_backup', name: 'scheduled_backup' },
    source: { type: 'command_source', name: 'Plugin prime_backup' },
    comment: '__pb_translated__:scheduled_backup',
    tags: { scheduled: true },
  }
}
