/** The rules of a restore: asked, countdown, stopped. The states are told in `lifecycle.ts`. */
import type { BackupFacts, EventName, Json } from '../event.ts'
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
): RestoreTask {
  const { state } = draft
  const stopsAt = at + secondsLeft * 1000
  const task: RestoreTask = {
    id: openTask(state, 'restore', at),
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
  emit(draft, task, 'restore_start', 'start', at, cause, { backup, extra })
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

/** Ends the open restore at its deadline. */
export function expireRestore(draft: Draft, at: number): void {
  const { restore } = draft.state
  if (restore?.phase === 'stopped')
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
  emit(draft, task, name, 'end', at, task.cause, {
    backup: task.backup,
    ...(end.message && { message: end.message }),
    ...(end.running !== undefined && { running: end.running }),
    extra: end.inferred ? { inferred: true, watched: task.watched } : {},
  })
}
