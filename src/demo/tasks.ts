/**
 * The tasks of the Prime Backup (PB) stand-in, one at a time, in PB's order (facts/prime-backup.md section 3):
 *   backup   started → saving the world → storing → completed; ends also by abort, timeout, unload or a raised error.
 *   restore  asked → (confirmed) → countdown → server stopped → restored → server started; ends also by abort, by
 *            nobody choosing, or by an error, after which the server stays down.
 */
import type { Clock } from '../clock.ts'
import type { Component } from './component.ts'
import type { Moment, TaskName } from './lines.ts'
import type { Backup, Creator, Draft } from './phrases.ts'
import type { Replies } from './replies.ts'

/** How the next task goes wrong: the first two and `unload` can befall a backup only, `restore_fail` a restore. */
export type Fault = 'raise' | 'save_timeout' | 'unload' | 'abort' | 'restore_fail'

export type Timings = {
  /** Waiting for the world to save. @default 100 */
  saveMs: number
  /** Storing the files. @default 150 */
  createMs: number
  /** @default 5 */
  countdownS: number
  /** One second of the countdown. @default 1000 */
  secondMs: number
  /** @default 60000 */
  confirmTimeoutMs: number
  /** From the server's stop to its start. @default 1000 */
  restartMs: number
  /** From one scheduled backup to the next. @default 12 h */
  scheduleMs: number
}

export const DEFAULT_TIMINGS: Timings = {
  saveMs: 100,
  createMs: 150,
  countdownS: 5,
  secondMs: 1000,
  confirmTimeoutMs: 60_000,
  restartMs: 1000,
  scheduleMs: 12 * 3_600_000,
}

export type Issuer = { type: 'player'; name: string } | { type: 'console' } | { type: 'schedule' }

export type Task = {
  name: TaskName
  issuer: Issuer
  abort: AbortController
  /** Gone once the server is being stopped. */
  abortable: boolean
  /** Set while the task waits to be confirmed. */
  confirm?: () => void
}

/** Why a task's AbortController fired. */
const ABORTED = new Error('aborted')
const UNLOADED = new Error('plugin unloaded')
const STOPPED = new Error('stopped')

/** Sizes as of the recordings: a small world, of which little changes. */
const FILE_COUNT = 64
const RAW_BYTES = 1_918_894
const STORED_BYTES = 387_021
const FIRST_ADDED = { blobs: 52, rawBytes: RAW_BYTES, storedBytes: STORED_BYTES }
const LATER_ADDED = { blobs: 1, rawBytes: 1198, storedBytes: 1208 }

export type Tasks = ReturnType<typeof createTasks>

type Deps = {
  clock: Clock
  timings: Timings
  /** Whether a schedule runs, whose timer a manual backup resets. */
  scheduled: boolean
  /** Whether a restore makes a backup of what it replaces. */
  safetyBackup: boolean
  replies: Replies
  server: { isRunning(): boolean; shutdown(): Promise<unknown>; start(): Promise<unknown> }
  happen(moment: Moment): void
  reply(issuer: Issuer, ...lines: Component[]): void
}

