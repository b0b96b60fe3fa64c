/** What the tests of delivery share: events and endpoints. */
import { type Endpoint, notificationSchema, resolveEndpoints } from '../../src/delivery/endpoint.ts'
import type { EventName, LifecycleEvent } from '../../src/event.ts'

export const PLUGIN = { id: 'prime_backup_bridge', version: '1.2.3' }

/** An event with every fact that PB's log and database give. */
export function fullEvent(name: EventName, over: Partial<LifecycleEvent> = {}): LifecycleEvent {
  return {
    id: `survival-1-${name}`,
    taskId: 'survival-1',
    name,
    at: Date.UTC(2026, 10, 25, 0, 51, 25, 706),
    server: 'survival',
    running: true,
    backup: {
      id: 12,
      date: '2026-11-25 08:51:25',
      comment: 'hello world',
      creator: 'player:Steve',
      targets: ['world'],
      tags: {},
      fileCount: 64,
      rawBytes: 1916073,
      storedBytes: 387022,
    },
    operator: { type: 'player', name: 'Steve' },
    source: { type: 'player', name: 'Steve' },
    ...over,
  }
}

/** The endpoints of a `notification` block that must be right. */
export function endpointsOf(...endpoints: object[]): Endpoint[] {
  return resolveEndpoints(notificationSchema.parse({ enabled: true, endpoints })).endpoints
}

export function only<T>(items: readonly T[]): T {
  const [item] = items
  if (item === undefined || items.length !== 1) throw new Error(`expected one, got ${items.length}`)
  return item
}
