/** The rules of a restore: asked, countdown, stopped. The states are told in `lifecycle.ts`. */
import { type BackupFacts, type EventName, type Json, type LifecycleEvent, statusOf } from '../event.ts'
import {
  type Cause,
  causeOf,
  type Draft,
  emit,
  HINT_MS,
  openTask,
  type RestoreTask,
  type Seen,
} from './state.ts'

/** How much earlier, and how much later, than the countdown promised a restore may stop the server. */
const EARLY_STOP_MS = 1500
const LATE_STOP_MS = 60_000
/** How long the log may take from `Restore to backup #1 failed` to the exception. */
const SETTLE_MS = 5_000
/** How far apart the clocks of the log and of the bridge may be, and the two copies of a line. */
const SKEW_MS = 5_000
const MAX_ENDED = 4

export function askRestore(draft: Draft, seen: Seen<'restore_asked'>): void {
  const { state } = draft
  // PB runs one task at a time: the countdown that was open has ended unseen.
  if (state.restore?.phase === 'countdown') endRestoreUnknown(draft, state.restore, seen.at)
  state.asked = { backup: seen.backup, cause: causeOf(state.back, seen.at) }
  state.back = null
  state.confirmedAt = null
}

export function abortRestore(draft: Draft, { at }: Seen<'restore_aborted'>): void {
  const { state } = draft
  state.asked = null
  if (state.restore?.phase === 'countdown')
    endRestore(draft, state.restore, 'restore_failure', at, { message: 'aborted' })
}

export function countDown(draft: Draft, seen: Seen<'restore_countdown'>): void {
  const { state } = draft
  const { restore } = state
  // The log can bring the lines before those that chat saw.
  if (restore && seen.at < restore.startedAt) return
  const stopsAt = seen.at + seen.secondsLeft * 1000
  const goesOn =
    restore?.phase === 'countdown' &&
    restore.backup.id === seen.backup.id &&
    seen.secondsLeft < restore.secondsLeft
  if (goesOn) {
    Object.assign(restore, {
      secondsLeft: seen.secondsLeft,
      stopsAt,
      deadlineAt: stopsAt + draft.options.restoreDeadline,
    })
    return
  }
  if (restore) endRestoreUnknown(draft, restore, seen.at)
  startRestore(draft, seen.at, seen.backup, seen.secondsLeft, state.asked?.cause ?? {}, {})
}

function startRestore(
  draft: Draft,
  at: number,
  backup: BackupFacts,
  secondsLeft: number,
  cause: Cause,
  extra: { [key: string]: Json },
  running?: boolean,
): RestoreTask {
  const { state } = draft
  const stopsAt = at + secondsLeft * 1000
  const task: RestoreTask = {
    id: openTask(state, 'restore', at),
    startedAt: at,
    phase: 'countdown',
    backup,
    secondsLeft,
    stopsAt,
    stopping: false,
    deadlineAt: stopsAt + draft.options.restoreDeadline,
    watched: true,
    sawDown: false,
    cause,
  }
  state.restore = task
  state.asked = null
  state.confirmedAt = null
  emit(draft, task, 'restore_start', 'start', at, cause, {
    backup,
    extra,
    ...(running !== undefined && { running }),
  })
  return task
}

/** A restore without a countdown: asked and confirmed, and the server stops at once. */
export function stopServer(draft: Draft, { at }: Seen<'server_stopping'>): void {
  const { state } = draft
  if (state.restore?.phase === 'countdown') {
    state.restore.stopping = true
    return
  }
  if (!state.asked || state.confirmedAt === null || at - state.confirmedAt > HINT_MS) return
  const task = startRestore(draft, at, state.asked.backup, 0, state.asked.cause, {
    inferred: true,
    watched: true,
  })
  task.stopping = true
}

/** The bot is in play again: a server that was down for a restore has come back. */
export function serverBack(draft: Draft, at: number): void {
  const { restore } = draft.state
  if (restore?.phase === 'stopped') succeedRestore(draft, restore, at)
}