export function createTasks(deps: Deps) {
  const { clock, timings, scheduled, safetyBackup, replies, server, happen, reply } = deps
  const backups: Backup[] = []
  const faults: Fault[] = []
  let task: Task | undefined
  let running: Promise<unknown> = Promise.resolve()
  let stopped = false

  /** Runs a task alone; undefined where another one is under way, which is told to the issuer. */
  function begin<T>(
    name: TaskName,
    issuer: Issuer,
    work: (task: Task) => Promise<T>,
  ): Promise<T> | undefined {
    if (stopped) return undefined
    if (task) {
      reply(issuer, ...replies.busy(task.name))
      return undefined
    }
    const begun: Task = { name, issuer, abort: new AbortController(), abortable: true }
    task = begun
    const done = work(begun).finally(() => {
      task = undefined
    })
    // Whoever waits for it hears of an error; nobody has to.
    done.catch(() => {})
    running = done
    return done
  }

  const takeFault = (of: Fault[]): Fault | undefined => {
    const index = faults.findIndex(fault => of.includes(fault))
    return index < 0 ? undefined : faults.splice(index, 1)[0]
  }

  /** The word of PB's own task for how it came out; only `raised` counts as an error for the schedule. */
  async function backUp({ issuer, abort }: Task, comment: string): Promise<'made' | 'ended' | 'raised'> {
    const fault = takeFault(['raise', 'save_timeout', 'unload', 'abort'])
    happen({ type: 'backup_started' })
    happen({ type: 'autosave', on: false })
    const outcome = await store()
    happen({ type: 'autosave', on: true })
    if (outcome === 'made' && scheduled && issuer.type !== 'schedule')
      happen({ type: 'timer_reset', nextAt: clock.now() + timings.scheduleMs })
    if (outcome === 'raised') {
      happen({ type: 'task_raised', task: 'create' })
      reply(issuer, replies.raised('create'))
    }
    return outcome

    async function store() {
      try {
        const startedAt = clock.monotonic()
        await clock.sleep(timings.saveMs, abort.signal)
        if (fault === 'save_timeout') {
          happen({ type: 'save_timed_out' })
          return 'ended'
        }
        happen({ type: 'world_saved' })
        const savedAt = clock.monotonic()
        if (fault === 'abort') abort.abort(ABORTED)
        if (fault === 'unload') abort.abort(UNLOADED)
        abort.signal.throwIfAborted()
        const draft = beginStoring(
          creatorOf(issuer),
          comment,
          issuer.type === 'schedule' ? { scheduled: true } : {},
        )
        await clock.sleep(timings.createMs, abort.signal)
        if (fault === 'raise') return 'raised'
        const backup = add(draft)
        happen({
          type: 'backup_completed',
          backup,
          saveMs: savedAt - startedAt,
          createMs: clock.monotonic() - savedAt,
        })
        return 'made'
      } catch (error) {
        // The database refused.
        if (!abort.signal.aborted) return 'raised'
        if (error === UNLOADED) happen({ type: 'plugin_unloaded' })
        else happen({ type: 'task_aborted', task: 'create' })
        return 'ended'
      }
    }
  }

  function beginStoring(creator: Creator, comment: string, tags: Draft['tags']): Draft {
    const sizes = { fileCount: FILE_COUNT, rawBytes: RAW_BYTES, storedBytes: STORED_BYTES }
    const draft = { at: clock.now(), creator, comment, tags, ...sizes }
    happen({ type: 'backup_storing', backup: draft })
    return draft
  }

  /** The next id is one more than the highest: a failed backup leaves none (trap 4). */
  function add(draft: Draft): Backup {
    const backup: Backup = {
      ...draft,
      id: Math.max(0, ...backups.map(({ id }) => id)) + 1,
      added: backups.length === 0 ? FIRST_ADDED : LATER_ADDED,
    }
    happen({ type: 'backup_created', backup })
    backups.push(backup)
    return backup
  }

  async function restore(own: Task, backup: Backup, confirmed: boolean) {
    const fault = takeFault(['abort', 'restore_fail'])
    const { signal } = own.abort
    let wasRunning = false
    happen({ type: 'restore_asked', backup })
    try {
      if (!confirmed && !(await isConfirmed(own))) return happen({ type: 'restore_not_chosen' })
      wasRunning = server.isRunning()
      for (let secondsLeft = wasRunning ? timings.countdownS : 0; secondsLeft > 0; secondsLeft--) {
        happen({ type: 'restore_countdown', backup, secondsLeft })
        if (fault === 'abort') own.abort.abort(ABORTED)
        await clock.sleep(timings.secondMs, signal)
      }
    } catch {
      return happen({ type: 'task_aborted', task: 'restore' })
    }
    own.abortable = false
    if (wasRunning) {
      happen({ type: 'server_stopping' })
      await server.shutdown()
    } else happen({ type: 'server_found_stopped' })
    const stoppedAt = clock.monotonic()
    if (safetyBackup) {
      const creator = { type: 'prime_backup', name: 'pre_restore' } as const
      add(beginStoring(creator, `__pb_translated__:pre_restore:${backup.id}`, { temporary: true }))
    }
    const backedUpAt = clock.monotonic()
    happen({ type: 'restoring', backup })
    await clock.sleep(timings.restartMs, signal).catch(() => {})
    if (fault === 'restore_fail') {
      happen({ type: 'restore_failed', backup })
      happen({ type: 'task_raised', task: 'restore' })
      // Nobody is there to read it: the server is down.
      return reply(own.issuer, replies.raised('restore'))
    }
    const restoreMs = clock.monotonic() - backedUpAt
    const backupMs = backedUpAt - stoppedAt
    happen({ type: 'restore_done', backup, backupMs, restoreMs, startsServer: wasRunning })
    if (wasRunning && !stopped) await server.start()
  }

  /** False when nobody chose in time; rejects on an abort. */
  async function isConfirmed(own: Task): Promise<boolean> {
    reply(own.issuer, replies.prompt(timings.confirmTimeoutMs))
    const chosen = new AbortController()
    own.confirm = () => chosen.abort()
    try {
      await clock.sleep(timings.confirmTimeoutMs, AbortSignal.any([chosen.signal, own.abort.signal]))
      return false
    } catch (error) {
      if (own.abort.signal.aborted) throw error
      return true
    } finally {
      own.confirm = undefined
    }
  }

  return {
    /** What the database would hold, the oldest first. */
    backups: backups as readonly Backup[],
    current: () => task,
    /** Undefined where another task is under way, which is told to the issuer. */
    backUp: (issuer: Issuer, comment: string) => begin('create', issuer, own => backUp(own, comment)),
    restore: (issuer: Issuer, backup: Backup, confirmed: boolean) =>
      begin('restore', issuer, own => restore(own, backup, confirmed)),
    abort: () => task?.abort.abort(ABORTED),
    failNext: (fault: Fault) => faults.push(fault),
    failFirst: (fault: Fault) => faults.unshift(fault),
    settled: () => running,
    async stop() {
      stopped = true
      task?.abort.abort(STOPPED)
      await running.catch(() => {})
    },
  }
}

function creatorOf(issuer: Issuer): Creator {
  if (issuer.type === 'player') return { type: 'player', name: issuer.name }
  if (issuer.type === 'console') return { type: 'console', name: '' }
  return { type: 'prime_backup', name: 'scheduled_backup' }
}
