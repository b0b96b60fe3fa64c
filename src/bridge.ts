/**
 * The bridge in one sentence: source → observe → lifecycle → delivery → report.
 * The only place that knows the order of the stages.
 */
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { createNotifyCommand } from './command/notify.ts'
import { compilePattern } from './command/permission.ts'
import { createReplier } from './command/reply.ts'
import type { Config, ServerConfig } from './config.ts'
import { type AttemptReport, createDispatcher, type Dispatcher } from './delivery/dispatcher.ts'
import { resolveEndpoints } from './delivery/endpoint.ts'
import { createHttp, type Http } from './delivery/http.ts'
import type { LifecycleEvent } from './event.ts'
import type { Log } from './log.ts'
import { manifest } from './manifest.ts'
import type { Fact } from './observation.ts'
import { observeChat, readCommand } from './observe.ts'
import { createBot } from './source/bot.ts'
import type { ChatMessage } from './source/chat.ts'
import { createTracker } from './tracker.ts'

export const USER_AGENT = `${manifest.id}/${manifest.version}`

/** How long deliveries under way may take when the bridge stops; the whole stop takes less than 5 s. */
const DRAIN_MS = 3_000

export type Bridge = {
  /** Returns at once; the bots join when they can. */
  start(): void
  /** Idempotent. Resolves when nothing of the bridge is left. */
  stop(): Promise<void>
}

export type BridgeDeps = {
  clock: Clock
  log: Log
  random(): number
  /** Sees each event as it is handed to delivery. */
  onEvent?(event: LifecycleEvent): void
  onOutcome?(report: AttemptReport): void
}

export function createBridge(config: Config, deps: BridgeDeps): Bridge {
  const { log, clock } = deps
  const { endpoints, warnings } = resolveEndpoints(config.notification)
  const http = createHttp({ userAgent: USER_AGENT, clock })
  const dispatcher = createDispatcher({
    endpoints,
    http,
    clock,
    plugin: { id: manifest.id, version: manifest.version },
    log,
    ...(deps.onOutcome && { onOutcome: deps.onOutcome }),
  })
  const enabled = endpoints.some(endpoint => endpoint.enabled)
  const watches = config.servers.map(server => createWatch(server, config, { ...deps, dispatcher, enabled }))
  let stopping: Promise<void> | undefined

  return {
    start: () => {
      for (const warning of warnings) log.warn({}, warning)
      if (!enabled)
        log.warn({}, 'no notification will be sent: notification.enabled is false, or no endpoint is enabled')
      for (const watch of watches) watch.start()
    },
    stop: () => {
      stopping ??= stopAll(watches, dispatcher, http)
      return stopping
    },
  }
}

async function stopAll(watches: Watch[], dispatcher: Dispatcher, http: Http) {
  await Promise.all(watches.map(watch => watch.stop()))
  await dispatcher.stop(DRAIN_MS)
  await http.close()
}

type Watch = { start(): void; stop(): Promise<void> }

/** One server: its bot, its lifecycle, its commands. */
function createWatch(
  server: ServerConfig,
  config: Config,
  deps: BridgeDeps & { dispatcher: Dispatcher; enabled: boolean },
): Watch {
  const { clock, dispatcher } = deps
  const log = named(deps.log, server.name)
  const rules = {
    prefix: server.commands.prefix,
    chatPatterns: server.commands.chatPatterns.map(compilePattern),
  }

  const tracker = createTracker(server.name, server.lifecycle, clock, event => {
    log.info({ event: event.id, ...(event.message && { message: event.message }) }, wordsOf(event))
    deps.onEvent?.(event)
    dispatcher.dispatch(event)
  })

  const bot = createBot(
    { minecraft: server.minecraft, tokenDir: join(config.state.dir, 'tokens') },
    { clock, log, random: deps.random, isUrgent: tracker.awaitsRestore },
    {
      fact: (fact: Fact) => tracker.take(fact),
      message: (message: ChatMessage) => {
        replier.hear(message)
        if (message.sender?.uuid !== undefined && message.sender.uuid === bot.play()?.uuid) return
        const fact = observeChat(message, rules)
        if (fact) tracker.take(fact)
        const command = readCommand(message, rules)
        if (command) notify.hear(command)
      },
    },
  )

  const replier = createReplier(server.commands.reply, bot.play, { clock, log })
  const notify = createNotifyCommand(
    {
      server: server.name,
      commands: server.commands,
      language: config.notification.language,
      enabled: deps.enabled,
      manifest,
    },
    { dispatcher, clock, log, send: replier.send },
  )

  return {
    start: bot.start,
    stop: async () => {
      replier.stop()
      tracker.stop()
      await bot.stop()
    },
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
