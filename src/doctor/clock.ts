/** This machine's clock, compared with that of a push service; signatures and certificates depend on it. */
import { USER_AGENT } from '../bridge.ts'
import type { Endpoint } from '../delivery/endpoint.ts'
import { createHttp } from '../delivery/http.ts'
import { formatDuration } from '../duration.ts'
import { ok, type Said, warning } from './finding.ts'
import type { Patient } from './patient.ts'

const TIMEOUT_MS = 5_000
/** A date in HTTP has whole seconds, and the answer has been on its way. */
const MOST_WRONG_MS = 60_000

/** Of the first service that tells its time, by its front page: no message, and no key. */
export async function checkClock({ endpoints, env, clock }: Patient): Promise<Said[]> {
  const http = createHttp({ userAgent: USER_AGENT, clock, env })
  try {
    for (const endpoint of endpoints) {
      const page = endpoint.enabled ? frontPage(endpoint) : undefined
      if (page === undefined) continue
      const result = await http.send(
        { method: 'GET', url: page, headers: {} },
        { timeoutMs: TIMEOUT_MS, ...(endpoint.proxy !== undefined && { proxy: endpoint.proxy }) },
      )
      const at = result.type === 'answer' ? Date.parse(result.answer.headers.date ?? '') : Number.NaN
      if (!Number.isNaN(at)) return [judge(clock.now() - at, new URL(page).host)]
    }
    return []
  } finally {
    await http.close()
  }
}

/** Of a service's host. A webhook may be anything, and its front page too: it is left alone. */
function frontPage({ provider, target }: Endpoint): string | undefined {
  const url = URL.parse(target.url)
  if (provider.type === 'webhook' || !url || url.pathname === '/') return undefined
  return `${url.origin}/`
}

function judge(aheadMs: number, host: string): Said {
  if (Math.abs(aheadMs) <= MOST_WRONG_MS) return ok(`the clock of this machine agrees with ${host}`)
  return warning(
    `the clock of this machine is ${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} that of ${host}`,
    'set it, best by NTP (timedatectl set-ntp true)',
  )
}
