/** One server: its sources (bot, log), its lifecycle, its commands. */
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { createNotifyCommand, type Muting } from './command/notify.ts'
import { compilePattern } from './command/permission.ts'
import { createReplier } from './command/reply.ts'
import { createRoster } from './command/roster.ts'
import type { Status } from './command/status.ts'
import { createUnheard } from './command/unheard.ts'
import type { Config, ServerConfig } from './config.ts'
import type { Tester } from './delivery/tester.ts'
import { withDetails } from './details.ts'
import { formatDuration } from './duration.ts'
import type { LifecycleEvent } from './event.ts'
import { createFollow } from './follow.ts'
import { type LifecycleState, restWindow } from './lifecycle.ts'
import type { Log } from './log.ts'
import { manifest } from './manifest.ts'
import type { NoticeCode } from './notices.ts'
import { observeChat, readCommand } from './observe.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Row, Store } from './outbox/store.ts'
import { createDetails } from './primebackup/database.ts'
import { createRest } from './rest.ts'
import { createShow, SHOW_PATIENCE_MS } from './show.ts'
import { createSight } from './sight.ts'
import { createBot, resolveAddress } from './source/bot.ts'
import type { ChatMessage } from './source/chat.ts'
import type { Gate } from './source/gate.ts'
import { ping } from './source/ping.ts'
import { readPosition, readStored } from './stored.ts'
import { createTracker } from './tracker.ts'

export type Watch = {
  start(): void
  stop(): Promise<void>
  /** The lifecycle's state as it was last stored, and how far the log was read for it. */
  stateRows(): Row[]
  /** Takes up what an earlier run left, where the store could not be read at the start. */
  adoptState(): void
  /** Tells a notice in chat, once, to the first operator who is seen there. */
  announce(event: LifecycleEvent): void
}

export type WatchDeps = {
  store: Store
  clock: Clock
  log: Log
  random(): number
  tester: Tester
  outbox: Outbox
  /** An endpoint is enabled. */
  enabled(): boolean
  /** Of all bots. */
  gate: Gate
  muting: Muting
  /** How the deliveries to all endpoints stand. */
  deliveries(): Pick<Status, 'waiting' | 'dead' | 'paused' | 'muted'>
  /** A notice about this server. */
  raise(code: NoticeCode, ...values: string[]): void
}

const PING_TIMEOUT_MS = 5_000

