/**
 * When a bot may begin a connection. Game servers and proxies refuse who comes again within four seconds from one
 * address (Spigot's and BungeeCord's `connection-throttle`), and hundreds of logins at once would take the machine's
 * time from the bots that are in play already.
 */
import type { Clock } from '../clock.ts'

/** Between two beginnings at one place. */
const PLACE_MS = 4_000
/** Between any two. */
const ANY_MS = 100
/** Places are forgotten after this many others. */
const MAX_PLACES = 4096

export type Gate = {
  /** Resolves when a connection to this place may begin; rejects with the signal's reason. */
  enter(place: string, signal: AbortSignal): Promise<void>
}

export function createGate(clock: Clock): Gate {
  /** Monotonic: when the next may begin, at a place and anywhere. */
  const nextAt = new Map<string, number>()
  let anyAt = 0

  return {
    enter: async (place, signal) => {
      const now = clock.monotonic()
      const at = Math.max(now, anyAt, nextAt.get(place) ?? 0)
      // A place that is waited for long must not hold up the others.
      anyAt = Math.max(now, anyAt) + ANY_MS
      nextAt.delete(place)
      nextAt.set(place, at + PLACE_MS)
      const [oldest] = nextAt.keys()
      if (nextAt.size > MAX_PLACES && oldest !== undefined) nextAt.delete(oldest)
      if (at > now) await clock.sleep(at - now, signal)
    },
  }
}
