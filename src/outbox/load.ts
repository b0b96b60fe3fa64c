/** What an earlier run left in the store, taken up: what waits, and how each endpoint was. */
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import type { LifecycleEvent } from '../event.ts'
import type { Log } from '../log.ts'
import type { DeadReason, Delivery } from './delivery.ts'
import type { EndpointHealth } from './health.ts'
import { type Entry, healthRow, type Lane } from './lane.ts'
import { readDelivery, readEvent, readJson, strippedDelivery } from './row.ts'
import type { Store } from './store.ts'

export type LoadDeps = {
  lanes: ReadonlyMap<string, Lane>
  store: Store
  clock: Clock
  log: Log
  expiryOf(event: LifecycleEvent): number
  setHealth(lane: Lane, health: EndpointHealth): void
  /** Makes a stored delivery that is not active a dead letter. */
  bury(delivery: Delivery, why: DeadReason): void
}

/** What is active, in order, and the highest order that there is. What was being sent counts as unknown: it is sent again. */
export function readActive(database: DatabaseSync, deps: LoadDeps): { top: number; entries: Entry[] } {
  const { lanes } = deps
  // `CASE`, because an unreadable body would make the whole query fail.
  const { top } =
    database
      .prepare("SELECT max(CASE WHEN json_valid(body) THEN body ->> '$.order' END) AS top FROM delivery")
      .get() ?? {}
  for (const row of database.prepare('SELECT key, body FROM endpoint').all()) loadHealth(row, deps)
  const bodyOf = database.prepare('SELECT body FROM event WHERE id = ?')
  const rows = database.prepare("SELECT * FROM delivery WHERE state IN ('waiting', 'sending')").all()
  const entries = rows
    .filter(row => !lanes.get(String(row.endpoint))?.active.has(String(row.id)))
    .flatMap(row => adopt(row, bodyOf.get(String(row.event_id))?.body, deps) ?? [])
  return { top: Number(top) || 0, entries: entries.sort((a, b) => a.delivery.order - b.delivery.order) }
}

function loadHealth(row: Record<string, unknown>, { lanes, store, log, setHealth }: LoadDeps): void {
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

function adopt(row: Record<string, unknown>, eventBody: unknown, deps: LoadDeps): Entry | undefined {
  const { lanes, clock, log, expiryOf, bury } = deps
  const event = readEvent(eventBody)
  const delivery = readDelivery(row)
  if (!delivery || !event) {
    log.error({ delivery: row.id }, `the delivery ${row.id} is unreadable; it is set aside as a dead letter`)
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
  const longestMs = Math.max(0, ...lane.recipient.retry.delaysMs)
  // Whether what was held still is to be is asked anew: the config may be another.
  const isDue = interrupted || delivery.held === true
  const waitMs = isDue ? 0 : Math.min(Math.max(0, delivery.dueAt - clock.now()), longestMs)
  return { delivery, event, dueAt: clock.monotonic() + waitMs, expiresAt: expiryOf(event) }
}
