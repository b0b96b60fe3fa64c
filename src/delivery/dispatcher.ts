/** Fans each event out to the endpoints that want it, and tries again what may yet arrive. */
import type { Clock } from '../clock.ts'
import { type LifecycleEvent, statusOf } from '../event.ts'
import type { Language } from '../language.ts'
import { type Log, silentLog } from '../log.ts'
import type { Outcome } from '../outcome.ts'
import { createAttempt } from './attempt.ts'
import type { Endpoint } from './endpoint.ts'
import type { Http } from './http.ts'
import { createLane, type Lane } from './lane.ts'
import { type Plugin, toPayload } from './payload.ts'
import type { Notification } from './provider.ts'

/** What came of one attempt. `last`: no other follows. */
export type AttemptReport = {
  endpoint: Endpoint
  event: LifecycleEvent
  /** Counted from 1. */
  attempt: number
  outcome: Outcome
  last: boolean
  tookMs: number
}

export type TestOutcome = Outcome | { status: 'skipped'; why: 'disabled' }

export type TestResult = {
  key: string
  name: string
  type: string
  /** True where the endpoint gets no such event otherwise. */
  notSubscribed: boolean
  /** Of all attempts together. */
  tookMs: number
  outcome: TestOutcome
}

export type Dispatcher = {
  /** Resolves when no endpoint has the event left to deliver; never rejects. */
  dispatch(event: LifecycleEvent): Promise<void>
  /** Sends to every enabled endpoint, or to those with these keys; tells each result in the order of the config. */
  test(
    event: LifecycleEvent,
    options?: { endpoints?: readonly string[]; onResult?: (result: TestResult) => void },
  ): Promise<TestResult[]>
  /** Takes no more; gives what is under way this long to end. */
  stop(deadlineMs: number): Promise<void>
}

const IN_FLIGHT = 4
const LONGEST_QUEUE = 1000
/** Who asks for a longer pause than this is not asked again here. */
const LONGEST_WAIT_MS = 60_000

