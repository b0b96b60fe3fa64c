/** One try of one delivery. Trying again is the outbox's. */
import type { Clock } from '../clock.ts'
import type { Outcome } from '../outcome.ts'
import type { Endpoint } from './endpoint.ts'
import type { Http } from './http.ts'
import { clip } from './plain.ts'
import type { Notification } from './provider.ts'
import { redact, secretsOf } from './secret.ts'
import { isDoubtful, isObject, judgeStatus, parseRetryAfter } from './verdict.ts'

/** `carry` is that of the last `retry` outcome of the same delivery; it survives JSON and holds no secret. */
export type Attempt = (
  endpoint: Endpoint,
  notification: Notification,
  carry: unknown,
  signal?: AbortSignal,
) => Promise<Outcome>

/** Of an answer that was no success, for a person who looks into a dead letter. */
const LONGEST_ANSWER = 2048

/** What goes from attempt to attempt: the provider's own, and whether an earlier one may have arrived. */
type Carry = { doubtful: boolean; own?: unknown }

export function createAttempt({ http, clock }: { http: Http; clock: Clock }): Attempt {
  return async (endpoint, notification, carry, signal) => {
    const { doubtful, own } = readCarry(carry)
    let outcome: Outcome
    try {
      outcome = await attempt(endpoint, notification, { doubtful, own }, signal)
    } catch (error) {
      const text = `fault in ${endpoint.provider.type}: ${error instanceof Error ? error.message : String(error)}`
      outcome = { status: 'rejected', reason: { code: 'internal', text } }
    }
    if (outcome.status === 'delivered') return outcome
    const secrets = secretsOf(endpoint)
    const { code, text, answer } = outcome.reason
    const reason = {
      code,
      text: redact(text, secrets),
      ...(answer && { answer: clip(redact(answer, secrets), LONGEST_ANSWER) }),
    }
    if (outcome.status === 'rejected') return { status: 'rejected', reason }
    const next: Carry = { doubtful: doubtful || isDoubtful(reason.code) }
    const kept = outcome.carry ?? own
    if (kept !== undefined) next.own = kept
    return {
      status: 'retry',
      reason,
      ...(outcome.afterMs !== undefined && { afterMs: outcome.afterMs }),
      carry: next,
    }
  }

  async function attempt(
    endpoint: Endpoint,
    notification: Notification,
    { doubtful, own }: Carry,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const { provider, target, timeoutMs, proxy } = endpoint
    const asked = provider.request(notification, target, { carry: own, now: clock.now() })
    const request = { ...asked, headers: mergeHeaders(asked.headers, target.headers) }
    const result = await http.send(request, { timeoutMs, proxy, signal })
    if (result.type === 'fault') return { status: 'retry', reason: result.reason }
    const { answer } = result
    const now = clock.now()
    const judged =
      provider.judge?.(answer, { request, carry: own, doubtful, now }) ?? judgeStatus(answer, request.url)
    if (judged.status === 'delivered') return judged
    const outcome = { ...judged, reason: { ...judged.reason, answer: answer.body } }
    if (outcome.status !== 'retry' || outcome.afterMs !== undefined) return outcome
    const afterMs = parseRetryAfter(answer.headers['retry-after'], now)
    return afterMs === undefined ? outcome : { ...outcome, afterMs }
  }
}

function readCarry(carry: unknown): Carry {
  return isObject(carry) ? { doubtful: carry.doubtful === true, own: carry.own } : { doubtful: false }
}

/** The headers that belong to the connection, not to the message: undici makes them itself. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The endpoint's headers over the provider's, whatever the case of their names. */
function mergeHeaders(
  base: { [name: string]: string },
  over: { [name: string]: string },
): { [name: string]: string } {
  const merged: { [name: string]: string } = {}
  for (const [name, value] of [...Object.entries(base), ...Object.entries(over)]) {
    const key = name.toLowerCase()
    if (!CONNECTION_HEADERS.has(key)) merged[key] = value
  }
  return merged
}
