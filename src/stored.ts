/** What an earlier run stored of one server. */
import type { Clock } from './clock.ts'
import { positionKey } from './follow.ts'
import { type LifecycleState, parseState } from './lifecycle.ts'
import type { Log } from './log.ts'
import { oneError } from './outbox/error.ts'
import type { Store } from './outbox/store.ts'

/**
 * The lifecycle's state, where there is one; undefined while the store can't be read. An unreadable one is kept aside,
 * and said.
 */
export function readStored(
  store: Store,
  server: string,
  { clock, log }: { clock: Clock; log: Log },
): { state?: LifecycleState } | undefined {
  // What the disk has not taken yet is newer than what it has.
  const waiting = store.waiting('state', server)
  let found: { body?: unknown } | undefined = waiting && { ...waiting }
  try {
    found ??= store.read(database => ({
      body: database.prepare('SELECT body FROM state WHERE server = ?').get(server)?.body,
    }))
  } catch (error) {
    log.error({}, `the stored state can't be read: ${oneError(error)}`)
  }
  if (!found) return undefined
  if (found.body === undefined) return {}
  const state = parseState(found.body)
  if (state) return { state }
  log.error({}, 'the stored state is unreadable; it is set aside, and the lifecycle begins anew')
  const aside = `${server} (unreadable since ${new Date(clock.now()).toISOString()})`
  void store.put([{ table: 'state', server: aside, body: String(found.body) }])
  return {}
}

/** How far the log was read; undefined where it never was. */
export function readPosition(store: Store, server: string): unknown {
  const key = positionKey(server)
  const waiting = store.waiting('position', key)
  if (waiting?.table === 'position') return waiting.body
  return store.read(database => ({
    body: database.prepare('SELECT body FROM position WHERE source = ?').get(key)?.body,
  }))?.body
}
