/** One endpoint's part of the outbox: what is active for it, and how it is. */
import type { LifecycleEvent } from '../event.ts'
import { type Delivery, deliveryId } from './delivery.ts'
import { type EndpointHealth, soundHealth } from './health.ts'
import type { RetryPolicy } from './retry.ts'
import type { Row } from './store.ts'

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

/** An active delivery and its event. */
export type Entry = {
  delivery: Delivery
  event: LifecycleEvent
  /** Monotonic, as is the next. */
  dueAt: number
  expiresAt: number
}

export type Lane = {
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

export function newLane(recipient: Recipient): Lane {
  const health = soundHealth(recipient.fingerprint)
  return { recipient, health, probeDueAt: 0, mutedUntil: null, active: new Map() }
}

/** Those that wait, in order. */
export function waitingIn({ active }: Lane): Entry[] {
  return [...active.values()].filter(({ delivery }) => delivery.state === 'waiting')
}

/** What is told of one task goes one after the other. */
export function tasksUnderWay({ active }: Lane): Set<string> {
  const sending = [...active.values()].filter(({ delivery }) => delivery.state === 'sending')
  return new Set(sending.map(({ delivery }) => delivery.taskId))
}

export function healthRow({ recipient, health, mutedUntil }: Lane): Row {
  const body = { ...health, ...(mutedUntil !== null && { mutedUntil }) }
  return { table: 'endpoint', key: recipient.key, body: JSON.stringify(body) }
}

export function newDelivery(event: LifecycleEvent, endpoint: string, now: number, order: number): Delivery {
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
    ...(event.notice && { code: event.notice.code }),
    server: event.server,
    eventAt: event.at,
    order,
    attempts: 0,
    stale: false,
  }
}
