/** What a person asks of deliveries and endpoints. */
import type { Clock } from '../clock.ts'
import type { LifecycleEvent } from '../event.ts'
import { type Delivery, deliveryRow } from './delivery.ts'
import { soundHealth } from './health.ts'
import { type Entry, healthRow, type Lane } from './lane.ts'
import { readDelivery, readEvent } from './row.ts'
import type { Row, Store } from './store.ts'

/** What the requests need of the outbox that they are made to. */
export type Desk = {
  lanes: ReadonlyMap<string, Lane>
  store: Store
  clock: Clock
  /** Monotonic: until when an event is worth sending. */
  expiryOf(event: LifecycleEvent): number
  /** Makes what waits due within so long. */
  makeDue(lane: Lane, spreadMs: number): Row[]
  end(entry: Pick<Entry, 'delivery'>, state: 'dropped'): void
  onWork(endpoint: string): void
  onResumed(endpoint: string): void
}

export function createRequests({ lanes, store, clock, expiryOf, makeDue, end, onWork, onResumed }: Desk) {
  /** Ends a pause, and makes all that waits due: whoever asks has mended it. False where there is no such endpoint. */
  async function resume(endpoint: string): Promise<boolean> {
    const lane = lanes.get(endpoint)
    if (!lane) return false
    const paused = lane.health.pausedAt !== null
    lane.health = soundHealth(lane.recipient.fingerprint)
    await store.put([healthRow(lane), ...makeDue(lane, 0)])
    if (paused) onResumed(endpoint)
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

  return { resume, mute, resend, drop }
}
