/** Test notifications: the same attempt as a real delivery, with short retries only, and nothing kept of them. */
import type { Clock } from '../clock.ts'
import type { LifecycleEvent } from '../event.ts'
import { type Log, silentLog } from '../log.ts'
import type { Outcome } from '../outcome.ts'
import type { Attempt } from './attempt.ts'
import { type Endpoint, subscribes } from './endpoint.ts'
import { type Plugin, toPayload } from './payload.ts'

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

export type Tester = {
  /** Sends to every enabled endpoint, or to those with these keys; tells each result in the order of the config. */
  test(
    event: LifecycleEvent,
    options?: { endpoints?: readonly string[]; onResult?: (result: TestResult) => void },
  ): Promise<TestResult[]>
  /** From now on these are the endpoints. */
  update(endpoints: readonly Endpoint[]): void
  /** Cuts what is under way. */
  stop(): Promise<void>
}

/** Who asks for a longer pause than this is not asked again. */
const LONGEST_WAIT_MS = 10_000

export function createTester(deps: {
  endpoints: readonly Endpoint[]
  attempt: Attempt
  clock: Clock
  plugin: Plugin
  log?: Log
}): Tester {
  const { attempt, clock, plugin, log = silentLog } = deps
  let { endpoints } = deps
  const abort = new AbortController()
  const running = new Set<Promise<unknown>>()

  /** Tries until it is delivered, rejected or out of retries. */
  async function deliver(endpoint: Endpoint, event: LifecycleEvent): Promise<Outcome> {
    const { key, language } = endpoint
    const notification = {
      event,
      language,
      payload: toPayload(event, { plugin, language }),
      deliveryId: `${event.id}@${key}`,
    }
    let carry: unknown
    for (let count = 1; ; count++) {
      const outcome = await attempt(endpoint, notification, carry, abort.signal)
      if (outcome.status !== 'retry') return outcome
      const delayMs = endpoint.testDelaysMs[count - 1]
      const waitMs = Math.max(delayMs ?? 0, outcome.afterMs ?? 0)
      if (delayMs === undefined || waitMs > LONGEST_WAIT_MS || abort.signal.aborted) return outcome
      log.info({ endpoint: key }, `test to ${key}: ${outcome.reason.text}; again in ${waitMs / 1000} s`)
      try {
        await clock.sleep(waitMs, abort.signal)
      } catch {
        return outcome
      }
      carry = outcome.carry
    }
  }

  async function testOne(endpoint: Endpoint, event: LifecycleEvent): Promise<TestResult> {
    const startedAt = clock.monotonic()
    const outcome: TestOutcome = endpoint.enabled
      ? await deliver(endpoint, event)
      : { status: 'skipped', why: 'disabled' }
    return {
      key: endpoint.key,
      name: endpoint.name,
      type: endpoint.provider.type,
      notSubscribed: !subscribes(endpoint, event),
      tookMs: clock.monotonic() - startedAt,
      outcome,
    }
  }

  async function testAll(
    asked: Endpoint[],
    event: LifecycleEvent,
    onResult?: (result: TestResult) => void,
  ): Promise<TestResult[]> {
    const results: TestResult[] = []
    for (const pending of asked.map(endpoint => testOne(endpoint, event))) {
      const result = await pending
      results.push(result)
      try {
        onResult?.(result)
      } catch (error) {
        log.error({ err: error }, 'a listener of the test failed')
      }
    }
    return results
  }

  return {
    test(event, { endpoints: keys, onResult } = {}) {
      const asked = endpoints.filter(({ key }) => keys?.includes(key) ?? true)
      const run = testAll(asked, event, onResult)
      running.add(run)
      return run.finally(() => running.delete(run))
    },
    update: next => {
      endpoints = next
    },
    async stop() {
      abort.abort()
      await Promise.allSettled(running)
    },
  }
}
