import type { Recipient } from '../outbox/outbox.ts'
import { type Endpoint, subscribes } from './endpoint.ts'

/** The enabled endpoints as the outbox knows them. */
export function recipientsOf(endpoints: readonly Endpoint[]): Recipient[] {
  return endpoints
    .filter(({ enabled }) => enabled)
    .map(endpoint => ({
      key: endpoint.key,
      fingerprint: endpoint.fingerprint,
      retry: endpoint.retry,
      wants: event => subscribes(endpoint, event),
    }))
}
