/**
 * A stand-in for MCDR with Prime Backup (PB) 1.13 beside the practice server: it hears chat, stores no world, and says
 * what PB says. All that happens passes through one place, as moments: chat, MCDR's log and PB's database tell of them.
 */
import type { Clock } from '../clock.ts'
import type { Language } from '../language.ts'
import type { Component } from './component.ts'
import { createPrimeBackupDatabase, type PrimeBackupDatabase } from './database.ts'
import { type Moment, publicLine } from './lines.ts'
import { createMcdrLog, type McdrLog } from './log.ts'
import { createPhrases } from './phrases.ts'
import { createReplies } from './replies.ts'
import type { AdminKey, PracticeServer } from './server.ts'
import { createTasks, DEFAULT_TIMINGS, type Fault, type Issuer, type Task, type Timings } from './tasks.ts'

export type PrimeBackupOptions = {
  server: PracticeServer
  clock: Clock
  /** @default 'en_us' */
  language?: Language
  /** @default '!!pb' */
  prefix?: string
  /** Who may restore, and abort or confirm what others began; everybody by default. */
  permitted?: string[]
  timings?: Partial<Timings>
  /** Says after a manual backup that the timer of the schedule was reset. @default false */
  scheduled?: boolean
  /** A restore makes a backup of what it replaces first. @default true */
  safetyBackup?: boolean
  /** Path of MCDR's log, which is appended to; none by default. */
  mcdrLog?: string
  /** Path of PB's database, which must not be there yet; none by default. */
  database?: string
  /** Hears all that happens, also what chat does not tell. */
  onMoment?(moment: Moment, at: number): void
  /** What was answered to the console or to the schedule, which PB writes to its log. */
  onReply?(line: Component): void
}

export type PrimeBackup = ReturnType<typeof createPrimeBackup>

const ADMIN_LINES: { [type: string]: (moment: Moment) => AdminKey } = {
  autosave: moment =>
    moment.type === 'autosave' && moment.on ? 'commands.save.enabled' : 'commands.save.disabled',
  world_saved: () => 'commands.save.success',
}

