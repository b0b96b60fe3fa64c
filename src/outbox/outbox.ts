/**
 * The outbox: every event that was seen, and each of its deliveries, from the store's commit to its end. What is
 * active is in memory too; the disk has the same, or the store says that it is at risk.
 * Waiting goes by the monotonic clock, so that a jump of the wall clock neither loses nor bursts; what is shown, and
 * what a restart finds, goes by wall time.
 */
import type { Clock } from '../clock.ts'
import { type LifecycleEvent, statusOf } from '../event.ts'
import type { Log } from '../log.ts'
import type { Outcome } from '../outcome.ts'
import { attemptRow, type DeadReason, type Delivery, deliveryId, deliveryRow } from './delivery.ts'
import { oneError } from './error.ts'
import { afterTry, type EndpointHealth, probeInMs, soundHealth } from './health.ts'
import { heldUntil, partHeld } from './held.ts'
import { judgeTry, type RetryPolicy, type Verdict } from './retry.ts'
import { readDelivery, readEvent, readJson, strippedDelivery } from './row.ts'
import type { Row, Store } from './store.ts'

/** What the outbox must know of an endpoint. */
export type Recipient = {
  key: string
  /** Of all that decides where and how it sends. */
  fingerprint: string
  retry: RetryPolicy
  wants(event: LifecycleEvent): boolean
  /** Until when an event is kept back, epoch milliseconds; undefined where it may be told now. */
  quietUntil?(event: LifecycleEvent, now: number): number | undefined
  /** What was kept back, as one event; undefined where each is told by itself. */
  digest?(events: readonly LifecycleEvent[], now: number): LifecycleEvent
  /** What is told last of a task takes the place of what was told before. */
  inPlace?: boolean
}

/** What a person should hear of. */
export type OutboxNews =
  | { type: 'paused'; endpoint: string; reason: string }
  | { type: 'resumed'; endpoint: string }
  | { type: 'dead'; delivery: Delivery }

export type OutboxOptions = {
  recipients: readonly Recipient[]
  /** A start is worth nothing later than this. */
  startExpiryMs: number
}

export type OutboxDeps = {
  store: Store
  clock: Clock
  log: Log
  random(): number
  onNews(news: OutboxNews): void
  /** Something may be due now. */
  onWork(endpoint: string): void
}

/** An active delivery and its event. */
export type Entry = {
  delivery: Delivery
  event: LifecycleEvent
  /** Monotonic, as is the next. */
  dueAt: number
  expiresAt: number
}

type Lane = {
  recipient: Recipient
  health: EndpointHealth
  /** Monotonic: when one delivery is tried while the endpoint is paused. */
  probeDueAt: number
  /** Epoch milliseconds; null where nobody muted it. */
  mutedUntil: number | null
  /** The config has it no longer; it goes when nothing is being sent for it. */
  isLeaving?: true
  /** Waiting and sending, in order. */
  active: Map<string, Entry>
}

/** More than this are not kept active for one endpoint: the oldest starts are given up first, then the oldest. */
const MAX_ACTIVE = 10_000
/** When what an earlier run left could not be read. */
const RELOAD_MS = 60_000
/** Over how long the backlog of a receiver that is back is spread. */
const SPREAD_MS = 10_000
/** What was stored to be held longer than this was so by a clock that was wrong. */
const LONGEST_HELD_MS = 31 * 86_400_000
/** Of an answer's body, for a person who looks into a dead letter. */
const MAX_ANSWER_LENGTH = 2048

export type Outbox = ReturnType<typeof createOutbox>

