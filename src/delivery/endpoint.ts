/** The `notification` block of the config (facts/compat.md section 4), and what the dispatcher gets of it. */
import { z } from 'zod'
import { duration } from '../duration.ts'
import { EVENT_NAMES, type EventName } from '../event.ts'
import { LANGUAGES, type Language } from '../language.ts'
import { findProvider, PROVIDER_TYPES, PROVIDERS } from './catalog.ts'
import { findExposed } from './exposure.ts'
import type { Provider, Target } from './provider.ts'
import { isObject } from './verdict.ts'

const RETRY_DELAYS_MS = [1000, 2000, 4000]

/** Names and values of the fork's enum are the same but for case. */
function lowerCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}

const eventSchema = z.preprocess(
  lowerCase,
  z.enum(EVENT_NAMES, {
    error: ({ input }) =>
      typeof input === 'string'
        ? `'${input}' is not a valid NotificationEvent; write one of ${EVENT_NAMES.join(', ')}`
        : `bad notification event; write one of ${EVENT_NAMES.join(', ')}`,
  }),
)

const typeSchema = z.preprocess(
  lowerCase,
  z
    .enum(PROVIDER_TYPES, {
      error: ({ input }) =>
        `bad notification endpoint type ${typeof input === 'string' ? `'${input}'` : 'that is no text'}; write one of ${PROVIDER_TYPES.join(', ')}`,
    })
    .optional(),
)

/** One block of options for each provider that has any, named as its type. */
const optionBlocks: { [type: string]: z.ZodType } = Object.fromEntries(
  PROVIDERS.flatMap(({ type, options }) =>
    options ? [[type, options.prefault({}).describe(`Options of an endpoint of type ${type}.`)]] : [],
  ),
)

const endpointSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe('false keeps the endpoint in the config without using it.'),
    name: z.string().default('default').describe('Name of the endpoint in answers, logs and the page.'),
    type: typeSchema.describe(
      'Kind of the endpoint; absent it is the service whose host the URL names, else webhook.',
    ),
    url: z
      .string()
      .default('')
      .describe('Where to send; may stay empty where the key of the service says it all.'),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .describe('HTTP headers to send beside, or instead of, the usual ones.'),
    timeout: duration('5s').describe('Time for one attempt, from connecting to the last byte: 1s to 60s.'),
    retry_times: z
      .int()
      .default(1)
      .meta({ minimum: 0, maximum: RETRY_DELAYS_MS.length })
      .describe('How often a failed attempt is repeated, 0 to 3: after 1, 2 and 4 seconds.'),
    events: z
      .array(eventSchema)
      .optional()
      .describe('The events for this endpoint, of those that the block names; by default all of them.'),
    servers: z
      .array(z.string())
      .optional()
      .describe('Names of the servers whose events this endpoint gets; by default all.'),
    language: z
      .enum(LANGUAGES)
      .optional()
      .describe('Language of this endpoint, instead of that of the block.'),
    proxy: z
      .string()
      .optional()
      .describe('URL of an HTTP proxy for this endpoint, instead of that of the environment.'),
    ...optionBlocks,
  })
  // Without `when`, zod would keep these faults back until all others are mended.
  .superRefine(checkEndpoint, { when: () => true })

export const notificationSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe('true sends notifications.'),
    language: z.enum(LANGUAGES).default('en_us').describe('Language of the notifications.'),
    events: z
      .array(eventSchema)
      .prefault([...EVENT_NAMES])
      .describe('The events that are told.'),
    endpoints: z.array(endpointSchema).prefault([]).describe('Where the notifications go.'),
  })
  .describe('Who is told, of what, and how.')

export type NotificationOptions = z.output<typeof notificationSchema>

/** Where notifications go: what the config says of one endpoint, with everything decided. */
export type Endpoint = {
  /** The name, made unique. */
  key: string
  name: string
  provider: Provider
  enabled: boolean
  events: readonly EventName[]
  /** Undefined: all. */
  servers?: readonly string[]
  language: Language
  timeoutMs: number
  retryDelaysMs: readonly number[]
  proxy?: string
  target: Target
}

/** `warnings` are sentences for the log, without secrets. */
export function resolveEndpoints(notification: NotificationOptions): {
  endpoints: Endpoint[]
  warnings: string[]
} {
  const warnings: string[] = []
  const keys = uniqueKeys(notification.endpoints.map(({ name }) => name))
  const endpoints = notification.endpoints.map((options, index): Endpoint => {
    const { name, servers, proxy } = options
    const key = keys[index] ?? name
    if (key !== name) {
      warnings.push(`two notification endpoints are named '${name}'; the later one is called '${key}'`)
    }
    const provider = findProvider(options.type, options.url)
    if (!provider) throw new Error(`no provider of type ${options.type}`)
    const target = targetOf(options, provider)
    const endpoint: Endpoint = {
      key,
      name,
      provider,
      enabled: notification.enabled && options.enabled,
      events: notification.events.filter(event => options.events?.includes(event) ?? true),
      ...(servers && { servers }),
      language: options.language ?? notification.language,
      timeoutMs: options.timeout,
      retryDelaysMs: RETRY_DELAYS_MS.slice(0, options.retry_times),
      ...(proxy !== undefined && { proxy }),
      target,
    }
    if (options.enabled) warnings.push(...warningsOf(endpoint))
    return endpoint
  })
  return { endpoints, warnings }
}

