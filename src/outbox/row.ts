/** Rows read back from the store, of which any may be unreadable. */
import type { LifecycleEvent } from '../event.ts'
import { type Delivery, deliveryFromRow } from './delivery.ts'

/** Undefined where the body is no JSON. */
export function readJson<T>(body: unknown): T | undefined {
  try {
    return typeof body === 'string' ? (JSON.parse(body) as T) : undefined
  } catch {
    return undefined
  }
}

/** Undefined where the body is no event, or lacks what the outbox goes by. */
export function readEvent(body: unknown): LifecycleEvent | undefined {
  const event = readJson<Partial<LifecycleEvent> | null>(body)
  const whole =
    typeof event?.id === 'string' && typeof event.name === 'string' && typeof event.at === 'number'
  return whole ? (event as LifecycleEvent) : undefined
}

/** Undefined where the body is no JSON, or no delivery. */
export function readDelivery(row: Record<string, unknown>): Delivery | undefined {
  try {
    return deliveryFromRow(row)
  } catch {
    return undefined
  }
}

/** What the columns alone say of a delivery whose body is unreadable. */
export function strippedDelivery(row: Record<string, unknown>): Delivery {
  return deliveryFromRow({
    ...row,
    body: JSON.stringify({
      taskId: '',
      event: 'backup_failure',
      server: '',
      eventAt: 0,
      order: 0,
      attempts: 0,
      stale: false,
    }),
  })
}
