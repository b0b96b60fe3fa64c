/**
 * The bridge in one sentence: source → observe → lifecycle → outbox → delivery → report.
 * The only place that knows the order of the stages.
 */
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { createNotifyCommand } from './command/notify.ts'
import { compilePattern } from './command/permission.ts'
import { createReplier } from './command/reply.ts'
import { createRoster } from './command/roster.ts'
import type { Config, ServerConfig } from './config.ts'
import { createAttempt } from './delivery/attempt.ts'
import { resolveEndpoints } from './delivery/endpoint.ts'
import { createHttp } from './delivery/http.ts'
import { recipientsOf } from './delivery/recipient.ts'
import { createTester, type Tester } from './delivery/tester.ts'
import { createWorker } from './delivery/worker.ts'
import type { LifecycleEvent } from './event.ts'
import { type LifecycleState, parseState } from './lifecycle.ts'
import type { Log } from './log.ts'
import { manifest } from './manifest.ts'
import { createNotices, type Notices } from './notices.ts'
import { observeChat, readCommand } from './observe.ts'
import { oneError } from './outbox/error.ts'
import type { StoreNews } from './outbox/open.ts'
import { createOutbox, type Outbox, type OutboxNews } from './outbox/outbox.ts'
import type { Row, Store } from './outbox/store.ts'
import { createBot } from './source/bot.ts'
import type { ChatMessage } from './source/chat.ts'
import { textOf } from './source/component.ts'
import { createTracker } from './tracker.ts'

export const USER_AGENT = `${manifest.id}/${manifest.version}`
export const PLUGIN = { id: manifest.id, version: manifest.version }

/** How long deliveries under way may take when the bridge stops; the whole stop takes less than 5 s. */
const DRAIN_MS = 3_000

export type Bridge = {
  /** Returns at once; the bots join when they can. */
  start(): void
  /** Idempotent. Resolves when nothing of the bridge is left; what was not delivered stays in the store. */
  stop(): Promise<void>
  outbox: Outbox
  /** What the store has to say, for people to hear. */
  storeNews(news: StoreNews): void
}

export type BridgeDeps = {
  /** Closed by whoever opened it, after `stop`. */
  store: Store
  clock: Clock
  log: Log
  random(): number
}

export function createBridge(config: Config, deps: BridgeDeps): Bridge {
  const { log, clock, store, random } = deps
  const { endpoints, warnings } = resolveEndpoints(config.notification)
  const enabled = endpoints.filter(endpoint => endpoint.enabled)
  const http = createHttp({ userAgent: USER_AGENT, clock })
  const attempt = createAttempt({ http, clock })
  const worker = createWorker({
    endpoints: enabled,
    outbox: () => outbox,
    attempt,
    clock,
    plugin: PLUGIN,
    log,
  })
  const tester = createTester({ endpoints, attempt, clock, plugin: PLUGIN, log })
  const outbox: Outbox = createOutbox(
    {
      recipients: recipientsOf(endpoints),
      startExpiryMs: config.notification.startExpiry,
    },
    { store, clock, log, random, onNews: news => raiseNews(notices, news), onWork: worker.wake },
  )
  store.salvageWith(() => [...outbox.activeRows(), ...watches.flatMap(watch => watch.stateRows())])
  const notices = createNotices(clock, event => {
    log.warn({ code: event.notice?.code }, event.notice?.text.en_us ?? '')
    void outbox.accept([event])
    for (const watch of watches) watch.announce(event)
  })
  const watches = config.servers.map(server =>
    createWatch(server, config, { ...deps, tester, outbox, enabled: enabled.length > 0 }),
  )
  let stopping: Promise<void> | undefined

  async function stopAll() {
    notices.stop()
    await Promise.all([...watches.map(watch => watch.stop()), tester.stop()])
    await worker.stop(DRAIN_MS)
    await http.close()
    store.flush()
  }

  return {
    outbox,
    start: () => {
      for (const warning of warnings) log.warn({}, warning)
      if (enabled.length === 0)
        log.warn({}, 'no notification will be sent: notification.enabled is false, or no endpoint is enabled')
      outbox.load()
      for (const watch of watches) watch.start()
    },
    stop: () => {
      stopping ??= stopAll()
      return stopping
    },
    storeNews: news => {
      if (news.type === 'health' && !news.health.atRisk) {
        outbox.load()
        for (const watch of watches) watch.adoptState()
      }
      raiseStoreNews(notices, news)
    },
  }
}

function raiseNews(notices: Notices, news: OutboxNews) {
  switch (news.type) {
    case 'paused':
      return notices.raise('endpoint_paused', news.endpoint, news.endpoint, news.reason, news.endpoint)
    case 'resumed':
      return notices.raise('endpoint_resumed', news.endpoint, news.endpoint)
    case 'dead': {
      const { endpoint, event, id, reason, why } = news.delivery
      // A notice of a notice that could not be delivered would have no end.
      if (event === 'bridge_notice') return undefined
      return notices.raise('dead_letter', endpoint, event, endpoint, reason?.text ?? why ?? '', id)
    }
    default:
      return news satisfies never
  }
}

