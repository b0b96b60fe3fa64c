/** Since when an endpoint fails, and whether it is paused. Pure: time, not count, decides (facts/delivery.md section 1). */

export type EndpointHealth = {
  /** Changes with the endpoint's part of the config; a change ends a pause. */
  fingerprint: string
  /** The first failure since the last success; null while all is well. */
  failingSince: number | null
  pausedAt: number | null
  /** In words, for a person. */
  pausedFor: string | null
  /** While paused: when one waiting delivery is tried. */
  probeAt: number | null
}

export const PAUSE_AFTER_MS = 3 * 86_400_000
export const PROBE_EVERY_MS = 6 * 3_600_000

export function soundHealth(fingerprint: string): EndpointHealth {
  return { fingerprint, failingSince: null, pausedAt: null, pausedFor: null, probeAt: null }
}

/** After a try. `gone`: the receiver said that the address is given up (HTTP 410). */
export function afterTry(
  health: EndpointHealth,
  now: number,
  result: { delivered: boolean; gone?: boolean; reason?: string },
): EndpointHealth {
  if (result.delivered) return soundHealth(health.fingerprint)
  // A time to come was written before the clock was set back.
  const failingSince = Math.min(health.failingSince ?? now, now)
  if (health.pausedAt !== null) return { ...health, failingSince, probeAt: now + PROBE_EVERY_MS }
  if (!result.gone && now - failingSince < PAUSE_AFTER_MS) return { ...health, failingSince }
  return {
    ...health,
    failingSince,
    pausedAt: now,
    pausedFor: result.reason ?? 'it fails',
    probeAt: now + PROBE_EVERY_MS,
  }
}

/** Milliseconds until a paused endpoint is tried; a clock that was set back makes that no longer than a round. */
export function probeInMs({ probeAt }: EndpointHealth, now: number): number {
  return Math.min(Math.max(0, (probeAt ?? now) - now), PROBE_EVERY_MS)
}