type EndpointOptions = NotificationOptions['endpoints'][number]

function targetOf(options: EndpointOptions, provider: Provider): Target {
  const blocks: { [type: string]: unknown } = options
  const block = provider.options && blocks[provider.type]
  const url = options.url.trim() || (provider.defaultUrl?.(block) ?? '')
  return { url, headers: options.headers, options: block }
}

/** The first of a name keeps it; the next is `name-2`, or what is free after that. */
function uniqueKeys(names: string[]): string[] {
  const taken = new Set(names)
  const seen = new Set<string>()
  return names.map(name => {
    if (!seen.has(name)) {
      seen.add(name)
      return name
    }
    let number = 2
    while (taken.has(`${name}-${number}`)) number++
    taken.add(`${name}-${number}`)
    return `${name}-${number}`
  })
}

function warningsOf({ key, provider, target, events, proxy }: Endpoint): string[] {
  const warnings: string[] = []
  const exposed = findExposed(provider, target, proxy)
  if (exposed !== undefined) {
    warnings.push(
      `notification endpoint '${key}' uses ${exposed} with non-HTTPS URL, credentials may be exposed; write https://`,
    )
  }
  const owner = findProvider(undefined, target.url)
  if (owner && owner !== provider && provider.type === 'webhook') {
    warnings.push(
      `notification endpoint '${key}' sends the whole payload to a ${owner.type} host and can't read its answer; leave type out, or write "${owner.type}"`,
    )
  }
  if (events.length === 0) warnings.push(`notification endpoint '${key}' is for no event; check its events`)
  return warnings
}

type Context = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void }

/** The checks of the fork, in its words, then what to write instead. `value` may be faulty elsewhere. */
function checkEndpoint(value: unknown, context: Context): void {
  if (!isObject(value)) return
  const name = typeof value.name === 'string' ? value.name : 'default'
  function fault(key: string, message: string) {
    context.addIssue({ code: 'custom', path: [key], message: `notification endpoint '${name}' ${message}` })
  }
  const { timeout, retry_times: retryTimes, proxy } = value
  if (typeof timeout === 'number' && timeout < 1000) {
    fault('timeout', `timeout is too short: ${timeout / 1000}s (min 1s); write "1s" to "60s"`)
  }
  if (typeof timeout === 'number' && timeout > 60_000) {
    fault('timeout', `timeout is too long: ${timeout / 1000}s (max 60s); write "1s" to "60s"`)
  }
  if (Number.isInteger(retryTimes) && Number(retryTimes) < 0) {
    fault('retry_times', `retry_times is negative: ${retryTimes}; write 0 to 3`)
  }
  if (Number.isInteger(retryTimes) && Number(retryTimes) > RETRY_DELAYS_MS.length) {
    fault('retry_times', `retry_times is too large: ${retryTimes} (max 3); write 0 to 3`)
  }
  if (typeof proxy === 'string' && !isHttpUrl(proxy)) {
    fault('proxy', 'proxy is no URL; write it as "http://host:port"')
  }
  if (isObject(value.headers)) checkHeaders(value.headers, fault)
  if (value.enabled === true) checkUrl(value, fault)
}

function checkUrl(value: { [key: string]: unknown }, fault: (key: string, message: string) => void): void {
  if (typeof value.url !== 'string') return
  const url = value.url.trim()
  const type = typeof value.type === 'string' ? value.type : undefined
  const provider = findProvider(type, url)
  if (url === '') {
    const block = provider?.options?.safeParse(value[provider.type])
    // Whether a block with faults of its own says where to send can't be told.
    if (block && (!block.success || provider?.defaultUrl?.(block.data) !== undefined)) return
    fault('url', 'is enabled but URL is empty; write its url, or enabled: false')
  } else if (!isHttpUrl(url)) {
    fault('url', 'has a URL that is none; write one that begins with https:// or http://')
  }
}

function checkHeaders(headers: object, fault: (key: string, message: string) => void): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      fault('headers', `has a header with a bad name; write letters, digits and "-" alone`)
    } else if (typeof value === 'string' && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      fault('headers', `has a value with a line break or a character that HTTP can't carry in header ${name}`)
    }
  }
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== ''
}
