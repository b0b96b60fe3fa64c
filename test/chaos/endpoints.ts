/** The endpoints of the chaos suite, all at one receiver of the harness, told apart by their paths. */
import { createHash } from 'node:crypto'
import {
  type Endpoint,
  notificationSchema,
  resolveEndpoints,
  subscribes,
} from '../../src/delivery/endpoint.ts'
import { recipientsOf as realRecipients } from '../../src/delivery/recipient.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import type { Recipient } from '../../src/outbox/outbox.ts'

/** So many that no run of bad luck ends in a dead letter. */
const DELAYS_MS = [1_000, 5_000, 10_000, ...Array<number>(1_000).fill(20_000)]

export function endpointsAt(url: string): Endpoint[] {
  const notification = {
    enabled: true,
    endpoints: [
      { name: 'all', type: 'webhook', url: `${url}/all`, timeout: '60s' },
      {
        name: 'ends',
        type: 'webhook',
        url: `${url}/ends`,
        timeout: '60s',
        events: ['backup_success', 'backup_failure', 'restore_success', 'restore_failure'],
      },
      { name: 'phone', type: 'bark', url: `${url}/phone`, timeout: '60s', bark: { device_key: 'key' } },
    ],
  }
  return resolveEndpoints(notificationSchema.parse(notification)).endpoints
}

export function recipientsOf(endpoints: readonly Endpoint[]): Recipient[] {
  return realRecipients(endpoints).map(recipient => ({
    ...recipient,
    // Every delivery must arrive here, starts that were overtaken too.
    inPlace: false,
    retry: { ...recipient.retry, delaysMs: DELAYS_MS },
  }))
}

/** The ids of all deliveries that these events must have. */
export function deliveryIds(events: readonly LifecycleEvent[]): string[] {
  const endpoints = endpointsAt('http://127.0.0.1')
  return events.flatMap(event =>
    endpoints.filter(endpoint => subscribes(endpoint, event)).map(({ key }) => `${event.id}@${key}`),
  )
}

/** What a receiver sees of a delivery's id: a webhook the event's own at its path, Bark the mark of its task, and a title. */
export function seenAs(deliveryId: string): string {
  const [eventId = '', key = ''] = deliveryId.split('@')
  if (key !== 'phone') return `/${key} ${eventId}`
  const [, taskId = '', suffix] = /^(.*)-(start|end|correction)$/.exec(eventId) ?? []
  return `/phone ${createHash('sha256').update(taskId).digest('base64url').slice(0, 12)} ${suffix}`
}

/** The same, of a request. */
export function seenIn(path: string, body: string): string {
  const { id, title } = JSON.parse(body) as { id?: unknown; title?: unknown }
  if (path !== '/phone') return `${path} ${id}`
  const words = String(title)
  const kind = words.includes('started') ? 'start' : words.includes('[CORRECTION]') ? 'correction' : 'end'
  return `${path} ${id} ${kind}`
}
