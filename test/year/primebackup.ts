/**
 * Prime Backup (PB) of one server: loaded and unloaded, with its schedule that fires, rests, is paused, and dies. What
 * it does of that: its `scheduled_backup_job.py` and `basic_job.py`, and facts/prime-backup.md.
 */
import type { Clock } from '../../src/clock.ts'
import { type Backup, createBackups, type Voice } from './backups.ts'
import type { Dice, Failure, Plan, Schedule } from './plan.ts'
import { logHead, say, type Word } from './text.ts'
import { traceOf } from './trace.ts'
import { createTrigger } from './trigger.ts'
import { localDate, localTime } from './zone.ts'

/** What can be seen from outside, as it happens. */
export type Outside = {
  /** A record of MCDReforged's log. */
  log(head: string, rest?: string): void
  /** A line of PB's in chat; only while the server runs. */
  chat(text: string): void
  /** What a player types. */
  typed(text: string): void
  server(runs: boolean): void
}

/** A date that PB printed. */
export type Named = {
  at: number
  dueAt: number
  /** Since when the schedule waits for it: it fired, or was reset. */
  since: number
  inChat: boolean
}

export type Absence = { from: number; to: number; removed: boolean }

const PRINTING = 'misc_utils.py:16(print_text_to_console)'

export function createPrimeBackup(
  plan: Plan,
  dice: Dice,
  clock: Clock,
  outside: Outside,
  around: { serverRuns(): boolean; online(): number },
) {
  const { zone, language } = plan
  const trigger = createTrigger(zone, dice)
  let schedule: Schedule = plan.schedule
  /** Another number with each load. */
  let load = 0
  let isLoaded = false
  let isRemoved = false
  /** The thread of the schedule lives. */
  let ticks = false
  let isPaused = false
  let nextRunAt = 0
  let loadedAt = 0
  let cancelRun = () => {}
  let backupsWithoutPlayers = 0
  let absence: Absence | undefined

  const named: Named[] = []
  const absences: Absence[] = []
  const loads: number[] = []
  /** When it fired while the server was down. */
  const missed: number[] = []
  const paused = traceOf(false)

  const loading = () => ((load * 2654435761) % 65536).toString(16).padStart(4, '0')
  const time = () => localTime(clock.now(), zone)

  const voice: Voice = {
    broadcast: (thread, word, ...values) => {
      const text = say(word, language, ...values)
      outside.log(logHead(time(), loading(), { thread, place: PRINTING, text: `[PB] ${text}` }))
      if (around.serverRuns()) outside.chat(text)
    },
    note: (record, rest) => outside.log(logHead(time(), loading(), record), rest),
    nextDate: since => {
      if (isPaused) return say('pausedDate', language)
      named.push({ at: clock.now(), dueAt: nextRunAt, since, inChat: around.serverRuns() })
      return localDate(nextRunAt, zone)
    },
  }

  const backups = createBackups(plan, dice, clock, voice, {
    serverRuns: around.serverRuns,
    manualEnded: () => {
      // Dead or alive, the schedule is set anew, and says so.
      if (!isLoaded || isPaused || !('every' in schedule)) return
      arm(clock.now())
      voice.broadcast('worker-heavy', 'timerReset', voice.nextDate(clock.now()))
    },
  })

  /** Without `from`: after the last run. */
  function arm(from?: number) {
    cancelRun()
    const now = clock.now()
    nextRunAt = trigger.next(schedule, now, from)
    if (ticks) cancelRun = clock.after(nextRunAt - now, fire)
  }

  function fire() {
    arm()
    if (!around.serverRuns()) missed.push(clock.now())
    if (!around.serverRuns() || backups.isScheduleBusy()) return
    if (plan.rests && rests()) return
    backups.runScheduled()
  }

  /** PB makes one backup after the last player left, then rests. */
  function rests(): boolean {
    const isEmpty = around.online() === 0
    const isResting = isEmpty && backupsWithoutPlayers >= 1
    backupsWithoutPlayers = isEmpty ? 1 : 0
    const outcome = isResting
      ? 'backup skipped'
      : isEmpty
        ? 'performing the last backup'
        : 'performing normally'
    const text = `Scheduled backup player check: valid=[${isEmpty ? '' : "'Steve'"}] ignored=['PBWatcher'], ${outcome}`
    if (plan.tellsRest) voice.note({ thread: 'crontab_0', place: 'scheduled_backup_job.py:64(run)', text })
    return isResting
  }

  function setPaused(value: boolean) {
    isPaused = value
    paused.set(clock.now(), value)
  }

  /** The schedule does not run from here on, and nothing says so. */
  function miss(removed: boolean) {
    cancelRun()
    ticks = false
    if (absence) absence.to = clock.now()
    absence = { from: clock.now(), to: Number.POSITIVE_INFINITY, removed }
    absences.push(absence)
  }

  function loadPlugin() {
    if (isRemoved) return
    const now = clock.now()
    load += 1
    loads.push(now)
    loadedAt = now
    isLoaded = true
    ticks = true
    setPaused(false)
    trigger.reset()
    backupsWithoutPlayers = 0
    voice.note({ thread: 'crontab-scheduler', place: 'base.py:171(start)', text: 'Scheduler started' })
    arm(now)
    if (absence) absence.to = now
    absence = undefined
  }

  /** `killed`: without a word. */
  function unloadPlugin(killed = false) {
    cancelRun()
    if (!isLoaded) return
    isLoaded = false
    ticks = false
    setPaused(false)
    backups.stop(killed)
    if (!killed)
      voice.note({ thread: 'shutdown', place: 'base.py:202(shutdown)', text: 'Scheduler has been shut down' })
  }

  function pause(ms: number) {
    if (!isLoaded || !ticks || isPaused) return
    const pausedIn = load
    const reply = (word: Word, ...values: string[]) => {
      const text = `[PB] ${say(word, language, ...values)}`
      voice.note({ thread: 'worker-light', place: PRINTING, text, own: false })
    }
    setPaused(true)
    cancelRun()
    reply('paused')
    clock.after(ms, () => {
      if (load !== pausedIn || !isLoaded || !isPaused) return
      setPaused(false)
      const now = clock.now()
      trigger.reset()
      // An interval goes on in its steps from where it began.
      if ('every' in schedule) arm(loadedAt + Math.floor((now - loadedAt) / schedule.every) * schedule.every)
      else arm(now)
      reply('resumed', localDate(nextRunAt, zone))
      named.push({ at: now, dueAt: nextRunAt, since: now, inChat: false })
    })
  }

  return {
    load: loadPlugin,
    unload: unloadPlugin,
    pause,
    /** From the next load on. */
    change: (next: Schedule) => {
      schedule = next
    },
    makeManual: (failure: Failure | undefined) => {
      if (isLoaded && around.serverRuns()) backups.runManual(failure)
    },
    fail: (failure: Failure, nights: number) => {
      const aDay = 'every' in schedule ? 86_400_000 / schedule.every : schedule.hours.length
      backups.fail(failure, Math.ceil(nights * aDay))
    },
    hang: backups.hang,
    /** False where there is no schedule that could die. */
    die: (): boolean => {
      if (!isLoaded || absence) return false
      miss(false)
      return true
    },
    isDead: () => absence !== undefined && !isRemoved,
    remove: () => {
      unloadPlugin()
      isRemoved = true
      miss(true)
    },
    truth: { backups: backups.all satisfies Backup[], named, absences, loads, missed, paused },
  }
}