export function createOutbox(options: OutboxOptions, deps: OutboxDeps) {
  const { store, clock, log, random, onNews, onWork } = deps
  const lanes = new Map<string, Lane>()
  let order = 0
  let loaded = false

  let startExpiryMs = options.startExpiryMs

  /**
   * From now on these are the recipients. What waits for one that is gone becomes a dead letter; one that sends
   * elsewhere, or otherwise, than before is no longer paused.
   */
  function update(next: OutboxOptions) {
    startExpiryMs = next.startExpiryMs
    const keys = new Set(next.recipients.map(({ key }) => key))
    for (const lane of lanes.values()) if (!keys.has(lane.recipient.key)) leave(lane)
    for (const recipient of next.recipients) {
      const lane = lanes.get(recipient.key)
      if (!lane) {
        const health = soundHealth(recipient.fingerprint)
        lanes.set(recipient.key, { recipient, health, probeDueAt: 0, mutedUntil: null, active: new Map() })
        continue
      }
      const isSame = lane.recipient.fingerprint === recipient.fingerprint
      lane.recipient = recipient
      delete lane.isLeaving
      if (!isSame) setHealth(lane, soundHealth(recipient.fingerprint))
      if (!isSame) void store.put([healthRow(lane), ...makeDue(lane, 0)])
    }
  }

  function leave(lane: Lane) {
    const { recipient, active } = lane
    lane.recipient = { ...recipient, wants: () => false }
    const waiting = [...active.values()].filter(({ delivery }) => delivery.state === 'waiting')
    for (const entry of waiting) end(entry, 'dead', 'removed')
    void store.put(waiting.map(({ delivery }) => deliveryRow(delivery)))
    // What is being sent has yet to tell what came of it.
    if (active.size === 0) lanes.delete(recipient.key)
    else lane.isLeaving = true
  }

  /** Takes up what an earlier run left, once; it may be called again where the store could not be read yet. What was being sent then counts as unknown and is sent again, first of all. */
  function load() {
    try {
      if (!loaded) loaded = loadOnce()
    } catch (error) {
      log.error({}, `what waits in the store can't be read: ${oneError(error)}`)
      clock.after(RELOAD_MS, load)
    }
    for (const key of lanes.keys()) onWork(key)
  }

  /** False while there is no database. What was accepted before there was one comes after what it has. */
  function loadOnce(): boolean {
    const found = store.read(database => {
      // `CASE`, because an unreadable body would make the whole query fail.
      const { top } =
        database
          .prepare("SELECT max(CASE WHEN json_valid(body) THEN body ->> '$.order' END) AS top FROM delivery")
          .get() ?? {}
      for (const row of database.prepare('SELECT key, body FROM endpoint').all()) loadHealth(row)
      const bodyOf = database.prepare('SELECT body FROM event WHERE id = ?')
      const rows = database.prepare("SELECT * FROM delivery WHERE state IN ('waiting', 'sending')").all()
      const entries = rows
        .filter(row => !lanes.get(String(row.endpoint))?.active.has(String(row.id)))
        .flatMap(row => adopt(row, bodyOf.get(String(row.event_id))?.body) ?? [])
      return { top: Number(top) || 0, entries: entries.sort((a, b) => a.delivery.order - b.delivery.order) }
    })
    if (!found) return false
    const newer = [...lanes.values()].flatMap(({ active }) => [...active.values()])
    for (const { delivery } of newer) delivery.order += found.top
    order += found.top
    for (const { active } of lanes.values()) active.clear()
    for (const entry of [...found.entries, ...newer]) {
      const { endpoint, id } = entry.delivery
      lanes.get(endpoint)?.active.set(id, entry)
    }
    if (newer.length > 0) void store.put(newer.map(({ delivery }) => deliveryRow(delivery)))
    return true
  }

  function loadHealth(row: Record<string, unknown>) {
    const lane = lanes.get(String(row.key))
    const health = readJson<EndpointHealth & { mutedUntil?: number | null }>(row.body)
    if (!lane || !health) return
    lane.mutedUntil = health.mutedUntil ?? null
    if (health.fingerprint === lane.recipient.fingerprint) setHealth(lane, health)
    else if (health.pausedAt !== null) {
      log.info({ endpoint: row.key }, `endpoint ${row.key} has changed in the config; it is no longer paused`)
      void store.put([healthRow(lane)])
    }
  }

  /** When a start is stale, by the clock that does not jump; never for all else. */
  function expiryOf(event: LifecycleEvent): number {
    if (statusOf(event.name) !== 'start') return Number.POSITIVE_INFINITY
    return clock.monotonic() + event.at + startExpiryMs - clock.now()
  }

  function setHealth(lane: Lane, health: EndpointHealth) {
    lane.health = health
    lane.probeDueAt = clock.monotonic() + probeInMs(health, clock.now())
  }

  function adopt(row: Record<string, unknown>, eventBody: unknown): Entry | undefined {
    const event = readEvent(eventBody)
    const delivery = readDelivery(row)
    if (!delivery || !event) {
      log.error(
        { delivery: row.id },
        `the delivery ${row.id} is unreadable; it is set aside as a dead letter`,
      )
      bury(delivery ?? strippedDelivery(row), 'unreadable')
      return undefined
    }
    const lane = lanes.get(delivery.endpoint)
    if (!lane) {
      log.warn(
        { delivery: delivery.id },
        `endpoint ${delivery.endpoint} is no longer in the config; its delivery of ${delivery.event} is kept as a dead letter`,
      )
      bury(delivery, 'removed')
      return undefined
    }
    const interrupted = delivery.state === 'sending'
    // It may have arrived: the next try says so to its provider.
    if (interrupted) delivery.carry = { ...(delivery.carry as object | undefined), doubtful: true }
    delivery.state = 'waiting'
    const longestMs = delivery.held ? LONGEST_HELD_MS : Math.max(0, ...lane.recipient.retry.delaysMs)
    const waitMs = interrupted ? 0 : Math.min(Math.max(0, delivery.dueAt - clock.now()), longestMs)
    return { delivery, event, dueAt: clock.monotonic() + waitMs, expiresAt: expiryOf(event) }
  }

  /** Stores events with their deliveries, and whatever rows belong to the same transaction; then they may be sent. */
  async function accept(
    events: readonly LifecycleEvent[],
    rows: readonly Row[] = [],
    { holdMs = 0 } = {},
  ): Promise<void> {
    const now = clock.now()
    const all: Row[] = [...rows]
    const wanted = new Set<string>()
    const entries: Entry[] = []
    for (const event of events) {
      all.push({ table: 'event', id: event.id, at: event.at, stored_at: now, body: JSON.stringify(event) })
      for (const { recipient, mutedUntil } of lanes.values()) {
        if (!recipient.wants(event)) continue
        const delivery = newDelivery(event, recipient.key, now, ++order)
        const until = heldUntil(recipient, mutedUntil, event, now)
        if (until !== undefined) {
          delivery.held = true
          delivery.dueAt = until
        }
        const dueAt = clock.monotonic() + Math.max(holdMs, delivery.dueAt - now)
        entries.push({ delivery, event, dueAt, expiresAt: expiryOf(event) })
        all.push(deliveryRow(delivery))
        wanted.add(recipient.key)
      }
    }
    const stored = store.put(all)
    for (const entry of entries) {
      const lane = lanes.get(entry.delivery.endpoint)
      lane?.active.set(entry.delivery.id, entry)
      if (lane && lane.active.size > MAX_ACTIVE) giveUpOldest(lane)
    }
    // What may be sent at once begins in this very turn: its intent shares the event's commit, and waits for it.
    for (const key of wanted) onWork(key)
    await stored
  }

  /** More is known of an event: what of its deliveries has not begun tells it, and need not be held any longer. */
  async function amend(event: LifecycleEvent): Promise<void> {
    const now = clock.now()
    const stored = store.put([
      { table: 'event', id: event.id, at: event.at, stored_at: now, body: JSON.stringify(event) },
    ])
    for (const [key, { active }] of lanes) {
      for (const entry of active.values()) {
        if (entry.event.id !== event.id || entry.delivery.attempts > 0) continue
        entry.event = event
        if (!entry.delivery.held) entry.dueAt = clock.monotonic()
      }
      onWork(key)
    }
    await stored
  }

  /** The next delivery of an endpoint that may begin now. */
  function next(endpoint: string): Entry | undefined {
    const lane = lanes.get(endpoint)
    if (!lane) return undefined
    release(lane)
    const { health, active } = lane
    const now = clock.monotonic()
    const busyTasks = tasksUnderWay(lane)
    if (health.pausedAt !== null) {
      if (busyTasks.size > 0 || lane.probeDueAt > now) return undefined
      return [...active.values()].find(entry => !expire(entry))
    }
    for (const entry of active.values()) {
      if (entry.dueAt <= now && !busyTasks.has(entry.delivery.taskId) && !expire(entry)) return entry
    }
    return undefined
  }

  /** What was held and need not be any longer becomes due: by itself, or as one digest. */
  function release(lane: Lane) {
    const { recipient, mutedUntil, active } = lane
    const now = clock.now()
    const over: Entry[] = []
    for (const entry of active.values()) {
      if (!entry.delivery.held || entry.dueAt > clock.monotonic()) continue
      const until = heldUntil(recipient, mutedUntil, entry.event, now)
      if (until === undefined) over.push(entry)
      else entry.dueAt = clock.monotonic() + until - now
    }
    if (over.length === 0) return
    const { alone, together, stale } = partHeld(over)
    for (const entry of stale) end(entry, 'expired')
    const single = recipient.digest ? alone : over.filter(entry => !stale.includes(entry))
    for (const { delivery } of single) delete delivery.held
    const rows = over.map(({ delivery }) => delivery)
    const digest = recipient.digest && together.length > 0 ? digestOf(lane, together) : []
    void store.put([...rows.map(deliveryRow), ...digest])
  }

  function digestOf(lane: Lane, entries: readonly Entry[]): Row[] {
    const now = clock.now()
    const event = lane.recipient.digest?.(
      entries.map(entry => entry.event),
      now,
    )
    if (!event) return []
    const delivery = newDelivery(event, lane.recipient.key, now, ++order)
    for (const entry of entries) {
      entry.delivery.digest = delivery.id
      end(entry, 'digested')
    }
    lane.active.set(delivery.id, {
      delivery,
      event,
      dueAt: clock.monotonic(),
      expiresAt: Number.POSITIVE_INFINITY,
    })
    return [
      { table: 'event', id: event.id, at: event.at, stored_at: now, body: JSON.stringify(event) },
      deliveryRow(delivery),
    ]
  }

  /** What is told of one task goes one after the other. */
  function tasksUnderWay({ active }: Lane): Set<string> {
    const sending = [...active.values()].filter(({ delivery }) => delivery.state === 'sending')
    return new Set(sending.map(({ delivery }) => delivery.taskId))
  }

  /** Milliseconds until `next` may have another answer; undefined where only a `finish` can change it. */
  function nextDueInMs(endpoint: string): number | undefined {
    const lane = lanes.get(endpoint)
    if (!lane) return undefined
    const busyTasks = tasksUnderWay(lane)
    const waiting = [...lane.active.values()].filter(({ delivery }) => delivery.state === 'waiting')
    if (lane.health.pausedAt !== null) {
      if (waiting.length === 0 || busyTasks.size > 0) return undefined
      return Math.max(0, lane.probeDueAt - clock.monotonic())
    }
    const free = waiting.filter(({ delivery }) => !busyTasks.has(delivery.taskId))
    if (free.length === 0) return undefined
    return Math.max(0, Math.min(...free.map(({ dueAt }) => dueAt)) - clock.monotonic())
  }

  /** Stores that a try begins; what comes of it is told by `finish`. */
  async function begin({ delivery }: Entry): Promise<void> {
    delivery.state = 'sending'
    delivery.attempts += 1
    await store.put([deliveryRow(delivery), attemptRow(delivery, clock.now())])
  }

  /** Stores what a try came to, and decides what is next. */
  async function finish(entry: Entry, outcome: Outcome, startedAt: number, tookMs: number): Promise<void> {
    const { delivery } = entry
    const lane = lanes.get(delivery.endpoint)
    if (!lane) return
    const record = {
      outcome: outcome.status,
      ...(outcome.status === 'delivered' && outcome.as && { as: outcome.as }),
      tookMs: Math.round(tookMs),
      ...(outcome.status !== 'delivered' && { code: outcome.reason.code, text: outcome.reason.text }),
    }
    const attempt = attemptRow(delivery, startedAt, record)
    if (outcome.status !== 'delivered') {
      const { code, text, answer } = outcome.reason
      delivery.reason = { code, text, ...(answer && { answer: answer.slice(0, MAX_ANSWER_LENGTH) }) }
    }
    if (outcome.status === 'retry') delivery.carry = outcome.carry
    if (outcome.status === 'retry' && outcome.reason.code === 'stopped') {
      // The bridge stops: that says nothing of the endpoint, and costs no try.
      delivery.attempts -= 1
      delivery.state = 'waiting'
      await store.put([deliveryRow(delivery)])
      return
    }
    const expiresInMs = entry.expiresAt - clock.monotonic()
    const { retry } = lane.recipient
    // Tries of a paused endpoint ask how it is; they don't use up those of the delivery that is sent for it.
    const isProbe = lane.health.pausedAt !== null && outcome.status === 'retry'
    const recovered = outcome.status === 'delivered' && lane.health.failingSince !== null
    const isLast = lane.isLeaving === true && outcome.status === 'retry'
    const verdict: Verdict = isLast
      ? { state: 'dead', why: 'removed' }
      : isProbe
        ? { state: 'waiting', afterMs: 0, stale: delivery.stale }
        : judgeTry(outcome, tookMs, delivery, retry, { expiresInMs, random: random() })
    if (isProbe) delivery.attempts -= 1
    updateHealth(lane, outcome)
    if (verdict.state === 'waiting') {
      delivery.state = 'waiting'
      delivery.stale = verdict.stale
      delivery.dueAt = clock.now() + verdict.afterMs
      entry.dueAt = clock.monotonic() + verdict.afterMs
    } else end(entry, verdict.state, verdict.state === 'dead' ? verdict.why : undefined)
    // What waits for its next try need not wait for a receiver that is back.
    const backlog = recovered ? makeDue(lane, SPREAD_MS) : []
    await store.put([deliveryRow(delivery), attempt, healthRow(lane), ...backlog, ...overtaken(lane, entry)])
    if (lane.isLeaving && lane.active.size === 0) lanes.delete(delivery.endpoint)
    onWork(delivery.endpoint)
  }

  /** Where the end of a task stands in the place of its start, a start that comes after it would hide it. */
  function overtaken({ recipient, active }: Lane, { delivery, event }: Entry): Row[] {
    if (!recipient.inPlace || delivery.state !== 'delivered' || statusOf(event.name) === 'start') return []
    const starts = [...active.values()].filter(
      other => other.event.taskId === event.taskId && statusOf(other.event.name) === 'start',
    )
    for (const start of starts) end(start, 'expired')
    return starts.map(start => deliveryRow(start.delivery))
  }

  /** Makes what waits due within `spreadMs`, so that it does not all come at once. */
  function makeDue(lane: Lane, spreadMs: number): Row[] {
    const waiting = [...lane.active.values()].filter(
      ({ delivery }) => delivery.state === 'waiting' && !delivery.held,
    )
    return waiting.map((entry, index) => {
      const waitMs = Math.round((spreadMs * index) / waiting.length)
      entry.dueAt = Math.min(entry.dueAt, clock.monotonic() + waitMs)
      entry.delivery.dueAt = Math.min(entry.delivery.dueAt, clock.now() + waitMs)
      return deliveryRow(entry.delivery)
    })
  }

  function updateHealth(lane: Lane, outcome: Outcome) {
    const { key } = lane.recipient
    const before = lane.health
    const health = afterTry(before, clock.now(), {
      delivered: outcome.status === 'delivered',
      ...(outcome.status !== 'delivered' && {
        gone: outcome.reason.code === 'http_gone',
        reason: outcome.reason.text,
      }),
    })
    setHealth(lane, health)
    if (before.pausedAt === null && lane.health.pausedAt !== null)
      onNews({ type: 'paused', endpoint: key, reason: lane.health.pausedFor ?? '' })
    if (before.pausedAt !== null && lane.health.pausedAt === null) onNews({ type: 'resumed', endpoint: key })
  }

  function healthRow({ recipient, health, mutedUntil }: Lane): Row {
    const body = { ...health, ...(mutedUntil !== null && { mutedUntil }) }
    return { table: 'endpoint', key: recipient.key, body: JSON.stringify(body) }
  }

  /** True when the entry is a start that came too late; it is ended. */
  function expire(entry: Entry): boolean {
    const { delivery, event } = entry
    if (delivery.state !== 'waiting') return true
    if (entry.expiresAt >= clock.monotonic()) return false
    end(entry, 'expired')
    void store.put([deliveryRow(delivery)])
    log.info({ delivery: delivery.id }, `${event.name} for ${delivery.endpoint} is stale; it expires unsent`)
    return true
  }

  function end(
    { delivery }: Pick<Entry, 'delivery'>,
    state: 'delivered' | 'digested' | 'expired' | 'dead' | 'dropped',
    why?: DeadReason,
  ) {
    delivery.state = state
    delivery.endedAt = clock.now()
    if (why) delivery.why = why
    delete delivery.carry
    lanes.get(delivery.endpoint)?.active.delete(delivery.id)
    if (state === 'dead') onNews({ type: 'dead', delivery })
  }

  /** Makes a stored delivery that is not active a dead letter. */
  function bury(delivery: Delivery, why: DeadReason) {
    delivery.state = 'dead'
    delivery.why = why
    delivery.endedAt = clock.now()
    void store.put([deliveryRow(delivery)])
    onNews({ type: 'dead', delivery })
  }

  function giveUpOldest(lane: Lane) {
    const waiting = [...lane.active.values()].filter(({ delivery }) => delivery.state === 'waiting')
    const oldest = waiting.find(({ event }) => statusOf(event.name) === 'start') ?? waiting[0]
    if (!oldest) return
    oldest.delivery.reason = {
      code: 'vendor_quota',
      text: `more than ${MAX_ACTIVE} deliveries wait for this endpoint`,
    }
    end(oldest, 'dead', 'exhausted')
    void store.put([deliveryRow(oldest.delivery)])
  }

  /* What a person asks for */

  /** Ends a pause, and makes all that waits due: whoever asks has mended it. False where there is no such endpoint. */
  async function resume(endpoint: string): Promise<boolean> {
    const lane = lanes.get(endpoint)
    if (!lane) return false
    const paused = lane.health.pausedAt !== null
    lane.health = soundHealth(lane.recipient.fingerprint)
    await store.put([healthRow(lane), ...makeDue(lane, 0)])
    if (paused) onNews({ type: 'resumed', endpoint })
    onWork(endpoint)
    return true
  }

  /** Keeps everything back from an endpoint until then; null ends that. False where there is no such endpoint. */
  async function mute(endpoint: string, until: number | null): Promise<boolean> {
    const lane = lanes.get(endpoint)
    if (!lane) return false
    lane.mutedUntil = until
    for (const entry of lane.active.values()) {
      // Quiet hours may go on: whether they do is seen when it is due.
      if (entry.delivery.held) entry.dueAt = clock.monotonic()
    }
    await store.put([healthRow(lane)])
    onWork(endpoint)
    return true
  }

  /** Sends an ended delivery again, under the same id, with all its tries anew. False where it can't be. */
  async function resend(id: string): Promise<boolean> {
    const stored = find(id)
    if (!stored?.event || stored.delivery.state === 'sending') return false
    const lane = lanes.get(stored.delivery.endpoint)
    if (!lane) return false
    const { why: _why, endedAt: _endedAt, held: _held, digest: _digest, ...kept } = stored.delivery
    const delivery: Delivery = {
      ...kept,
      state: 'waiting',
      endedAt: null,
      attempts: 0,
      stale: false,
      dueAt: clock.now(),
      // An earlier try may have arrived: a service that says "duplicate" has it.
      ...(kept.carry === undefined && kept.attempts > 0 && { carry: { doubtful: true } }),
    }
    const entry = {
      delivery,
      event: stored.event,
      dueAt: clock.monotonic(),
      expiresAt: expiryOf(stored.event),
    }
    lane.active.set(id, entry)
    await store.put([deliveryRow(delivery)])
    onWork(delivery.endpoint)
    return true
  }

  /** Gives a delivery up for good: a waiting one, or a dead letter. False where there is none. */
  async function drop(id: string): Promise<boolean> {
    const stored = find(id)
    if (!stored || !['waiting', 'dead'].includes(stored.delivery.state)) return false
    end(stored, 'dropped')
    await store.put([deliveryRow(stored.delivery)])
    return true
  }

  /** The event is undefined where its record is unreadable. */
  function find(id: string): { delivery: Delivery; event: LifecycleEvent | undefined } | undefined {
    for (const { active } of lanes.values()) {
      const entry = active.get(id)
      if (entry) return entry
    }
    const row = rowOf('delivery', id)
    const delivery = row && readDelivery(row)
    return delivery && { delivery, event: readEvent(rowOf('event', delivery.eventId)?.body) }
  }

  /** A row as it is, on the disk or still on its way there; no flush, so that many changes share one commit. */
  function rowOf(table: 'delivery' | 'event', id: string): Record<string, unknown> | undefined {
    return (
      store.waiting(table, id) ??
      store.read(database => database.prepare(`SELECT * FROM ${table} WHERE id = ?`).get(id))
    )
  }

  /** Everything active, once more: for a store whose file had to be made anew. */
  function activeRows(): Row[] {
    const now = clock.now()
    return [...lanes.values()].flatMap((lane): Row[] => [
      healthRow(lane),
      ...[...lane.active.values()].flatMap(({ delivery, event }): Row[] => [
        { table: 'event', id: event.id, at: event.at, stored_at: now, body: JSON.stringify(event) },
        deliveryRow(delivery),
      ]),
    ])
  }

  update(options)

  return {
    load,
    update,
    accept,
    amend,
    next,
    nextDueInMs,
    begin,
    finish,
    resume,
    mute,
    resend,
    drop,
    activeRows,
    /** Of an active delivery, as it is now; undefined for one that has ended. */
    stateOf: (id: string) =>
      [...lanes.values()]
        .map(({ active }) => active.get(id)?.delivery.state)
        .find(state => state !== undefined),
    /** Health and number of active deliveries of each endpoint. */
    status: () =>
      [...lanes.values()].map(({ recipient, health, mutedUntil, active }) => ({
        endpoint: recipient.key,
        active: active.size,
        mutedUntil: mutedUntil !== null && mutedUntil > clock.now() ? mutedUntil : null,
        failingSince: health.failingSince,
        pausedAt: health.pausedAt,
        pausedFor: health.pausedFor,
      })),
  }
}

function newDelivery(event: LifecycleEvent, endpoint: string, now: number, order: number): Delivery {
  return {
    id: deliveryId(event.id, endpoint),
    eventId: event.id,
    endpoint,
    state: 'waiting',
    createdAt: now,
    dueAt: now,
    endedAt: null,
    taskId: event.taskId,
    event: event.name,
    server: event.server,
    eventAt: event.at,
    order,
    attempts: 0,
    stale: false,
  }
}
