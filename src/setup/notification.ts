/** The `notification` block of the config: the fork's, taken over (facts/compat.md section 4), or one of our own. */
import { EVENT_NAMES } from '../event.ts'
import type { Language } from '../language.ts'
import { literal } from './literal.ts'
import type { EndpointBlock } from './service.ts'

type Block = { [key: string]: unknown }

export type NotificationBlock = {
  enabled: boolean
  language: Language
  endpoints: Block[]
  [key: string]: unknown
}

/** What the fork writes into every endpoint, whether anybody wanted it or not. */
const ENDPOINT_DEFAULTS: Block = {
  enabled: true,
  type: 'webhook',
  timeout: '5s',
  retry_times: 1,
  markdown: false,
}

export function ownNotification(language: Language, endpoints: readonly EndpointBlock[]): NotificationBlock {
  return { enabled: true, language, endpoints: [...endpoints] }
}

/**
 * The fork's block, switched on, without what only repeats its defaults; undefined where it names no place to send to.
 * Its language never took effect there, so `language` counts where it has the default.
 */
export function adoptNotification(block: Block, language: Language): NotificationBlock | undefined {
  const { enabled: _enabled, language: theirs, events, endpoints, ...rest } = block
  const used = Array.isArray(endpoints) ? endpoints.filter(isUsed) : []
  if (used.length === 0) return undefined
  return literal({
    enabled: true,
    language: theirs === 'zh_cn' ? theirs : language,
    ...(!isEveryEvent(events) && { events }),
    ...rest,
    endpoints: used.map(withoutDefaults),
  })
}

function isUsed(endpoint: unknown): endpoint is Block {
  if (!isBlock(endpoint) || endpoint.enabled === false) return false
  const { device_key: key } = isBlock(endpoint.bark) ? endpoint.bark : {}
  return [endpoint.url, key].some(value => typeof value === 'string' && value.trim() !== '')
}

function isEveryEvent(events: unknown): boolean {
  if (!Array.isArray(events)) return true
  const named = new Set(events.map(event => String(event).toLowerCase()))
  return EVENT_NAMES.every(name => named.has(name))
}

function withoutDefaults(block: Block): Block {
  const entries = Object.entries(block).flatMap(([key, value]): [string, unknown][] => {
    const kept = isBlock(value) ? withoutDefaults(value) : value
    const isEmpty = kept === null || kept === '' || (isBlock(kept) && Object.keys(kept).length === 0)
    return isEmpty || kept === ENDPOINT_DEFAULTS[key] ? [] : [[key, kept]]
  })
  return Object.fromEntries(entries)
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
