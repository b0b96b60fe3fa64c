/** The backups of one Prime Backup: how each goes, what it prints, and the truth of it. */
import type { Clock } from '../../src/clock.ts'
import { type Dice, type Failure, MINUTE, type Plan } from './plan.ts'
import { type logHead, type Thread, TRACEBACK, type Word } from './text.ts'

/** Prime Backup's save_world_max_wait. */
const SAVE_MAX_MS = 10 * MINUTE
/** How long the schedule waits for a task that runs, before it gives up. */
const BUSY_MS = [10_000, MINUTE, 5 * MINUTE]

/** How PB speaks; given to whatever runs in it. */
export type Voice = {
  /** A line in chat and in the log. */
  broadcast(thread: Thread, word: Word, ...values: (string | number)[]): void
  /** A line in the log alone. */
  note(record: Parameters<typeof logHead>[2], rest?: string): void
  /** The next date of the schedule, as PB prints it; kept for the judge. */
  nextDate(since: number): string
}

/** When something was printed; `chat` is false where the server was down. */
export type Shown = { at: number; chat: boolean }

export type Backup = {
  scheduled: boolean
  start: Shown
  /** Undefined where nothing was printed of its end. */
  end?: Shown
  /** `lost`: killed, or still running. */
  outcome: 'success' | Failure | 'unloaded' | 'lost'
  id?: number
  /** Meant to take too long. */
  hangs: boolean
  /** When it ended, printed or not. */
  endedAt: number
}

export function createBackups(
  plan: Plan,
  { between, whole }: Dice,
  clock: Clock,
  voice: Voice,
  around: { serverRuns(): boolean; manualEnded(): void },
) {
  const all: Backup[] = []
  let running: { backup: Backup; cancel(): void } | undefined
  /** The schedule's job runs, or waits for its turn. */
  let executing = false
  let firedAt = 0
  let cancelWait = () => {}
  let manualMade = false
  let failing: { failure: Failure; left: number } | undefined
  let hanging: { factor: number; never(): void } | undefined
  let nextId = 1

  const shown = (): Shown => ({ at: clock.now(), chat: around.serverRuns() })

  function begin(scheduled: boolean, failure: Failure | undefined) {
    const backup: Backup = {
      scheduled,
      start: shown(),
      outcome: 'lost',
      hangs: false,
      endedAt: Number.POSITIVE_INFINITY,
    }
    all.push(backup)
    voice.broadcast('worker-heavy', 'creating')
    const saveMs = between(100, 8_000)
    const usualMs = saveMs + plan.usualMs * between(0.7, 1.5)
    const rawBytes = Math.round(between(0.9, 1.1) * 700 * 1024 ** 2)
    const after = (ms: number, run: () => void) => {
      const cancel = clock.after(ms, run)
      running = { backup, cancel }
    }

    function end(outcome: Backup['outcome']) {
      running = undefined
      Object.assign(backup, { outcome, end: shown(), endedAt: clock.now() })
    }

    function storing() {
      const creator = scheduled ? 'prime_backup:scheduled_backup' : 'player:Steve'
      const comment = scheduled ? '__pb_translated__:scheduled_backup' : ''
      const tags = scheduled ? "{'scheduled': True}" : '{}'
      voice.note({
        thread: 'worker-heavy',
        place: 'create_backup_action.py:425(__create_backup)',
        text: `Creating backup for ['world'] at path 'server', file count 640 size ${mib(rawBytes)}, timestamp ${Math.floor(clock.now() / 1000)}, creator '${creator}', comment '${comment}', tags ${tags}`,
      })
    }

    function complete() {
      const id = nextId++
      const cost = ((clock.now() - backup.start.at) / 1000).toFixed(2)
      backup.id = id
      voice.note({
        thread: 'worker-heavy',
        place: 'create_backup_action.py:490(run)',
        text: `Create backup #${id} done, added 52 blobs, 0 chunks and 0 packs (size 377.95KiB / 1.83MiB)`,
      })
      end('success')
      voice.broadcast('worker-heavy', 'completed', id, cost, mib(rawBytes), '377.95KiB')
      if (scheduled) endSchedule('scheduleCompleted')
      else {
        manualMade = true
        if (!executing) around.manualEnded()
      }
    }

    if (failure === 'timed_out') {
      after(SAVE_MAX_MS, () => {
        end('timed_out')
        voice.broadcast('worker-heavy', 'saveTimedOut')
        if (scheduled) endSchedule('scheduleCompleted')
      })
    } else if (failure === 'aborted') {
      after(between(0, saveMs), () => {
        end('aborted')
        voice.broadcast('worker-heavy', 'aborted')
        if (scheduled) endSchedule('scheduleCompleted')
      })
    } else {
      const hang = scheduled && !failure ? hanging : undefined
      if (hang) hanging = undefined
      backup.hangs = hang !== undefined
      const tookMs = usualMs * (hang?.factor ?? 1)
      after(saveMs, () => {
        storing()
        if (tookMs === Number.POSITIVE_INFINITY) return hang?.never()
        if (!failure) return after(tookMs - saveMs, complete)
        return after((usualMs - saveMs) * between(0, 1), () => {
          end('raised')
          const address = whole(0x7000, 0xffff).toString(16)
          const text = `Task <prime_backup.mcdr.task.backup.create_backup_task.CreateBackupTask object at 0x7f92${address}d910> run error`
          const place = 'task_manager.py:124(run_task)'
          voice.note({ thread: 'worker-heavy', level: 'ERROR', place, text }, TRACEBACK)
          endSchedule('scheduleFailed')
        })
      })
    }
  }

  function endSchedule(word: 'scheduleCompleted' | 'scheduleFailed') {
    executing = false
    voice.broadcast('crontab_0', word, voice.nextDate(firedAt))
  }

  /** Its turn has come, unless something else runs. */
  function takeTurn(tries: number) {
    if (!running && (tries === 0 || !manualMade)) {
      const failure = failing?.failure
      if (failing && --failing.left === 0) failing = undefined
      return begin(true, failure)
    }
    const waitMs = BUSY_MS[tries]
    if (waitMs !== undefined && !manualMade) {
      cancelWait = clock.after(waitMs, () => takeTurn(tries + 1))
      return
    }
    executing = false
    voice.broadcast('crontab_0', 'scheduleSkipped', 'found a backup that was made meanwhile')
  }

  return {
    all,
    isScheduleBusy: () => executing,
    runScheduled: () => {
      executing = true
      firedAt = clock.now()
      manualMade = false
      voice.broadcast('crontab_0', 'triggered')
      takeTurn(0)
    },
    /** Told to the player alone where another task runs. */
    runManual: (failure: Failure | undefined) => {
      if (!running) begin(false, failure)
    },
    fail: (failure: Failure, count: number) => {
      failing = { failure, left: count }
    },
    /** `never`: it will not end by itself. */
    hang: (factor: number, never: () => void) => {
      hanging = { factor, never }
    },
    /** Prime Backup is unloaded. */
    stop: (killed: boolean) => {
      cancelWait()
      executing = false
      if (!running) return
      const { backup, cancel } = running
      cancel()
      running = undefined
      backup.endedAt = clock.now()
      // A thread that hangs has nothing to say.
      if (killed || backup.hangs) return
      Object.assign(backup, { outcome: 'unloaded', end: shown() })
      voice.broadcast('worker-heavy', 'unloaded')
    },
  }
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(2)}MiB`
}
