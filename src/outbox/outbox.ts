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
import { attemptRow, type DeadReason, type Delivery, deliveryRow } from './delivery.ts'
import { oneError } from './error.ts'
import { afterTry, type EndpointHealth, probeInMs, soundHealth } from './health.ts'
import { heldUntil, partHeld } from './held.ts'
import {
  type Entry,
  healthRow,
  type Lane,
  newDelivery,
  newLane,
  type Recipient,
  tasksUnderWay,
  waitingIn,
} from './lane.ts'
import { readActive } from './load.ts'
import { createRequests } from './requests.ts'
import { judgeTry, type Verdict } from './retry.ts'
import type { Row, Store } from './store.ts'

export type { Entry, Recipient } from './lane.ts'

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

/** More than this are not kept active for one endpoint: the oldest starts are given up first, then the oldest. */
const MAX_ACTIVE = 10_000
/** When what an earlier run left could not be read. */
const RELOAD_MS = 60_000
/** Over how long the backlog of a receiver that is back is spread. */
const SPREAD_MS = 10_000
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
        lanes.set(recipient.key, newLane(recipient))
        continue
      }
      const isSame = lane.recipient.fingerprint === recipient.fingerprint
      lane.recipient = recipient
      delete lane.isLeaving
      // Whether they still are to be is asked anew.
      for (const entry of waitingIn(lane)) if (entry.delivery.held) entry.dueAt = clock.monotonic()
      if (!isSame) setHealth(lane, soundHealth(recipient.fingerprint))
      if (!isSame) void store.put([healthRow(lane), ...makeDue(lane, 0)])
    }
  }

  function leave(lane: Lane) {
    const { recipient, active } = lane
    lane.recipient = { ...recipient, wants: () => false }
    const waiting = waitingIn(lane)
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
    const found = store.read(database =>
      readActive(database, { lanes, store, clock, log, expiryOf, setHealth, bury }),
    )
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

  /** When a start is stale, by the clock that does not jump; never for all else. */
  function expiryOf(event: LifecycleEvent): number {
    if (statusOf(event.name) !== 'start') return Number.POSITIVE_INFINITY
    return clock.monotonic() + event.at + startExpiryMs - clock.now()
  }

  function setHealth(lane: Lane, health: EndpointHealth) {
    lane.health = health
    lane.probeDueAt = clock.monotonic() + probeInMs(health, clock.now())
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
      // What is held stays so, whatever the endpoint's health.
      return [...active.values()].find(entry => !entry.delivery.held && !expire(entry))
    }
    for (const entry of active.values()) {
      if (entry.dueAt <= now && !busyTasks.has(entry.delivery.taskId) && !expire(entry)) return entry
    }
    return undefined
  }

  /** What was held and need not be any longer becomes due: by itself, or as one digest. */
  function release(lane: Lane) {
    const { recipient, mutedUntil, active } = lane
    const held = [...active.values()].filter(({ delivery }) => delivery.held)
    if (!held.some(({ dueAt }) => dueAt <= clock.monotonic())) return
    const now = clock.now()
    const over: Entry[] = []
    // All of them: what is held to the same end must not part for a fraction of a millisecond.
    for (const entry of held) {
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

  /** Milliseconds until `next` may have another answer; undefined where only a `finish` can change it. */
  function nextDueInMs(endpoint: string): number | undefined {
    const lane = lanes.get(endpoint)
    if (!lane) return undefined
    const busyTasks = tasksUnderWay(lane)
    const waiting = waitingIn(lane)
    if (lane.health.pausedAt !== null) {
      if (waiting.length === 0 || busyTasks.size > 0) return undefined
      const held = waiting.filter(({ delivery }) => delivery.held).map(({ dueAt }) => dueAt)
      const due = held.length < waiting.length ? [...held, lane.probeDueAt] : held
      return Math.max(0, Math.min(...due) - clock.monotonic())
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
    const waiting = waitingIn(lane).filter(({ delivery }) => !delivery.held)
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
    const waiting = waitingIn(lane)
    const oldest = waiting.find(({ event }) => statusOf(event.name) === 'start') ?? waiting[0]
    if (!oldest) return
    oldest.delivery.reason = {
      code: 'vendor_quota',
      text: `more than ${MAX_ACTIVE} deliveries wait for this endpoint`,
    }
    end(oldest, 'dead', 'exhausted')
    void store.put([deliveryRow(oldest.delivery)])
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
    ...createRequests({
      lanes,
      store,
      clock,
      expiryOf,
      makeDue,
      end,
      onWork,
      onResumed: endpoint => onNews({ type: 'resumed', endpoint }),
    }),
    accept,
    amend,
    next,
    nextDueInMs,
    begin,
    finish,
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
