/**
 * One Minecraft server under MCDReforged with Prime Backup (PB), its players and its admin, as they are: what they do
 * follows from the plan, what they show goes outside, and the truth of it is kept for the judge. What PB does of its
 * schedule: its `scheduled_backup_job.py` and `basic_job.py`, and facts/prime-backup.md.
 */
import type { Clock } from '../../src/clock.ts'
import { createBackups, type Voice } from './backups.ts'
import { DAY, type Dice, diceOf, type Happening, HOUR, MINUTE, type Plan, type Schedule } from './plan.ts'
import { logHead, mcdrHead, say, type Word } from './text.ts'
import { type Trace, traceOf } from './trace.ts'
import { hourOf, localDate, localTime, nextAt } from './zone.ts'

const JITTER_MS = 10_000
const RELOAD_MS = 1_500

/** What can be seen from outside, as it happens. */
export type Outside = {
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

export type World = ReturnType<typeof createWorld>

export function createWorld(plan: Plan, clock: Clock, outside: Outside) {
  const dice: Dice = diceOf(plan.seed)
  const { between, whole, chance } = dice
  const { zone, language } = plan
  let schedule: Schedule = plan.schedule
  let serverRuns = false
  let mcdrRuns = false
  /** PB is loaded; another number with each load. */
  let load = 0
  let isLoaded = false
  let isRemoved = false
  /** The thread of the schedule lives. */
  let ticks = false
  let isPaused = false
  let nextRunAt = 0
  let nominalAt = 0
  let startedAt = 0
  let cancelRun = () => {}
  let online = 0
  let lastBackupsWithoutPlayers = 0
  let absence: Absence | undefined

  const named: Named[] = []
  const absences: Absence[] = []
  const loads: number[] = []
  /** When it fired while the server was down. */
  const missed: number[] = []
  const traces = {
    server: traceOf(false),
    players: traceOf(false),
    /** The schedule lives and is not paused. */
    schedule: traceOf(false),
    paused: traceOf(false),
  }

  const loading = () => ((load * 2654435761) % 65536).toString(16).padStart(4, '0')
  const time = () => localTime(clock.now(), zone)

  const voice: Voice = {
    broadcast: (thread, word, ...values) => {
      const text = say(word, language, ...values)
      const place = 'misc_utils.py:16(print_text_to_console)'
      outside.log(logHead(time(), loading(), { thread, place, text: `[PB] ${text}` }))
      if (serverRuns) outside.chat(text)
    },
    note: (record, rest) => outside.log(logHead(time(), loading(), record), rest),
    nextDate: since => {
      if (isPaused) return say('pausedDate', language)
      named.push({ at: clock.now(), dueAt: nextRunAt, since, inChat: serverRuns })
      return localDate(nextRunAt, zone)
    },
  }

  const backups = createBackups(plan, dice, clock, voice, {
    serverRuns: () => serverRuns,
    manualEnded: () => {
      // Dead or alive, the schedule is set anew, and says so.
      if (!isLoaded || isPaused || !('every' in schedule)) return
      arm(clock.now())
      voice.broadcast('worker-heavy', 'timerReset', voice.nextDate(clock.now()))
    },
  })

  function traceSchedule() {
    traces.schedule.set(clock.now(), isLoaded && ticks && !isPaused)
    traces.paused.set(clock.now(), isPaused)
  }

  /* The schedule */

  function arm(from: number) {
    cancelRun()
    const now = clock.now()
    if ('every' in schedule) nominalAt = from + schedule.every
    else nominalAt = nextAt(Math.max(from, nominalAt), zone, schedule)
    nextRunAt = Math.max(now, nominalAt + between(-JITTER_MS, JITTER_MS))
    // Interval after interval: what is off by chance stays so.
    if ('every' in schedule) nominalAt = nextRunAt
    if (ticks) cancelRun = clock.after(nextRunAt - now, fire)
  }

  function fire() {
    arm(nominalAt)
    if (!serverRuns) missed.push(clock.now())
    if (!serverRuns || backups.isScheduleBusy()) return
    if (plan.rests && rests()) return
    backups.runScheduled()
  }

  /** PB makes one backup after the last player left, then rests. */
  function rests(): boolean {
    const check = (outcome: string) => {
      const text = `Scheduled backup player check: valid=[${online > 0 ? "'Steve'" : ''}] ignored=['PBWatcher'], ${outcome}`
      if (plan.tellsRest) voice.note({ thread: 'crontab_0', place: 'scheduled_backup_job.py:64(run)', text })
    }
    if (online > 0) {
      lastBackupsWithoutPlayers = 0
      check('performing normally')
    } else if (lastBackupsWithoutPlayers === 0) {
      lastBackupsWithoutPlayers = 1
      check('performing the last backup')
    } else {
      check('backup skipped')
      return true
    }
    return false
  }

  /* Prime Backup, MCDReforged and the server */

  function loadPlugin() {
    if (isRemoved) return
    load += 1
    loads.push(clock.now())
    isLoaded = true
    ticks = true
    isPaused = false
    startedAt = clock.now()
    nominalAt = 0
    lastBackupsWithoutPlayers = 0
    voice.note({ thread: 'crontab-scheduler', place: 'base.py:171(start)', text: 'Scheduler started' })
    arm(clock.now())
    if (absence) absence.to = clock.now()
    absence = undefined
    traceSchedule()
  }

  /** `killed`: without a word. */
  function unloadPlugin(killed = false) {
    cancelRun()
    if (!isLoaded) return
    isLoaded = false
    backups.stop(killed)
    if (!killed)
      voice.note({ thread: 'shutdown', place: 'base.py:202(shutdown)', text: 'Scheduler has been shut down' })
    ticks = false
    isPaused = false
    traceSchedule()
  }

  function startServer() {
    if (serverRuns || !mcdrRuns) return
    serverRuns = true
    traces.server.set(clock.now(), true)
    const place = 'mcdr_server.py:500(__on_server_start_post)'
    outside.log(mcdrHead(time(), 'TaskExecutor', place, say('processRuns', language, whole(100, 30_000))))
    outside.server(true)
  }

  function stopServer(killed = false) {
    if (!serverRuns) return
    serverRuns = false
    traces.server.set(clock.now(), false)
    setOnline(0)
    if (!killed) {
      const place = 'mcdr_server.py:507(__on_server_stop)'
      outside.log(mcdrHead(time(), 'MainThread', place, say('processStopped', language)))
    }
    outside.server(false)
  }

  function startMcdr() {
    mcdrRuns = true
    loadPlugin()
    clock.after(between(3_000, MINUTE), startServer)
  }

  function restartMcdr(ms: number, killed: boolean) {
    if (!mcdrRuns) return
    stopServer(killed)
    unloadPlugin(killed)
    mcdrRuns = false
    clock.after(ms, startMcdr)
  }

  /** The console where the log shows it; a player, where chat alone is seen. */
  function reload() {
    const types = plan.source === 'chat' || (plan.source === 'both' && chance(0.5))
    if (!mcdrRuns || (types && !serverRuns)) {
      clock.after(HOUR / 2, reload)
      return
    }
    if (types) outside.typed('!!MCDR plg reload prime_backup')
    unloadPlugin()
    clock.after(RELOAD_MS, loadPlugin)
  }

  /* Players */

  function setOnline(count: number) {
    online = count
    traces.players.set(clock.now(), count > 0)
  }

  function evening() {
    const hour = hourOf(clock.now(), zone)
    const inMs = (((whole(14, 20) - hour + 24) % 24) + between(0, 1)) * HOUR
    clock.after(inMs + HOUR / 2, () => {
      // Some evenings nobody comes.
      if (serverRuns && chance(0.75)) {
        setOnline(whole(1, 8))
        clock.after(between(0.7, 5) * HOUR, () => setOnline(0))
      }
      clock.after(6 * HOUR, evening)
    })
  }

  function night() {
    const at = nextAt(clock.now(), zone, { hours: [plan.restartsAt ?? 0], minute: 30 })
    clock.after(at - clock.now(), () => {
      if (mcdrRuns) {
        stopServer()
        clock.after(between(1, 3) * MINUTE, startServer)
      }
      night()
    })
  }

  /* What happens */

  /** What becomes of who watches is not the world's. */
  const HAPPEN: { [T in Happening['type']]?: (happening: Happening & { type: T }) => void } = {
    server_down: ({ ms }) => {
      stopServer()
      clock.after(ms, startServer)
    },
    mcdr_restart: ({ ms }) => restartMcdr(ms, chance(0.2)),
    reload,
    change: happening => {
      schedule = happening.schedule
      reload()
    },
    manual: ({ failure }) => {
      if (isLoaded && serverRuns) backups.runManual(failure)
    },
    pause: ({ ms }) => pause(ms),
    failures: ({ failure, nights }) => {
      const aDay = 'every' in schedule ? DAY / schedule.every : schedule.hours.length
      backups.fail(failure, Math.ceil(nights * aDay))
    },
    hang: ({ factor, ms }) =>
      backups.hang(factor, () => clock.after(ms, () => restartMcdr(2 * MINUTE, true))),
    absence: ({ ms }) => {
      if (!isLoaded || absence) return
      miss(false)
      clock.after(Math.max(ms, 2 * plan.longestMs), () => {
        if (absence && !isRemoved) reload()
      })
    },
    removed: () => {
      if (plan.source !== 'log' && serverRuns) outside.typed('!!MCDR plg unload prime_backup')
      unloadPlugin()
      isRemoved = true
      miss(true)
    },
  }

  function happen(happening: Happening) {
    const rule = HAPPEN[happening.type] as ((happening: Happening) => void) | undefined
    rule?.(happening)
  }

  function miss(removed: boolean) {
    cancelRun()
    ticks = false
    if (absence) absence.to = clock.now()
    absence = { from: clock.now(), to: Number.POSITIVE_INFINITY, removed }
    absences.push(absence)
    traceSchedule()
  }

  function pause(ms: number) {
    if (!isLoaded || !ticks || isPaused) return
    const pausedIn = load
    const reply = (word: Word, ...values: string[]) =>
      voice.note({
        thread: 'worker-light',
        place: 'misc_utils.py:16(print_text_to_console)',
        text: `[PB] ${say(word, language, ...values)}`,
        own: false,
      })
    isPaused = true
    cancelRun()
    reply('paused')
    traceSchedule()
    clock.after(ms, () => {
      if (load !== pausedIn || !isLoaded || !isPaused) return
      isPaused = false
      const now = clock.now()
      // The trigger goes on in its steps from where it began.
      if ('every' in schedule)
        arm(startedAt + Math.floor((now - startedAt) / schedule.every) * schedule.every)
      else {
        nominalAt = 0
        arm(now)
      }
      reply('resumed', localDate(nextRunAt, zone))
      named.push({ at: now, dueAt: nextRunAt, since: now, inChat: false })
      traceSchedule()
    })
  }

  return {
    start: () => {
      startMcdr()
      evening()
      if (plan.restartsAt !== undefined) night()
      for (const happening of plan.happenings)
        clock.after(happening.at - clock.now(), () => happen(happening))
    },
    /** How many players a ping shows, beside the bot. */
    online: () => (serverRuns ? online : undefined),
    truth: {
      backups: backups.all,
      named,
      absences,
      loads,
      missed,
      traces: traces satisfies { [name: string]: Trace },
    },
  }
}