/** The bot is out of play: for the restore, where the countdown said so. */
export function serverLost(draft: Draft, at: number): void {
  const { state } = draft
  state.asked = null
  const { restore } = state
  if (restore?.phase !== 'countdown') return
  if (isStopTime(restore, at) && (restore.stopping || at >= restore.stopsAt - EARLY_STOP_MS))
    serverGone(draft, restore, at)
  else restore.watched = false
}

export function pingServer(draft: Draft, { at, answered }: Seen<'ping'>): void {
  const { state } = draft
  state.answering = answered
  const { restore } = state
  if (!restore) return
  if (restore.phase === 'countdown') {
    if (!answered && at >= restore.stopsAt && isStopTime(restore, at)) {
      serverGone(draft, restore, at)
      restore.sawDown = true
    }
  } else if (!answered) restore.sawDown = true
  // A proxy in front answers all the time, and so does a server that is still about to close its port.
  else if (restore.sawDown) succeedRestore(draft, restore, at)
}

/** A server that goes away long after the countdown did not go for the restore. */
function isStopTime(restore: RestoreTask, at: number): boolean {
  return at <= restore.stopsAt + LATE_STOP_MS
}

function serverGone(draft: Draft, restore: RestoreTask, at: number): void {
  restore.phase = 'stopped'
  restore.deadlineAt = at + draft.options.restoreDeadline
}

function succeedRestore(draft: Draft, restore: RestoreTask, at: number): void {
  endRestore(draft, restore, 'restore_success', at, { inferred: true, running: true })
}

/** The log's word that the server goes down for it, or was down: its start, where there was no countdown. */
export function stopForRestore(draft: Draft, { at, running }: Seen<'restore_stopping'>): void {
  const { state } = draft
  if (!state.restore && state.asked)
    startRestore(draft, at, state.asked.backup, 0, state.asked.cause, {}, running)
  goOn(draft, at, restore => {
    if (!running) restore.wasStopped = true
  })
}

/** Each step that the log shows of a restore gives it time for the next. */
export function continueRestore(draft: Draft, { at }: { at: number }): void {
  goOn(draft, at, () => {})
}

export function exportFiles(draft: Draft, { at, failures }: Seen<'export_ended'>): void {
  goOn(draft, at, restore => {
    restore.failures = failures
  })
}

function goOn(draft: Draft, at: number, change: (restore: RestoreTask) => void): void {
  const { restore } = draft.state
  if (!restore || !isOf(restore, at)) return
  restore.phase = 'stopped'
  restore.deadlineAt = Math.max(restore.deadlineAt, at + draft.options.restoreDeadline)
  change(restore)
}

export function finishRestore(draft: Draft, seen: Seen<'restore_done'>): void {
  const failures = draft.state.restore?.failures ?? 0
  const end = failures > 0 ? { message: `export_failures: ${failures}` } : { costS: seen.costS }
  endSeenRestore(
    draft,
    failures > 0 ? 'restore_failure' : 'restore_success',
    seen.at,
    { id: seen.id },
    {
      ...end,
      running: seen.starting,
      extra: { server: seen.starting ? 'starting' : 'was_stopped' },
    },
  )
}

/** The exception follows; one that does not is told without its class. */
export function awaitException({ state }: Draft, { at, id, reason }: Seen<'restore_failed'>): void {
  const { restore } = state
  if (restore?.backup.id === id && isOf(restore, at)) restore.failed = { reason, settleAt: at + SETTLE_MS }
}

export function raiseRestore(draft: Draft, at: number, error: NonNullable<LifecycleEvent['error']>): void {
  const { restore, endedRestores } = draft.state
  const { restoreDeadline } = draft.options
  // The line names no backup. Before the countdown there is no restore: whoever asked was told why.
  const task =
    restore && isOf(restore, at)
      ? restore
      : endedRestores.findLast(({ task }) => isOf(task, at) && at <= task.deadlineAt + restoreDeadline)?.task
  if (task) endRaised(draft, task, at, error)
}

