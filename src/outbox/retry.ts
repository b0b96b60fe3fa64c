/** When a delivery is tried again, and when it is given up. Pure; what the numbers follow: facts/delivery.md. */
import type { Outcome, Reason } from '../outcome.ts'

export type RetryPolicy = {
  /** The wait before each further try. */
  delaysMs: readonly number[]
  /** 0.2: each wait is made up to a fifth longer or shorter. */
  jitter: number
  /** False for `retry_times`, which means what it means for the fork: these waits and no other rule. */
  patient: boolean
}

/** `retry_times` of the fork: after 1, 2 and 4 seconds (facts/compat.md section 5). */
export const RETRY_DELAYS_MS = [1000, 2000, 4000]

/** Svix's penalty: a receiver that was too slow, or said "too many", is left alone this long. */
const PENALTY_MS = 60_000
/** A connection that died sooner than this was a stale one: one more try at once. */
const STALE_CONNECTION_MS = 1_000

const PENALISED = new Set<Reason['code']>(['timeout', 'http_rate_limited', 'vendor_quota'])

export type Tries = {
  /** Tries that are over, this one included. */
  attempts: number
  /** Whether the one try at once for a stale connection was taken. */
  stale: boolean
}

export type Verdict =
  | { state: 'delivered' }
  | { state: 'waiting'; afterMs: number; stale: boolean }
  | { state: 'dead'; why: 'rejected' | 'exhausted' | 'removed' }
  /** A start that would come too late to be of use. */
  | { state: 'expired' }

/**
 * What comes of a delivery after a try. `expiresInMs`: a start is worth nothing later than this;
 * undefined for all else. `random` is in [0, 1).
 */
export function judgeTry(
  outcome: Outcome,
  tookMs: number,
  tries: Tries,
  policy: RetryPolicy,
  limits: { expiresInMs?: number; random: number },
): Verdict {
  if (outcome.status === 'delivered') return { state: 'delivered' }
  if (outcome.status === 'rejected') return { state: 'dead', why: 'rejected' }
  if (policy.patient && !tries.stale && outcome.reason.code === 'reset' && tookMs < STALE_CONNECTION_MS)
    return { state: 'waiting', afterMs: 0, stale: true }
  const stepMs = policy.delaysMs[tries.attempts - 1 - (tries.stale ? 1 : 0)]
  if (stepMs === undefined) return { state: 'dead', why: 'exhausted' }
  const afterMs = waitMs(stepMs, outcome, policy, limits.random)
  if (limits.expiresInMs !== undefined && afterMs > limits.expiresInMs) return { state: 'expired' }
  return { state: 'waiting', afterMs, stale: tries.stale }
}

function waitMs(
  stepMs: number,
  outcome: Outcome & { status: 'retry' },
  policy: RetryPolicy,
  random: number,
): number {
  const longestMs = Math.max(...policy.delaysMs)
  const askedMs = Math.min(outcome.afterMs ?? 0, longestMs)
  if (!policy.patient) return Math.max(stepMs, askedMs)
  const jitteredMs = stepMs * (1 + policy.jitter * (2 * random - 1))
  const penaltyMs = PENALISED.has(outcome.reason.code) ? PENALTY_MS : 0
  return Math.max(jitteredMs, askedMs, penaltyMs)
}
