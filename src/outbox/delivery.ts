/** One event on its way to one endpoint, as the outbox keeps it. */
import type { LifecycleEvent } from '../event.ts'
import type { Outcome } from '../outcome.ts'
import type { Row } from './store.ts'

/**
 * `waiting` for its time; `sending` a try is under way (after a crash: unknown, tried again); the others are ends:
 * `delivered`; `digested` told in the digest of quiet hours; `expired` a start that came too late; `dead` given up, kept for a person; `dropped` by a person.
 */
export const DELIVERY_STATES = [
  'waiting',
  'sending',
  'delivered',
  'digested',
  'expired',
  'dead',
  'dropped',
] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Why a delivery is dead: refused for good, out of tries, its endpoint left the config, or its event is unreadable. */
export type DeadReason = 'rejected' | 'exhausted' | 'removed' | 'unreadable'

export type Delivery = {
  /** Stable: the receiver sees it on every try (design invariant 6). */
  id: string
  eventId: string
  endpoint: string
  state: DeliveryState
  /** Epoch ms, as are the others. */
  createdAt: number
  dueAt: number
  endedAt: number | null
  taskId: string
  event: LifecycleEvent['name']
  /** Of a notice: what it is about. */
  code?: string
  server: string
  eventAt: number
  /** Deliveries of one endpoint begin in this order where they are due. */
  order: number
  attempts: number
  /** The one more try at once, for a connection that had gone stale, was taken. */
  stale: boolean
  /** It waits for the end of quiet hours, or of being muted. */
  held?: true
  /** Where it is `digested`: the delivery that told it. */
  digest?: string
  /** What the last try left for the next one. */
  carry?: unknown
  why?: DeadReason
  /** The last outcome in words. */
  reason?: { code: string; text: string; answer?: string }
}

export function deliveryId(eventId: string, endpoint: string): string {
  return `${eventId}@${endpoint}`
}

export function deliveryRow(delivery: Delivery): Row {
  const { id, eventId, endpoint, state, createdAt, dueAt, endedAt, ...body } = delivery
  return {
    table: 'delivery',
    id,
    event_id: eventId,
    endpoint,
    state,
    created_at: createdAt,
    due_at: dueAt,
    ended_at: endedAt,
    body: JSON.stringify(body),
  }
}

/** Throws where the body is no JSON, or not what `deliveryRow` writes. */
export function deliveryFromRow(row: Record<string, unknown>): Delivery {
  const body = JSON.parse(String(row.body))
  if (typeof body?.taskId !== 'string' || !Number.isFinite(body.order) || !Number.isInteger(body.attempts))
    throw new TypeError(`the body of delivery ${row.id} is none`)
  return {
    id: String(row.id),
    eventId: String(row.event_id),
    endpoint: String(row.endpoint),
    state: row.state as DeliveryState,
    createdAt: Number(row.created_at),
    dueAt: Number(row.due_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    ...body,
  }
}

/** What is kept of a try. */
export type AttemptRecord = {
  as?: 'accepted' | 'duplicate'
  outcome: Outcome['status'] | 'unknown'
  code?: string
  text?: string
  tookMs?: number
}

export function attemptRow(delivery: Delivery, startedAt: number, record?: AttemptRecord): Row {
  return {
    table: 'attempt',
    delivery_id: delivery.id,
    number: delivery.attempts,
    started_at: startedAt,
    body: JSON.stringify(record ?? { outcome: 'unknown' }),
  }
}
