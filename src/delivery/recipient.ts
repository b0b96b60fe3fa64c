import type { Recipient } from '../outbox/outbox.ts'
import { type Endpoint, subscribes } from './endpoint.ts'
import { digestOf, quietUntil } from './quiet.ts'

/** The enabled endpoints as the outbox knows them. */
export function recipientsOf(endpoints: readonly Endpoint[]): Recipient[] {
  return endpoints.filter(({ enabled }) => enabled).map(endpoint => recipientOf(endpoint))
}

function recipientOf(endpoint: Endpoint): Recipient {
  const { key, quiet, provider, notices } = endpoint
  return {
    key,
    fingerprint: endpoint.fingerprint,
    retry: endpoint.retry,
    wants: event => subscribes(endpoint, event),
    ...(quiet && { quietUntil: (event, now) => quietUntil(quiet, event, now) }),
    // Who wants no notices, and was muted, gets every event by itself.
    ...((notices || quiet) && { digest: (events, now) => digestOf(key, events, now) }),
    inPlace: provider.inPlace === true,
  }
}
