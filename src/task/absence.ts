/**
 * What did not happen: a backup that takes far too long, and no backup for too long. Told once, as a notice; the task
 * goes on. Nothing is concluded from a time that nobody could see: a server that was down, a bot that was away.
 */
import { durations } from '../duration.ts'
import type { Anomaly } from '../event.ts'
import { noticeOf } from '../notices.ts'
import { anomalyOf, COMPARED } from './anomaly.ts'
import {
  type BackupTask,
  type Draft,
  isoOf,
  type LifecycleState,
  restsUntold,
  type WatchOptions,
} from './state.ts'

const REMEMBERED = 20
const STUCK_FACTOR = 3
const LEAST_STUCK_MS = 10 * 60_000
/** A server, or a bot, that is back sooner has missed no backup that matters. */
const SHORT_GAP_MS = 15 * 60_000

/** When a backup that begins now counts as stuck; null where nothing is known of others. */
export function stuckAtOf({ state, options }: Draft, at: number): number | null {
  const longestMs = Math.max(0, ...state.durationsMs)
  if (!options.watch?.stuck || longestMs === 0) return null
  return at + Math.max(LEAST_STUCK_MS, STUCK_FACTOR * longestMs)
}

/** Keeps what a success says of the next ones, and answers how it is unlike those before it. */
export function noteSuccess(
  { state, options }: Draft,
  task: BackupTask,
  at: number,
  rawBytes: number | undefined,
): Anomaly | undefined {
  const tookMs = task.startedAt < at ? at - task.startedAt : undefined
  const before = { rawBytes: state.rawBytes, tookMs: state.durationsMs }
  state.lastSuccessAt = Math.max(state.lastSuccessAt ?? at, at)
  state.toldTooOld = false
  // One whose start nobody saw says nothing of how long it took.
  if (tookMs !== undefined) state.durationsMs = [...state.durationsMs, tookMs].slice(-REMEMBERED)
  if (rawBytes !== undefined) state.rawBytes = [...state.rawBytes, rawBytes].slice(-COMPARED)
  return options.watch?.anomaly
    ? anomalyOf(
        { ...(rawBytes !== undefined && { rawBytes }), ...(tookMs !== undefined && { tookMs }) },
        before,
      )
    : undefined
}

/** Keeps since when somebody has seen the server run, but for short gaps. */
export function noteSight({ state }: Draft, at: number): void {
  const sees = state.lead.by === 'log' ? state.processRuns !== false : state.attachedAt !== null
  if (!sees) {
    state.blindSince ??= at
    return
  }
  if (state.seesSince === null || (state.blindSince !== null && at - state.blindSince > SHORT_GAP_MS))
    state.seesSince = at
  state.blindSince = null
}

/** When the last success is too long ago; undefined where nobody wants to know, or it was told. */
export function tooOldAt(state: LifecycleState, watch: WatchOptions | undefined): number | undefined {
  const { lastSuccessAt, seesSince, blindSince, restedAt, awakeSince, toldTooOld } = state
  if (watch?.maxAge === undefined || toldTooOld || blindSince !== null || seesSince === null) return undefined
  // Nobody knows of a backup that should have been made.
  const wantedSince = restsUntold(state, watch) ? awakeSince : (restedAt ?? seesSince)
  if (wantedSince === null) return undefined
  return Math.max(lastSuccessAt ?? seesSince, seesSince, wantedSince) + watch.maxAge
}

export function tellTooOld(draft: Draft, at: number): void {
  const { state, options } = draft
  state.toldTooOld = true
  draft.events.push(
    noticeOf('backup_too_old', {
      at,
      server: state.server,
      values: durations(options.watch?.maxAge ?? 0),
      extra: { last_success: isoOf(state.lastSuccessAt) },
    }),
  )
}

export function tellStuck(draft: Draft, task: BackupTask, at: number): void {
  const { state } = draft
  draft.events.push(
    noticeOf('backup_stuck', {
      at,
      server: state.server,
      values: durations(at - task.startedAt),
      extra: { task_id: task.id, longest_s: Math.max(...state.durationsMs) / 1000 },
    }),
  )
}
