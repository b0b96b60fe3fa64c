/**
 * The bridge in one sentence: source → observe → lifecycle → outbox → delivery → report.
 * The only place that knows the order of the stages.
 */
import type { Clock } from './clock.ts'
import type { Muting } from './command/notify.ts'
import type { Config, ServerConfig } from './config.ts'
import { createAttempt } from './delivery/attempt.ts'
import { type Endpoint, resolveEndpoints } from './delivery/endpoint.ts'
import { createHttp } from './delivery/http.ts'
import { recipientsOf } from './delivery/recipient.ts'
import { createTester } from './delivery/tester.ts'
import { createWorker } from './delivery/worker.ts'
import { NOTICE } from './event.ts'
import type { Log } from './log.ts'
import { manifest } from './manifest.ts'
import { createNotices, type Notices } from './notices.ts'
import type { StoreNews } from './outbox/open.ts'
import { createOutbox, type Outbox, type OutboxNews, type OutboxOptions } from './outbox/outbox.ts'
import type { Store } from './outbox/store.ts'
import { createGate } from './source/gate.ts'
import { createWatch, type Watch } from './watch.ts'

export const USER_AGENT = `${manifest.id}/${manifest.version}`
export const PLUGIN = { id: manifest.id, version: manifest.version }

/** How long deliveries under way may take when the bridge stops; the whole stop takes less than 5 s. */
const DRAIN_MS = 3_000

