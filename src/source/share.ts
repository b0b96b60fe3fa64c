/**
 * How much of the process's time one server may take. All bots share one thread: a server that says more than can be read
 * would leave no time for the others.
 */

/** Of all time; a busy server takes a hundredth. */
const SHARE = 0.1
/** At once, before the share counts: joining a server, and the first join of all, take more than what comes later. */
const BURST_MS = 1_000
/** One read counts as no more: it may have been the machine that took so long, or what is compiled once for all bots. */
const LONGEST_MS = 250

export type Share = {
  /** Something took so long, and ended now (both monotonic): for how long there must be nothing more. */
  take(tookMs: number, now: number): number
}

export function createShare(now: number): Share {
  let leftMs = BURST_MS
  let lastAt = now
  return {
    take: (tookMs, now) => {
      leftMs = Math.min(BURST_MS, leftMs + SHARE * (now - lastAt)) - Math.min(tookMs, LONGEST_MS)
      lastAt = now
      return leftMs >= 0 ? 0 : Math.ceil(-leftMs / SHARE)
    },
  }
}
