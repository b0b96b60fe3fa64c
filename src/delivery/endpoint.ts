/** The `notification` block of the config (facts/compat.md section 4), and what becomes of it. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { duration } from '../duration.ts'
import { EVENT_NAMES, type EventName, type LifecycleEvent, NOTICE, statusOf, TEST_MESSAGE } from '../event.ts'
import { LANGUAGES, type Language } from '../language.ts'
import { RETRY_DELAYS_MS, type RetryPolicy } from '../outbox/retry.ts'
import { findProvider, PROVIDER_TYPES, PROVIDERS } from './catalog.ts'
import { findExposed } from './exposure.ts'
import { checkEndpoint } from './fault.ts'
import type { Provider, Target } from './provider.ts'
import { type Quiet, quietSchema } from './quiet.ts'
import { secretOption } from './signature.ts'

/** About three days, as the webhook systems have it that people trust most (facts/delivery.md). */
const SCHEDULE = ['1s', '5s', '30s', '2m', '10m', '30m', '2h', '6h', '12h', '24h', '24h']

const retrySchema = z.strictObject({
  schedule: z
    .array(duration('1s', { max: '7d' }))
    .max(30)
    .prefault(SCHEDULE)
    .describe('The wait before each further try of a delivery that failed; its end is a dead letter.'),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe('0.2 makes each wait up to a fifth longer or shorter, so that many do not come at once.'),
})

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
    name: z.string().default('default').describe('Name of the endpoint in answers, logs and commands.'),
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
      .optional()
      .meta({ minimum: 0, maximum: RETRY_DELAYS_MS.length })
      .describe(
        'As in the fork: a failed attempt is repeated 0 to 3 times, after 1, 2 and 4 seconds, and then given up. Leave it out for the longer schedule of retry.',
      ),
    retry: retrySchema
      .optional()
      .describe('When a failed delivery to this endpoint is tried again, instead of what the block says.'),
    notices: z
      .boolean()
      .optional()
      .describe(
        'Whether this endpoint is told what the bridge says of itself; by default services that people read are, webhooks are not.',
      ),
    events: z
      .array(eventSchema)
      .optional()
      .describe('The events for this endpoint, of those that the block names; by default all of them.'),
    when: z
      .enum(['always', 'problems'])
      .default('always')
      .describe(
        '"problems" tells of failures (of a row of them the 1st, 3rd, 10th, 30th …), unknown outcomes, notices, and the first success after a failure; the events are still narrowed by events.',
      ),
    quiet: quietSchema.optional(),
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
    secret: secretOption.describe(
      'Secret to sign the requests with (Standard Webhooks), for type webhook: "whsec_…", as pb-bridge secret makes one, or a list of them while the secret is being changed.',
    ),
    githubSignature: z
      .boolean()
      .default(false)
      .describe('true signs as GitHub does too (X-Hub-Signature-256), by the text of the first secret.'),
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
    retry: retrySchema.prefault({}).describe('When a failed delivery is tried again.'),
    startExpiry: duration('15m', { min: '10s', max: '7d' }).describe(
      'A start that could not be delivered for so long is worth nothing any more and is not sent.',
    ),
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
  /** Told of problems alone, and of their end. */
  problemsOnly: boolean
  quiet?: Quiet
  language: Language
  timeoutMs: number
  retry: RetryPolicy
  /** Of a test: a person waits for its answer. */
  testDelaysMs: readonly number[]
  /** Whether it is told what the bridge says of itself. */
  notices: boolean
  /** Changes with all that decides where and how it sends; holds no secret. */
  fingerprint: string
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
      problemsOnly: options.when === 'problems',
      ...(options.quiet && { quiet: options.quiet }),
      language: options.language ?? notification.language,
      timeoutMs: options.timeout,
      retry: retryOf(options, notification),
      testDelaysMs: RETRY_DELAYS_MS.slice(0, options.retry_times ?? 1),
      notices: options.notices ?? provider.personal === true,
      fingerprint: fingerprintOf([provider.type, target, proxy, options.timeout]),
      ...(proxy !== undefined && { proxy }),
      target,
    }
    if (options.enabled) warnings.push(...warningsOf(endpoint))
    return endpoint
  })
  return { endpoints, warnings }
}

type EndpointOptions = NotificationOptions['endpoints'][number]

/** `retry_times` means what it means for the fork when it is written; else the schedule counts. */
function retryOf(options: EndpointOptions, notification: NotificationOptions): RetryPolicy {
  if (options.retry_times !== undefined)
    return { delaysMs: RETRY_DELAYS_MS.slice(0, options.retry_times), jitter: 0, patient: false }
  const { schedule, jitter } = options.retry ?? notification.retry
  return { delaysMs: schedule, jitter, patient: true }
}

function fingerprintOf(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}

/** True when an endpoint is to get this event, be it enabled or not. */
export function subscribes(endpoint: Endpoint, event: LifecycleEvent): boolean {
  const { events, servers, notices, provider, target } = endpoint
  const here = event.server === '' || (servers?.includes(event.server) ?? true)
  if (provider.carries?.(event, target) === false) return false
  if (endpoint.problemsOnly && !isProblem(event)) return false
  return here && (event.name === NOTICE ? notices : events.includes(event.name))
}

/** A failure that is told, a notice, or the end of failures; a test is told as what was asked for. */
function isProblem({ name, message, streak, extra }: LifecycleEvent): boolean {
  if (name === NOTICE || message === TEST_MESSAGE || extra?.corrects !== undefined) return true
  const status = statusOf(name)
  return status === 'failure'
    ? isMilestone(streak?.failures ?? 1)
    : status === 'success' && streak !== undefined
}

/** 1, 3, 10, 30, 100 … */
function isMilestone(count: number): boolean {
  let power = 1
  while (power * 10 <= count) power *= 10
  return count === power || count === 3 * power
}

function targetOf(options: EndpointOptions, provider: Provider): Target {
  const blocks: { [type: string]: unknown } = options
  const block = provider.options && blocks[provider.type]
  const url = options.url.trim() || (provider.defaultUrl?.(block) ?? '')
  const signing = { secrets: options.secret, github: options.githubSignature }
  return {
    url,
    headers: options.headers,
    options: block,
    ...(provider.signs && signing.secrets.length > 0 && { signing }),
  }
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
