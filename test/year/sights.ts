/** Who could see what, and by when whoever is told must have been: the judge's own reckoning. */
import type { Shown } from './backups.ts'
import { HOUR, MINUTE } from './plan.ts'
import { both, either, type Trace, traceOf } from './trace.ts'
import type { Story } from './year.ts'

/** A poll of the log, and a request. */
const PROMPT_MS = 5_000
/** Chat takes over after a minute without the log (issue 5). */
const TAKEOVER_MS = MINUTE + PROMPT_MS
/** The default waits before each further try, and how much shorter or longer each may be. */
const RETRIES_MS = [1, 5, 30, 120, 600, 1800, 7200, 21_600, 43_200, 86_400, 86_400].map(s => s * 1000)
const JITTER = 0.2

export type Sights = ReturnType<typeof sightsOf>

export function sightsOf({ plan, told, truth }: Pick<Story, 'plan' | 'told' | 'truth'>) {
  const { bridge, log, bot, receiver } = told.traces
  const from = plan.from
  const until = plan.until + 30 * 24 * HOUR
  const nothing = traceOf(false)
  const reads = plan.source === 'chat' ? nothing : both(bridge, log, from, until)
  /** A source sees, whatever the server does; a bridge that is away reads the log on. */
  const sees = plan.source === 'chat' ? bot : plan.source === 'log' ? log : either(log, bot, from, until)

  function seenAt({ at, chat }: Shown): number {
    const inLog = reads.nextTrue(at) + PROMPT_MS
    if (!chat || !bot.at(at)) return inLog
    if (plan.source === 'chat') return at + PROMPT_MS
    // Until the log has been away for a minute, chat's word is held.
    return bridge.held(at, at + TAKEOVER_MS) ? Math.min(inLog, at + TAKEOVER_MS) : inLog
  }

  /** By when a receiver has what the bridge came to at that moment; what fell due while the bridge was away comes with it. */
  function arrivesBy(at: number): number {
    const arrivedBy = retriedBy(at)
    return bridge.held(at, arrivedBy)
      ? arrivedBy
      : Math.max(arrivedBy, bridge.nextTrue(arrivedBy) + PROMPT_MS)
  }

  function retriedBy(at: number): number {
    if (receiver.held(at, at + PROMPT_MS)) return at + PROMPT_MS
    const backAt = receiver.nextTrue(at + PROMPT_MS)
    let triedMs = 0
    for (const waitMs of RETRIES_MS) {
      if (at + triedMs > backAt) break
      triedMs += waitMs * (1 - JITTER)
      if (at + triedMs > backAt) return backAt + waitMs * (1 + JITTER) + PROMPT_MS
    }
    return Number.POSITIVE_INFINITY
  }

  return {
    seenAt,
    arrivesBy,
    sees: sees satisfies Trace,
    /** The bridge runs again, and can tell what fell due meanwhile. */
    runsAt: (at: number) => bridge.nextTrue(at),
    /** The server runs and a source sees it. */
    watched: both(truth.server, sees, from, until),
    /** Somebody or something was away at some time between. */
    isDisturbed: (begin: number, end: number) =>
      plan.source === 'chat' ? !bot.held(begin, end) : !(log.held(begin, end) && bridge.held(begin, end)),
  }
}