export function createPrimeBackup(options: PrimeBackupOptions) {
  const { server, clock, language = 'en_us', prefix = '!!pb', permitted, onMoment, onReply } = options
  const timings = { ...DEFAULT_TIMINGS, ...options.timings }
  const phrases = createPhrases(language, prefix)
  const replies = createReplies(phrases)
  const tasks = createTasks({
    clock,
    timings,
    scheduled: options.scheduled ?? false,
    safetyBackup: options.safetyBackup ?? true,
    replies,
    server,
    happen,
    reply,
  })
  const { backups } = tasks
  let log: McdrLog | undefined
  let database: PrimeBackupDatabase | undefined
  let listening = false
  let stopped = false

  const may = (name: string) => permitted === undefined || permitted.includes(name)

  function happen(moment: Moment) {
    if (stopped) return
    const at = clock.now()
    if (moment.type === 'backup_created') database?.add(moment.backup)
    log?.moment(moment, at)
    onMoment?.(moment, at)
    const line = publicLine(moment, phrases, at)
    if (line !== undefined) server.broadcastSystem(phrases.prefixed(line))
    const key = ADMIN_LINES[moment.type]?.(moment)
    if (key) server.adminLine(key)
  }

  function reply(issuer: Issuer, ...lines: Component[]) {
    for (const line of lines) {
      if (stopped) return
      const prefixed = phrases.prefixed(line)
      if (issuer.type === 'player') {
        if (!server.isRunning()) log?.unsent(issuer.name, prefixed, clock.now())
        server.broadcastSystem(prefixed, { to: [issuer.name] })
      } else {
        // A task answers for itself; the rest is said by the console's own command.
        const thread = tasks.current()?.issuer === issuer ? 'worker-heavy' : 'TaskExecutor'
        log?.reply(prefixed, clock.now(), thread)
        onReply?.(prefixed)
      }
    }
  }

  function onStarted() {
    happen({ type: 'server_started', by: tasks.current()?.name === 'restore' ? 'restore' : 'other' })
  }

  function onStopped(how: 'gracefully' | 'abruptly') {
    happen({ type: 'server_stopped', code: how === 'gracefully' ? 0 : -9 })
  }

  function hear(name: string, text: string) {
    if (text !== prefix && !text.startsWith(`${prefix} `)) return
    const words = text.slice(prefix.length).trim()
    const [, verb = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(words) ?? []
    const back = /^(\d+)?(?: *(--confirm))?$/.exec(rest)
    const issuer = { type: 'player', name } as const
    if (verb === 'make') tasks.backUp(issuer, rest)
    else if (verb === 'back' && back) restore(name, back[1], back[2] !== undefined)
    else if (verb === 'confirm' && rest === '') confirm(name)
    else if (verb === 'abort' && rest === '') abort(name)
    else if (verb === 'show' && /^\d+$/.test(rest)) show(name, Number(rest))
    else if (verb === 'list' && rest === '')
      reply(issuer, ...replies.list(permanent().reverse(), clock.now()))
    else if (words === '') tell(name, ...replies.welcome())
    else tell(name, replies.unknownArgument(`${prefix} `, words))
  }

  /** As MCDR itself speaks: without `[PB]`. */
  function tell(name: string, ...lines: Component[]) {
    for (const line of lines) server.broadcastSystem(line, { to: [name] })
  }

  function permanent() {
    return backups.filter(({ tags }) => !tags.temporary)
  }

  function wanted(id: number | undefined) {
    return id === undefined ? permanent().at(-1) : backups.find(known => known.id === id)
  }

  function restore(name: string, id: string | undefined, confirmed: boolean) {
    const issuer = { type: 'player', name } as const
    if (!may(name)) return tell(name, replies.permissionDenied('back'))
    const backup = wanted(id === undefined ? undefined : Number(id))
    if (!backup) return reply(issuer, id === undefined ? replies.noBackup() : replies.notFound(Number(id)))
    tasks.restore(issuer, backup, confirmed)
    return undefined
  }

  /** A task is its issuer's own; others need the permission. */
  function mayEnd({ issuer }: Task, name: string) {
    return may(name) || (issuer.type === 'player' && issuer.name === name)
  }

  function confirm(name: string) {
    const issuer = { type: 'player', name } as const
    const task = tasks.current()
    if (!task?.confirm) return reply(issuer, replies.nothingToConfirm())
    if (!mayEnd(task, name)) return reply(issuer, replies.notYourTask())
    reply(issuer, replies.confirming())
    return task.confirm()
  }

  function abort(name: string) {
    const issuer = { type: 'player', name } as const
    const task = tasks.current()
    if (!task) return reply(issuer, replies.nothingToAbort())
    if (!mayEnd(task, name)) return reply(issuer, replies.mayNotAbort())
    if (!task.abortable) return reply(issuer, replies.notAbortable(task.name))
    reply(issuer, replies.aborting(task.name))
    return tasks.abort()
  }

  function show(name: string, id: number) {
    const backup = wanted(id)
    const lines = backup ? replies.show(backup, clock.now()) : [replies.notFound(id)]
    reply({ type: 'player', name }, ...lines)
  }

  return {
    /** What the database would hold, the oldest first. */
    backups,
    isBusy: () => tasks.current() !== undefined,
    /** Resolves when the task that runs now has ended. */
    async settled(): Promise<void> {
      await tasks.settled()
    },
    /** The next task that this can befall goes wrong so; several queue up. */
    failNext: (fault: Fault) => tasks.failNext(fault),
    async consoleMake(comment = ''): Promise<void> {
      await tasks.backUp({ type: 'console' }, comment)
    },
    /** Confirmed at once; the latest backup without an id. */
    async consoleBack(id?: number): Promise<void> {
      const backup = wanted(id)
      if (backup) await tasks.restore({ type: 'console' }, backup, true)
    },
    /** The scheduled job fires now. */
    async runScheduled({ fail }: { fail?: Fault } = {}): Promise<void> {
      happen({ type: 'schedule_triggered' })
      const ongoing = tasks.current()
      if (ongoing) return happen({ type: 'schedule_skipped', ongoing: ongoing.name })
      if (fail) tasks.failFirst(fail)
      const outcome = await tasks.backUp({ type: 'schedule' }, '__pb_translated__:scheduled_backup')
      // "Completed" also after a timeout or an abort (trap 1).
      const nextAt = clock.now() + timings.scheduleMs
      happen({ type: 'schedule_ended', withError: outcome === 'raised', nextAt })
    },
    /** Makes the files of log and database, and throws where it can't. Idempotent. */
    start() {
      if (stopped || listening) return
      listening = true
      if (options.database !== undefined) database = createPrimeBackupDatabase(options.database)
      if (options.mcdrLog !== undefined) log = createMcdrLog({ file: options.mcdrLog, phrases })
      server.events.on('chat', hear).on('started', onStarted).on('stopped', onStopped)
      // MCDR's log begins with the start of the server.
      if (server.isRunning()) log?.moment({ type: 'server_started', by: 'other' }, clock.now())
    },
    /** For good: ends what runs without another word, and resolves when nothing is left. Idempotent. */
    async stop(): Promise<void> {
      stopped = true
      server.events.off('chat', hear).off('started', onStarted).off('stopped', onStopped)
      await tasks.stop()
      log?.close()
      database?.close()
      database = undefined
    },
  }
}
