/** How fast a service, or a chat, takes messages: a token bucket (facts/providers.md, facts/chat-and-log.md). */
import type { Clock } from '../clock.ts'

export type Rate = {
  /** At once after a pause. */
  burst: number
  /** One more every so often. */
  intervalMs: number
}

export type Pace = {
  /** Takes a token and answers 0, or takes none and answers how long to wait for one. */
  take(): number
}

/** Without a rate there is no limit. */
export function createPace(rate: Rate | undefined, clock: Clock): Pace {
  if (!rate) return { take: () => 0 }
  const { burst, intervalMs } = rate
  let tokens = burst
  let filledAt = clock.monotonic()
  return {
    take: () => {
      const now = clock.monotonic()
      const filled = Math.floor((now - filledAt) / intervalMs)
      tokens = Math.min(burst, tokens + filled)
      filledAt = tokens === burst ? now : filledAt + filled * intervalMs
      if (tokens === 0) return filledAt + intervalMs - now
      tokens -= 1
      return 0
    },
  }
}
