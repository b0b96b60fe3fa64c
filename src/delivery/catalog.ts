/** Every kind of endpoint, in one table. */

import { bark } from './provider/bark.ts'
import { heartbeat } from './provider/heartbeat.ts'
import { serverchan } from './provider/serverchan.ts'
import { webhook } from './provider/webhook.ts'
import type { Provider } from './provider.ts'

export const PROVIDERS: readonly Provider[] = [webhook, bark, serverchan, heartbeat]

export const PROVIDER_TYPES: readonly string[] = PROVIDERS.map(provider => provider.type)

/** The provider of a configured type; without a type the one whose URL it is, else the webhook. */
export function findProvider(type: string | undefined, url: string): Provider | undefined {
  if (type !== undefined) return PROVIDERS.find(provider => provider.type === type)
  const parsed = URL.parse(url)
  return (parsed && PROVIDERS.find(provider => provider.ownsUrl?.(parsed))) ?? webhook
}
