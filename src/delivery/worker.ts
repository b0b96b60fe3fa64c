/** Takes what is due from the outbox and tries it: a few at a time for each endpoint, at the pace its service allows. */
import type { Clock } from '../clock.ts'
import { type Log, silentLog } from '../log.ts'
import { oneError } from '../outbox/error.ts'
import type { Entry, Outbox } from '../outbox/outbox.ts'
import type { Outcome } from '../outcome.ts'
import type { Attempt } from './attempt.ts'
import type { Endpoint } from './endpoint.ts'
import { createPace, type Pace } from './pace.ts'
import { type Plugin, toPayload } from './payload.ts'

const IN_FLIGHT = 4
/** Later than this after it happened, a notification says that it is late. */
const LATE_MS = 5 * 60_000

export type Worker = {
  /** Something may be due for this endpoint. */
  wake(endpoint: string): void
  /** From now on these are the endpoints. What is under way for another ends as it began. */
  update(endpoints: readonly Endpoint[]): void
  /** Takes no more; gives what is under way this long, then cuts it. What was cut stays in the outbox. */
  stop(deadlineMs: number): Promise<void>
}

type Lane = { endpoint: Endpoint; pace: Pace; running: Set<Promise<void>>; cancelTimer(): void }

export function createWorker(deps: {
  endpoints: readonly Endpoint[]
  outbox: () => Outbox
  attempt: Attempt
  clock: Clock
  plugin: Plugin
  log?: Log
  onOutcome?(report: { endpoint: Endpoint; entry: Entry; outcome: Outcome; tookMs: number }): void
}): Worker {
  const { outbox, attempt, clock, plugin, log = silentLog } = deps
  const abort = new AbortController()
  let stopped = false
  const lanes = new Map<string, Lane>()
  /** Of endpoints that there are no longer. */
  const leaving = new Set<Lane>()

  function update(endpoints: readonly Endpoint[]) {
    const keys = new Set(endpoints.map(({ key }) => key))
    for (const [key, lane] of lanes) {
      if (keys.has(key)) continue
      lane.cancelTimer()
      lanes.delete(key)
      leaving.add(lane)
    }
    for (const endpoint of endpoints) {
      const lane = lanes.get(endpoint.key)
      const pace =
        lane?.endpoint.provider === endpoint.provider ? lane.pace : createPace(endpoint.provider.rate, clock)
      if (lane) Object.assign(lane, { endpoint, pace })
      else lanes.set(endpoint.key, { endpoint, pace, running: new Set(), cancelTimer: () => {} })
    }
  }
  update(deps.endpoints)

  function pump(lane: Lane) {
    const { key } = lane.endpoint
    lane.cancelTimer()
    let waitMs: number | undefined
    while (!stopped && lane.running.size < IN_FLIGHT) {
      const entry = outbox().next(key)
      if (!entry) {
        waitMs = outbox().nextDueInMs(key)
        break
      }
      waitMs = lane.pace.take()
      if (waitMs > 0) break
      const run = deliver(lane, entry)
        .catch((error: unknown) =>
          log.error(
            { err: error, delivery: entry.delivery.id },
            'a delivery failed by a fault of the bridge',
          ),
        )
        .finally(() => {
          lane.running.delete(run)
          if (!leaving.has(lane)) pump(lane)
          else if (lane.running.size === 0) leaving.delete(lane)
        })
      lane.running.add(run)
    }
    if (waitMs !== undefined && !stopped) lane.cancelTimer = clock.after(waitMs, () => pump(lane))
  }

  async function deliver({ endpoint }: Lane, entry: Entry) {
    await outbox().begin(entry)
    const startedAt = clock.now()
    const started = clock.monotonic()
    const told = await tryOnce(endpoint, entry, startedAt)
    const outcome = abort.signal.aborted ? told : unlessStopped(told)
    const tookMs = clock.monotonic() - started
    await outbox().finish(entry, outcome, startedAt, tookMs)
    say(entry, outcome, tookMs)
    deps.onOutcome?.({ endpoint, entry, outcome, tookMs })
  }

  async function tryOnce(endpoint: Endpoint, { delivery, event }: Entry, now: number): Promise<Outcome> {
    const { language } = endpoint
    const agoMs = now - event.at
    const lateMs = agoMs > LATE_MS ? agoMs : undefined
    try {
      const payload = toPayload(event, { plugin, language, lateMs, tellsStreak: endpoint.problemsOnly })
      const notification = { event, language, payload, lateMs, deliveryId: delivery.id }
      return await attempt(endpoint, notification, delivery.carry, abort.signal)
    } catch (error) {
      // A fault of ours must not leave the delivery under way for ever, nor end the bridge.
      log.error({ err: error, delivery: delivery.id }, `${event.name} could not be put into words`)
      const text = `the event could not be put into words: ${oneError(error)}`
      return { status: 'rejected', reason: { code: 'internal', text } }
    }
  }

  function say({ delivery, event }: Entry, outcome: Outcome, tookMs: number) {
    const fields = {
      server: event.server,
      delivery: delivery.id,
      attempt: delivery.attempts,
      tookMs: Math.round(tookMs),
    }
    const what = `${event.name} to ${delivery.endpoint}`
    if (outcome.status === 'delivered') return log.debug(fields, `${what} delivered`)
    const why = `${what}: ${outcome.reason.text}`
    if (delivery.state === 'dead') return log.warn(fields, `${why}; given up, kept as a dead letter`)
    if (delivery.state === 'expired') return log.info(fields, `${why}; it expires`)
    return log.info(fields, `${why}; tried again at ${new Date(delivery.dueAt).toISOString()}`)
  }

  return {
    wake: key => {
      const lane = lanes.get(key)
      if (lane) pump(lane)
    },
    update,
    async stop(deadlineMs) {
      stopped = true
      for (const lane of lanes.values()) lane.cancelTimer()
      const cancel = clock.after(deadlineMs, () => abort.abort())
      await Promise.allSettled([...lanes.values(), ...leaving].flatMap(({ running }) => [...running]))
      cancel()
    },
  }
}

/** A connection pool that was closed under a try, while the bridge does not stop, is a fault like any other. */
function unlessStopped(outcome: Outcome): Outcome {
  if (outcome.status !== 'retry' || outcome.reason.code !== 'stopped') return outcome
  return { ...outcome, reason: { ...outcome.reason, code: 'reset' } }
}