function endRaised(
  draft: Draft,
  task: RestoreTask,
  at: number,
  error: NonNullable<LifecycleEvent['error']>,
): void {
  endSeenRestore(draft, 'restore_failure', at, task.backup, {
    error,
    ...(task.phase === 'stopped' && {
      running: false,
      extra: { server: task.wasStopped ? 'was_stopped' : 'left_stopped' },
    }),
  })
}

/** The log may bring lines that are older than what chat saw begin meanwhile. */
function isOf(task: RestoreTask, at: number): boolean {
  return at >= task.startedAt - SKEW_MS
}

type SeenEnd = Pick<LifecycleEvent, 'costS' | 'message' | 'error' | 'extra'> & { running?: boolean }

/**
 * An end that the log shows. It belongs to the open restore, else to the one that was ended by inference (a correction,
 * unless it says the same), else to one whose start was before the bridge's time.
 */
function endSeenRestore(draft: Draft, name: EventName, at: number, backup: BackupFacts, end: SeenEnd): void {
  const { state } = draft
  const { restore } = state
  const mayBe = (task: RestoreTask) => task.backup.id === backup.id && isOf(task, at)
  if (restore && mayBe(restore)) {
    state.asked = null
    state.restore = null
    emit(draft, restore, name, 'end', at, restore.cause, {
      ...end,
      backup: restore.backup,
      extra: { ...end.extra, ...safetyOf(restore) },
    })
    return
  }
  const ended = state.endedRestores.findLast(({ task }) => mayBe(task))
  if (ended) {
    state.endedRestores = state.endedRestores.filter(other => other !== ended)
    const { task, eventId } = ended
    if (ended.name === name && statusOf(name) === 'success') return
    emit(draft, task, name, 'correction', at, task.cause, {
      ...end,
      backup: task.backup,
      extra: { ...end.extra, ...safetyOf(task), corrects: eventId },
    })
    return
  }
  emit(
    draft,
    { id: openTask(state, 'restore', at) },
    name,
    'end',
    at,
    {},
    {
      ...end,
      backup,
      extra: { ...end.extra, start_unseen: true },
    },
  )
}

function safetyOf({ safetyId }: RestoreTask): { [key: string]: Json } {
  return safetyId === undefined ? {} : { pre_restore_backup: safetyId }
}

/** When the open restore ends by itself. */
export function restoreDueAt(restore: RestoreTask): number {
  return Math.min(restore.deadlineAt, restore.failed?.settleAt ?? Number.POSITIVE_INFINITY)
}

/** Ends the open restore at its deadline. */
export function expireRestore(draft: Draft, at: number): void {
  const { restore, lead } = draft.state
  if (restore?.failed) endRaised(draft, restore, at, { type: 'unknown', message: restore.failed.reason })
  else if (restore?.phase === 'stopped' && lead.by === 'chat')
    endRestore(draft, restore, 'restore_failure', at, {
      message: 'server_not_back',
      inferred: true,
      running: false,
    })
  else if (restore) endRestoreUnknown(draft, restore, at)
}

function endRestoreUnknown(draft: Draft, restore: RestoreTask, at: number): void {
  endRestore(draft, restore, 'restore_failure', at, { message: 'outcome_unknown', inferred: true })
}

function endRestore(
  draft: Draft,
  task: RestoreTask,
  name: EventName,
  at: number,
  end: { message?: string; inferred?: true; running?: boolean },
): void {
  draft.state.restore = null
  const event = emit(draft, task, name, 'end', at, task.cause, {
    backup: task.backup,
    ...(end.message && { message: end.message }),
    ...(end.running !== undefined && { running: end.running }),
    extra: { ...(end.inferred && { inferred: true, watched: task.watched }), ...safetyOf(task) },
  })
  if (end.inferred)
    draft.state.endedRestores = [...draft.state.endedRestores, { task, eventId: event.id, name }].slice(
      -MAX_ENDED,
    )
}