export type Bridge = {
  /** Returns at once; the bots join when they can. */
  start(): void
  /**
   * Goes on by another config: what is the same in both is not touched. Answers what was added, changed or removed, one
   * line each. `state.dir` must be the same.
   */
  reload(config: Config): Promise<string[]>
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

export function createBridge(initial: Config, deps: BridgeDeps): Bridge {
  const { log, clock, store, random } = deps
  let config = initial
  let { endpoints, warnings } = resolveEndpoints(config.notification)
  const enabled = () => endpoints.filter(endpoint => endpoint.enabled)
  const http = createHttp({ userAgent: USER_AGENT, clock })
  const attempt = createAttempt({ http, clock })
  const worker = createWorker({
    endpoints: enabled(),
    outbox: () => outbox,
    attempt,
    clock,
    plugin: PLUGIN,
    log,
  })
  const tester = createTester({ endpoints, attempt, clock, plugin: PLUGIN, log })
  const outboxOptions = (): OutboxOptions => ({
    recipients: recipientsOf(endpoints),
    startExpiryMs: config.notification.startExpiry,
  })
  const outbox: Outbox = createOutbox(outboxOptions(), {
    store,
    clock,
    log,
    random,
    onNews: news => raiseNews(notices, news),
    onWork: worker.wake,
  })
  store.salvageWith(() => [
    ...outbox.activeRows(),
    ...[...watches.values()].flatMap(({ watch }) => watch.stateRows()),
  ])
  const notices = createNotices(clock, event => {
    log.warn({ code: event.notice?.code }, event.notice?.text.en_us ?? '')
    void outbox.accept([event])
    for (const { watch } of watches.values()) watch.announce(event)
  })
  /** What the operators of one server may mute: the endpoints that hear of it, and can wait. */
  function mutingOf(server: string): Muting {
    const mutable = () =>
      enabled().filter(({ provider, servers }) => !provider.promptly && (servers?.includes(server) ?? true))
    return {
      known: () => mutable().map(({ key }) => key),
      mute: (endpoint, until) => {
        const muted = new Set(deliveries().muted.map(one => one.endpoint))
        const changed = mutable()
          .filter(({ key, notices }) => {
            if (endpoint !== undefined) return key === endpoint
            // Without a name it is for those that people read; machines wait for their events.
            return until === null ? muted.has(key) : notices
          })
          .map(({ key }) => key)
        for (const key of changed) void outbox.mute(key, until)
        return changed
      },
    }
  }

  function deliveries() {
    const lanes = outbox.status()
    return {
      waiting: lanes.reduce((sum, { active }) => sum + active, 0),
      dead: countDead(),
      paused: lanes.filter(({ pausedAt }) => pausedAt !== null).map(({ endpoint }) => endpoint),
      muted: lanes.flatMap(({ endpoint, mutedUntil }) =>
        mutedUntil === null ? [] : [{ endpoint, until: mutedUntil }],
      ),
    }
  }

  function countDead(): number {
    try {
      const row = store.read(database =>
        database.prepare("SELECT count(*) AS dead FROM delivery WHERE state = 'dead'").get(),
      )
      return Number(row?.dead ?? 0)
    } catch {
      return 0
    }
  }

  const gate = createGate(clock)
  /** By name; `print` changes with all that the watch goes by. */
  const watches = new Map<string, { watch: Watch; print: string }>()
  for (const server of config.servers) addWatch(server)
  let stopping: Promise<void> | undefined

  function addWatch(server: ServerConfig): Watch {
    const watch = createWatch(server, config, {
      ...deps,
      tester,
      outbox,
      enabled: () => enabled().length > 0,
      gate,
      muting: mutingOf(server.name),
      deliveries,
      raise: (code, ...values) => notices.raise(code, server.name, ...values),
    })
    watches.set(server.name, { watch, print: printOf(server, config) })
    return watch
  }

  function sayWarnings() {
    for (const warning of warnings) log.warn({}, warning)
    if (enabled().length === 0)
      log.warn({}, 'no notification will be sent: notification.enabled is false, or no endpoint is enabled')
  }

  async function reload(next: Config): Promise<string[]> {
    const before = endpoints
    config = next
    ;({ endpoints, warnings } = resolveEndpoints(config.notification))
    const changes = changesOf('endpoint', printsOf(before), printsOf(endpoints))
    outbox.update(outboxOptions())
    worker.update(enabled())
    tester.update(endpoints)
    for (const { key } of enabled()) worker.wake(key)
    const running = new Map([...watches].map(([name, { print }]) => [name, print]))
    const wanted = new Map(config.servers.map(server => [server.name, printOf(server, config)]))
    changes.push(...changesOf('server', running, wanted))
    const leaving = [...watches].filter(([name, { print }]) => wanted.get(name) !== print)
    await Promise.all(
      leaving.map(([name, { watch }]) => {
        watches.delete(name)
        return watch.stop()
      }),
    )
    // What they left is where their successors begin.
    store.flush()
    if (stopping) return changes
    for (const server of config.servers) if (!watches.has(server.name)) addWatch(server).start()
    if (changes.length > 0) sayWarnings()
    return changes
  }

  async function stopAll() {
    notices.stop()
    await Promise.all([...[...watches.values()].map(({ watch }) => watch.stop()), tester.stop()])
    await worker.stop(DRAIN_MS)
    await http.close()
    store.flush()
  }

  return {
    outbox,
    start: () => {
      sayWarnings()
      outbox.load()
      for (const { watch } of watches.values()) watch.start()
    },
    reload,
    stop: () => {
      stopping ??= stopAll()
      return stopping
    },
    storeNews: news => {
      if (news.type === 'health' && !news.health.atRisk) {
        outbox.load()
        for (const { watch } of watches.values()) watch.adoptState()
      }
      raiseStoreNews(notices, news)
    },
  }
}

function printOf(server: ServerConfig, { notification, state }: Config): string {
  return JSON.stringify([server, notification.language, state.dir])
}

function printsOf(endpoints: readonly Endpoint[]): Map<string, string> {
  return new Map(
    endpoints.map(endpoint => [
      endpoint.key,
      JSON.stringify({ ...endpoint, provider: endpoint.provider.type }),
    ]),
  )
}

/** `server creative: added`, in the words of who reads what a reload did. */
function changesOf(kind: string, before: Map<string, string>, after: Map<string, string>): string[] {
  const gone = [...before.keys()].filter(name => !after.has(name)).map(name => `${kind} ${name}: removed`)
  const changed = [...after].flatMap(([name, print]) => {
    const was = before.get(name)
    if (was === print) return []
    return [`${kind} ${name}: ${was === undefined ? 'added' : 'changed'}`]
  })
  return [...gone, ...changed]
}

function raiseNews(notices: Notices, news: OutboxNews) {
  switch (news.type) {
    case 'paused':
      return notices.raise('endpoint_paused', news.endpoint, news.endpoint, news.reason, news.endpoint)
    case 'resumed':
      return notices.raise('endpoint_resumed', news.endpoint, news.endpoint)
    case 'dead': {
      const { endpoint, event, code, id, reason, why } = news.delivery
      // A notice of a notice that could not be delivered would have no end; a digest stands for events.
      if (event === NOTICE && code !== 'digest') return undefined
      return notices.raise('dead_letter', endpoint, code ?? event, endpoint, reason?.text ?? why ?? '', id)
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
