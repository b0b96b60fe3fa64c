/** What is kept from an endpoint for a while, by its quiet hours or because somebody muted it. Pure. */
import { type LifecycleEvent, statusOf } from '../event.ts'

/** What decides by itself until when an event is kept back, epoch milliseconds. */
type Quietable = { quietUntil?(event: LifecycleEvent, now: number): number | undefined }

/** Until when an event is kept back, epoch milliseconds; undefined where it may be told now. */
export function heldUntil(
  { quietUntil }: Quietable,
  mutedUntil: number | null,
  event: LifecycleEvent,
  now: number,
): number | undefined {
  const times = [mutedUntil ?? now, quietUntil?.(event, now) ?? now]
  const latest = Math.max(...times)
  return latest > now ? latest : undefined
}

/** Of entries whose time of being held is over: what is told by itself, what in one digest, and what is stale. */
export function partHeld<T extends { event: LifecycleEvent }>(
  held: readonly T[],
): { alone: T[]; together: T[]; stale: T[] } {
  const ended = new Set(
    held.filter(({ event }) => statusOf(event.name) !== 'start').map(({ event }) => event.taskId),
  )
  const isStale = ({ event }: T) => statusOf(event.name) === 'start' && ended.has(event.taskId)
  const stale = held.filter(isStale)
  const rest = held.filter(entry => !isStale(entry))
  return rest.length > 1 ? { alone: [], together: rest, stale } : { alone: rest, together: [], stale }
}