function raiseStoreNews(notices: Notices, news: StoreNews) {
  switch (news.type) {
    case 'health':
      if (news.health.atRisk) notices.raise('store_at_risk', '', news.health.reason)
      else notices.raise('store_recovered', '')
      return undefined
    case 'moved_aside':
      return notices.raise('store_corrupt', '', news.file)
    case 'forgotten':
      return notices.raise('store_forgot', '', String(news.rows))
    default:
      return news satisfies never
  }
}

type Watch = {
  start(): void
  stop(): Promise<void>
  /** The lifecycle's state as it was last stored. */
  stateRows(): Row[]
  /** Takes up what an earlier run left, where the store could not be read at the start. */
  adoptState(): void
  /** Tells a notice in chat, once, to the first operator who is seen there. */
  announce(event: LifecycleEvent): void
}

/** One server: its bot, its lifecycle, its commands. */
function createWatch(
  server: ServerConfig,
  config: Config,
  deps: BridgeDeps & { tester: Tester; outbox: Outbox; enabled: boolean },
): Watch {
  const { clock, tester, outbox, store } = deps
  const { language } = config.notification
  const log = named(deps.log, server.name)
  const rules = {
    prefix: server.commands.prefix,
    chatPatterns: server.commands.chatPatterns.map(compilePattern),
  }
  /** By code and what it is about, so that a trouble that goes on is told once. */
  const unheard = new Map<string, string>()

  let stateRow: Row | undefined
  let adopted = false
  const tracker = createTracker(server.name, server.lifecycle, clock, (events, state) => {
    adoptState()
    for (const event of events)
      log.info({ event: event.id, ...(event.message && { message: event.message }) }, wordsOf(event))
    stateRow = { table: 'state', server: server.name, body: JSON.stringify(state) }
    // A state that has not been read yet must not be written over.
    void outbox.accept(events, adopted ? [stateRow] : [])
  })

  const bot = createBot(
    { minecraft: server.minecraft, tokenDir: join(config.state.dir, 'tokens') },
    { clock, log, random: deps.random, isUrgent: tracker.awaitsRestore },
    { fact: tracker.take, message: hear },
  )

  function hear(message: ChatMessage) {
    replier.hear(message)
    const own = bot.play()
    if (message.sender?.uuid !== undefined && message.sender.uuid === own?.uuid) return
    tellUnheard(message)
    const fact = observeChat(message, rules)
    if (fact) tracker.take(fact)
    const command = readCommand(message, rules)
    if (command) notify.hear(command)
  }

  function tellUnheard(message: ChatMessage) {
    if (unheard.size === 0) return
    const player = playerOf(message)
    if (player?.name === undefined || !roster.allows(player)) return
    for (const text of unheard.values()) replier.send(player.name, { text, color: 'yellow' })
    unheard.clear()
  }

  function adoptState() {
    if (adopted) return
    const stored = readState()
    if (adopted) tracker.adopt(stored)
  }

  /** The state that an earlier run stored; an unreadable one is kept aside, and said. */
  function readState(): LifecycleState | undefined {
    let found: { body?: unknown } | undefined
    try {
      found = store.read(database => ({
        body: database.prepare('SELECT body FROM state WHERE server = ?').get(server.name)?.body,
      }))
    } catch (error) {
      log.error({}, `the stored state can't be read: ${oneError(error)}`)
    }
    if (!found) return undefined
    adopted = true
    if (found.body === undefined) return undefined
    const state = parseState(found.body)
    if (state) return state
    log.error({}, 'the stored state is unreadable; it is set aside, and the lifecycle begins anew')
    const aside = `${server.name} (unreadable since ${new Date(clock.now()).toISOString()})`
    void store.put([{ table: 'state', server: aside, body: String(found.body) }])
    return undefined
  }

  const replier = createReplier(server.commands.reply, bot.play, { clock, log })
  const roster = createRoster(server.commands, { log })
  const notify = createNotifyCommand(
    { server: server.name, commands: server.commands, language, enabled: deps.enabled, manifest },
    { tester, roster, clock, log, send: replier.send },
  )

  return {
    start: () => {
      tracker.start(readState())
      bot.start()
    },
    stop: async () => {
      replier.stop()
      tracker.stop()
      await bot.stop()
    },
    stateRows: () => (stateRow && adopted ? [stateRow] : []),
    adoptState,
    announce: ({ notice, extra }) => {
      if (notice) unheard.set(`${notice.code} ${String(extra?.about ?? '')}`, notice.text[language])
    },
  }
}

/** Who is there, as a message shows: whoever spoke, or has just joined. */
function playerOf({ kind, sender, component }: ChatMessage): ChatMessage['sender'] {
  if (kind === 'player') return sender
  const [name] = component.with
  return component.translate === 'multiplayer.player.joined' && name ? { name: textOf(name) } : undefined
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