export function createDispatcher(deps: {
  endpoints: readonly Endpoint[]
  http: Http
  clock: Clock
  plugin: Plugin
  log?: Log
  onOutcome?: (report: AttemptReport) => void
}): Dispatcher {
  const { endpoints, http, clock, plugin, log = silentLog, onOutcome } = deps
  const attempt = createAttempt({ http, clock })
  const abort = new AbortController()
  const lanes = new Map<Endpoint, Lane>()
  const tests = new Set<Promise<unknown>>()
  let stopped = false

  function laneOf(endpoint: Endpoint): Lane {
    const lane = lanes.get(endpoint) ?? createLane({ width: IN_FLIGHT, longest: LONGEST_QUEUE })
    lanes.set(endpoint, lane)
    return lane
  }

  /** Tries until it is delivered, rejected or out of retries; `onFirst` when the first attempt is over. */
  async function deliver(
    endpoint: Endpoint,
    notification: Notification,
    onFirst?: () => void,
  ): Promise<Outcome> {
    const { event } = notification
    let carry: unknown
    for (let count = 1; ; count++) {
      const startedAt = clock.monotonic()
      const outcome = await attempt(endpoint, notification, carry, abort.signal)
      const waitMs = waitOf(endpoint, outcome, count)
      const last = waitMs === undefined || abort.signal.aborted
      report(
        { endpoint, event, attempt: count, outcome, last, tookMs: clock.monotonic() - startedAt },
        waitMs,
      )
      if (count === 1) onFirst?.()
      if (last || outcome.status !== 'retry') return outcome
      try {
        await clock.sleep(waitMs, abort.signal)
      } catch {
        log.warn(fieldsOf(endpoint, event), `${event.name} to ${endpoint.key} given up: the bridge stops`)
        return outcome
      }
      carry = outcome.carry
    }
  }

  function report(result: AttemptReport, waitMs: number | undefined) {
    logAttempt(log, result, waitMs)
    guard(() => onOutcome?.(result))
  }

  /** A listener's fault is no reason to stop delivering. */
  function guard(call: () => void) {
    try {
      call()
    } catch (error) {
      log.error({ err: error }, 'a listener of the notifications failed')
    }
  }

  function notifications(event: LifecycleEvent): (language: Language) => Notification {
    const made = new Map<Language, Notification>()
    return language => {
      const notification = made.get(language) ?? {
        event,
        language,
        payload: toPayload(event, { plugin, language }),
      }
      made.set(language, notification)
      return notification
    }
  }

  function enqueue(endpoint: Endpoint, notification: Notification): Promise<void> {
    const { event } = notification
    return new Promise(resolve => {
      laneOf(endpoint).push({
        group: event.taskId,
        minor: statusOf(event.name) === 'start',
        run: begun =>
          deliver(endpoint, notification, begun).then(
            () => resolve(),
            error => {
              log.error({ err: error, endpoint: endpoint.key }, `a delivery to ${endpoint.key} failed`)
              resolve()
            },
          ),
        drop() {
          const why = stopped ? 'the bridge stops' : `more than ${LONGEST_QUEUE} wait`
          log.warn(fieldsOf(endpoint, event), `${event.name} for ${endpoint.key} dropped: ${why}`)
          resolve()
        },
      })
    })
  }

  async function testOne(endpoint: Endpoint, notification: Notification): Promise<TestResult> {
    const startedAt = clock.monotonic()
    const outcome: TestOutcome = endpoint.enabled
      ? await deliver(endpoint, notification)
      : { status: 'skipped', why: 'disabled' }
    return {
      key: endpoint.key,
      name: endpoint.name,
      type: endpoint.provider.type,
      notSubscribed: !subscribes(endpoint, notification.event),
      tookMs: clock.monotonic() - startedAt,
      outcome,
    }
  }

  return {
    async dispatch(event) {
      if (stopped) {
        log.warn({ server: event.server, event: event.id }, `${event.name} not sent: the bridge stops`)
        return
      }
      const wanted = endpoints.filter(endpoint => endpoint.enabled && subscribes(endpoint, event))
      try {
        const inLanguage = notifications(event)
        await Promise.all(wanted.map(endpoint => enqueue(endpoint, inLanguage(endpoint.language))))
      } catch (error) {
        log.error({ err: error, event: event.id }, `${event.name} could not be put into words`)
      }
    },

    async test(event, { endpoints: keys, onResult } = {}) {
      const inLanguage = notifications(event)
      const asked = endpoints.filter(({ key }) => keys?.includes(key) ?? true)
      const running = asked.map(endpoint => testOne(endpoint, inLanguage(endpoint.language)))
      const all = Promise.all(running)
      tests.add(all)
      try {
        const results: TestResult[] = []
        for (const pending of running) {
          const result = await pending
          results.push(result)
          guard(() => onResult?.(result))
        }
        return results
      } finally {
        tests.delete(all)
      }
    },

    async stop(deadlineMs) {
      stopped = true
      const cancel = clock.after(deadlineMs, () => {
        abort.abort()
        for (const lane of lanes.values()) lane.clear()
      })
      await Promise.all([...[...lanes.values()].map(lane => lane.idle()), ...tests])
      cancel()
    },
  }
}

/** True when an endpoint is to get this event, be it enabled or not. */
export function subscribes({ events, servers }: Endpoint, event: LifecycleEvent): boolean {
  return events.includes(event.name) && (servers?.includes(event.server) ?? true)
}

/** How long to wait before the attempt after this one; undefined when there is none. */
function waitOf({ retryDelaysMs }: Endpoint, outcome: Outcome, count: number): number | undefined {
  const delayMs = retryDelaysMs[count - 1]
  if (outcome.status !== 'retry' || delayMs === undefined) return undefined
  const waitMs = Math.max(delayMs, outcome.afterMs ?? 0)
  return waitMs > LONGEST_WAIT_MS ? undefined : waitMs
}

function fieldsOf(endpoint: Endpoint, event: LifecycleEvent) {
  return { server: event.server, endpoint: endpoint.key, event: event.id }
}

function logAttempt(log: Log, result: AttemptReport, waitMs: number | undefined) {
  const { endpoint, event, outcome, last } = result
  const fields = { ...fieldsOf(endpoint, event), attempt: result.attempt, tookMs: Math.round(result.tookMs) }
  const what = `${event.name} to ${endpoint.key}`
  if (outcome.status === 'delivered') return log.debug(fields, `${what} delivered`)
  const why = outcome.reason.text
  const coded = { ...fields, reason: outcome.reason.code }
  if (last) return log.warn(coded, `${what} failed: ${why}`)
  return log.info(coded, `${what}: ${why}; again in ${(waitMs ?? 0) / 1000} s`)
}
