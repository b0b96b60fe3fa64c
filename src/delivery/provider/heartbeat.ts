import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isOutcomeUnknown, type LifecycleEvent, statusOf, TEST_MESSAGE, taskOf } from '../../event.ts'
import { clip } from '../plain.ts'
import type { HttpRequest, Notification, Provider, Target } from '../provider.ts'
import { badAnswer, isSuccess, parseObject, quote } from '../verdict.ts'

const heartbeatOptions = z.strictObject({
  service: z
    .enum(['auto', 'healthchecks', 'kuma'])
    .default('auto')
    .describe(
      'Whose form the pings have: "healthchecks" (healthchecks.io, also your own), "kuma" (a push monitor of Uptime Kuma); "auto" sees it by the URL.',
    ),
})

type HeartbeatOptions = z.output<typeof heartbeatOptions>

const LONGEST_MESSAGE = 200

/**
 * A machine that watches for silence: healthchecks.io and Uptime Kuma's push monitors, facts/providers.md section 1.
 * It is told of backups only. A ping says how the last backup went; one that nobody saw end says nothing of that kind.
 */
export const heartbeat: Provider<HeartbeatOptions> = {
  type: 'heartbeat',
  options: heartbeatOptions,
  ownsUrl: url => url.hostname === 'hc-ping.com' || isKuma(url),
  secretUrl: true,
  promptly: true,
  rate: { burst: 3, intervalMs: 12_000 },
  carries: (event, target) =>
    taskOf(event.name) === 'backup' &&
    (serviceOf(target) === 'healthchecks' || statusOf(event.name) !== 'start'),
  request: (notification, target) =>
    serviceOf(target) === 'kuma'
      ? pushKuma(notification, target.url)
      : pingHealthchecks(notification, target.url),
  judge(answer, { request }) {
    // Healthchecks answers by its status alone.
    if (request.method === 'POST') return undefined
    const json = parseObject(answer.body)
    if (!json || typeof json.ok !== 'boolean')
      return isSuccess(answer) ? badAnswer('Uptime Kuma', answer) : undefined
    if (json.ok) return isSuccess(answer) ? { status: 'delivered' } : undefined
    const text = `Uptime Kuma: ${quote(String(json.msg ?? 'refused'))}`
    return answer.status >= 500 ? undefined : { status: 'rejected', reason: { code: 'vendor', text } }
  },
}

function isKuma(url: URL): boolean {
  return /\/api\/push\/[^/]+\/?$/.test(url.pathname)
}

function serviceOf({ url, options }: Target<HeartbeatOptions>): 'healthchecks' | 'kuma' {
  if (options.service !== 'auto') return options.service
  const parsed = URL.parse(url)
  return parsed && isKuma(parsed) ? 'kuma' : 'healthchecks'
}

/** What its state is to become; a test, and an end that nobody saw, are only written into its log. */
function signalOf(event: LifecycleEvent): '' | '/start' | '/fail' | '/log' {
  if (event.message === TEST_MESSAGE || isOutcomeUnknown(event)) return '/log'
  const status = statusOf(event.name)
  return status === 'success' ? '' : status === 'start' ? '/start' : '/fail'
}

function pingHealthchecks({ event, payload }: Notification, base: string): HttpRequest {
  const url = new URL(base)
  url.pathname = url.pathname.replace(/\/+$/, '') + signalOf(event)
  url.searchParams.set('rid', runIdOf(event.taskId))
  return {
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: `${payload.title}\n\n${payload.body}`,
  }
}

function pushKuma({ event, payload }: Notification, base: string): HttpRequest {
  const url = new URL(base)
  url.searchParams.set('status', statusOf(event.name) === 'failure' ? 'down' : 'up')
  url.searchParams.set('msg', clip(payload.title, LONGEST_MESSAGE))
  url.searchParams.set('ping', event.costS === undefined ? '' : String(Math.round(event.costS * 1000)))
  return { method: 'GET', url: url.href, headers: {} }
}

/** A UUID of the task, so that the service measures from its start to its end. */
function runIdOf(taskId: string): string {
  const hex = createHash('sha256').update(taskId).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