export function createWatch(server: ServerConfig, config: Config, deps: WatchDeps): Watch {
  const { clock, tester, outbox, store, raise } = deps
  const { minecraft, mcdr, primeBackup, timeZone } = server
  const { language } = config.notification
  // Where Prime Backup's own config decides, it is asked when that matters (`rest.ts`).
  const restWhenEmpty = server.watch.restWhenEmpty ?? primeBackup.config !== undefined
  const lifecycle = { ...server.lifecycle, watch: { ...server.watch, restWhenEmpty } }
  const log = named(deps.log, server.name)
  const rules = {
    prefix: server.commands.prefix,
    chatPatterns: server.commands.chatPatterns.map(compilePattern),
    ...(timeZone !== undefined && { timeZone }),
  }
  let stateRow: Row | undefined
  let adopted = false
  let stopped = false
  let leader: LifecycleState['lead']['by'] | undefined
  let cancelReturn = () => {}

  const details =
    primeBackup.database === undefined
      ? undefined
      : createDetails(
          { file: primeBackup.database, ...(timeZone !== undefined && { timeZone }) },
          {
            clock,
            onTrouble: trouble => {
              if (!trouble) return log.info({}, "Prime Backup's database can be read again")
              raise('database_unreadable', server.name, trouble.reason)
            },
          },
        )

  const follow =
    mcdr &&
    createFollow(
      {
        server: server.name,
        file: mcdr.log,
        pollMs: mcdr.pollInterval,
        timeZone,
        lifecycle,
      },
      {
        clock,
        log,
        take: observations => tracker.takeLog(observations),
        advance: () => tracker.advance(),
        store: row => {
          if (adopted) void store.put([row])
        },
        raise,
      },
    )

  const tracker = createTracker(server.name, lifecycle, {
    clock,
    log: follow !== undefined,
    seenUpTo: () => (follow && tracker.state().lead.by === 'log' ? follow.seenUpTo() : clock.now()),
    ...(details && {
      newestSince: (sinceMs: number) => {
        const found = details.newestSince(sinceMs)
        return found?.backup.id === undefined
          ? undefined
          : { type: 'backup_found', backup: { ...found.backup, id: found.backup.id } }
      },
    }),
    commit,
  })

  async function commit(lean: readonly LifecycleEvent[], state: LifecycleState) {
    adoptState()
    const events = details ? lean.map(event => withDetails(event, details.find)) : lean
    for (const event of events)
      log.info({ event: event.id, ...(event.message && { message: event.message }) }, wordsOf(event))
    tellLeader(state)
    rest.expect(restWindow(state))
    sight.look()
    awaitReturn(events, state)
    stateRow = { table: 'state', server: server.name, body: JSON.stringify(state) }
    const holdMs = events.some(askMore) ? SHOW_PATIENCE_MS : 0
    // A state that has not been read yet must not be written over.
    await outbox.accept(events, adopted ? stateRows() : [], { holdMs })
  }

  /** Lets Prime Backup itself say more of an event's backup; true where it is asked. */
  function askMore(event: LifecycleEvent): boolean {
    if (!primeBackup.show || details || event.name === 'restore_failure') return false
    return show.ask(event, told => void outbox.amend(told))
  }

  const show = createShow({
    clock,
    prefix: server.commands.prefix,
    type: text => {
      const own = play()
      own?.chat(text)
      return own !== undefined
    },
  })

  function stateRows(): Row[] {
    const position = follow?.row()
    return [...(stateRow ? [stateRow] : []), ...(position ? [position] : [])]
  }

  function tellLeader({ lead }: LifecycleState) {
    if (!mcdr || !minecraft || lead.by === leader) return
    if (leader !== undefined && lead.by === 'chat') {
      log.warn({}, 'chat is believed from here on, until the log can be read again')
      if (lead.lostAt === null) raise('log_silent', server.name, mcdr.log)
    } else if (leader !== undefined) log.info({}, 'the log is believed from here on')
    leader = lead.by
  }

  /** After a restore that the log has seen to its end, the bot should be back when the server is. */
  function awaitReturn(events: readonly LifecycleEvent[], { lead }: LifecycleState) {
    const done = events.some(({ name, extra }) => name === 'restore_success' && extra?.server === 'starting')
    if (!bot || lead.by !== 'log' || !done) return
    const patienceMs = server.lifecycle.restoreDeadline
    cancelReturn()
    cancelReturn = clock.after(patienceMs, () => {
      if (bot.play() || stopped) return
      log.warn(
        {},
        `the restore is done, but the bot has not come back for ${formatDuration(patienceMs)}; see whether the server has started`,
      )
    })
  }

  const bot =
    minecraft &&
    createBot(
      { minecraft, tokenDir: join(config.state.dir, 'tokens') },
      { clock, log, gate: deps.gate, random: deps.random, isUrgent: () => tracker.state().restore !== null },
      {
        fact: fact => {
          tracker.take(fact)
          sight.look()
        },
        message: hear,
      },
    )
  const play = () => bot?.play()

  const sight = createSight(
    () => {
      const { answering, processRuns } = tracker.state()
      return {
        plays: play() !== undefined,
        answers: answering,
        logReadable: follow?.isReadable() === true,
        processRuns,
      }
    },
    {
      clock,
      raise: code => {
        if (!stopped && server.watch.blind) raise(code, server.name)
      },
    },
  )

  const rest = createRest(
    { restWhenEmpty: server.watch.restWhenEmpty, file: primeBackup.config },
    {
      clock,
      log,
      players: async () => {
        if (!minecraft) return undefined
        try {
          const address = await resolveAddress(minecraft.host, minecraft.port)
          const { online } = await ping(address, { timeoutMs: PING_TIMEOUT_MS, clock })
          return online === undefined ? undefined : online - (play() ? 1 : 0)
        } catch {
          return undefined
        }
      },
      awake: (awake, anew) => tracker.take({ type: 'schedule_awake', awake, anew }),
    },
  )

  function hear(message: ChatMessage) {
    replier.hear(message)
    show.hear(message)
    const own = play()
    if (message.sender?.uuid !== undefined && message.sender.uuid === own?.uuid) return
    unheard.hear(message)
    const fact = observeChat(message, rules, clock.now())
    if (fact) tracker.take(fact)
    const command = readCommand(message, rules)
    if (command) notify.hear(command)
  }

  function adoptState() {
    if (adopted) return
    const stored = readState()
    if (!adopted) return
    tracker.adopt(stored)
    if (!stopped) follow?.start(readPosition(store, server.name))
  }

  function readState(): LifecycleState | undefined {
    const found = readStored(store, server.name, { clock, log })
    adopted ||= found !== undefined
    return found?.state
  }

  function status(): Status {
    const { backup, restore, lastSuccessAt, streaks, schedule } = tracker.state()
    return {
      ...(bot && { bot: play() ? 'in' : 'out' }),
      ...(follow && { log: follow.isReadable() ? 'read' : 'unreadable' }),
      ...(restore ? { running: 'restore' } : backup && { running: 'backup' }),
      lastSuccessAt,
      failures: streaks.backup?.failures ?? 0,
      schedule,
      ...deps.deliveries(),
    }
  }

  const replier = createReplier(server.commands.reply, play, { clock, log })
  const roster = createRoster(server.commands, { log })
  const unheard = createUnheard(language, roster, replier.send)
  const notify = createNotifyCommand(
    { server: server.name, commands: server.commands, language, enabled: deps.enabled, manifest },
    { tester, roster, clock, log, send: replier.send, status, muting: deps.muting },
  )

  return {
    start: () => {
      tracker.start(readState())
      rest.expect(restWindow(tracker.state()))
      leader = tracker.state().lead.by
      // A wrong path is better said now than after the next backup.
      details?.find(0)
      // Where the store can't be read, the log waits: it keeps what it has, and its position is in the store.
      if (adopted) follow?.start(readPosition(store, server.name))
      bot?.start()
    },
    stop: async () => {
      stopped = true
      cancelReturn()
      sight.stop()
      rest.stop()
      show.stop()
      replier.stop()
      await follow?.stop()
      tracker.stop()
      await bot?.stop()
    },
    stateRows: () => (adopted ? stateRows() : []),
    adoptState,
    announce: unheard.add,
  }
}

function wordsOf(event: LifecycleEvent): string {
  const id = event.backup?.id === undefined ? '' : ` #${event.backup.id}`
  return `${event.name}${id}${event.message ? ` (${event.message})` : ''}`
}

/** The same log with the server's name in each line. */
function named(log: Log, server: string): Log {
  return {
    debug: (fields, message) => log.debug({ server, ...fields }, message),
    info: (fields, message) => log.info({ server, ...fields }, message),
    warn: (fields, message) => log.warn({ server, ...fields }, message),
    error: (fields, message) => log.error({ server, ...fields }, message),
  }
}
