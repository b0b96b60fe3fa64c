/** What the store holds, for people: by short statements, so that nobody who writes waits for a reader. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { LifecycleEvent } from '../event.ts'
import { isCorruption, STORE_FILE } from './database.ts'
import type { AttemptRecord, Delivery, DeliveryState } from './delivery.ts'
import type { EndpointHealth } from './health.ts'
import { readDelivery, readEvent, readJson, strippedDelivery } from './row.ts'
import { MIGRATIONS } from './schema.ts'

/** Rows of one statement. */
const PAGE = 500

/** The store of a folder, read-only, beside a running bridge or a stopped one. Throws an Error in words for a person. */
export function openReader(dir: string): DatabaseSync {
  const file = join(dir, STORE_FILE)
  if (!existsSync(file)) throw new Error(`there is no store in ${dir} yet: start the bridge once`)
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    database.exec('PRAGMA busy_timeout = 2000')
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as {
      user_version: number
    }
    if (version > MIGRATIONS.length)
      throw new Error(`the store in ${dir} was written by a newer bridge: use that one's pb-bridge`)
    if (version < MIGRATIONS.length)
      throw new Error(`the store in ${dir} is of an older bridge: start the new one once`)
    return database
  } catch (error) {
    database.close()
    if (isCorruption(error))
      throw new Error(`the store in ${dir} is corrupt: start the bridge, which moves it aside`)
    throw error
  }
}

export type StoredEvent = {
  id: string
  at: number
  /** Undefined where the row is unreadable. */
  event: LifecycleEvent | undefined
  deliveries: { id: string; endpoint: string; state: ShownState }[]
}

/** `paused`: it waits, and its endpoint is paused. */
export type ShownState = DeliveryState | 'paused'

export type StoredDelivery = Delivery & {
  shown: ShownState
  tries: (AttemptRecord & { startedAt: number })[]
}

/** Oldest first, of those that happened since. */
export function* readEvents(
  database: DatabaseSync,
  { sinceAt }: { sinceAt: number },
): Generator<StoredEvent> {
  const paused = pausedEndpoints(database)
  const page = database.prepare(
    `SELECT seq, id, at, body FROM event WHERE seq > ? AND at >= ? ORDER BY seq LIMIT ${PAGE}`,
  )
  const deliveries = database.prepare(
    'SELECT id, endpoint, state FROM delivery WHERE event_id = ? ORDER BY endpoint',
  )
  let seq = 0
  for (;;) {
    const rows = page.all(seq, sinceAt)
    for (const row of rows) {
      const id = String(row.id)
      yield {
        id,
        at: Number(row.at),
        event: readEvent(row.body),
        deliveries: deliveries.all(id).map(({ id: delivery, endpoint, state }) => ({
          id: String(delivery),
          endpoint: String(endpoint),
          state: shownState(state as DeliveryState, String(endpoint), paused),
        })),
      }
    }
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    seq = Number(last.seq)
  }
}

/** Those that began since, oldest first. */
export function readDeliveries(
  database: DatabaseSync,
  filter: { sinceAt: number; state?: string; endpoint?: string },
): StoredDelivery[] {
  const paused = pausedEndpoints(database)
  const page = database.prepare(
    `SELECT * FROM delivery WHERE id > ? AND created_at >= ? ORDER BY id LIMIT ${PAGE}`,
  )
  const tries = database.prepare(
    'SELECT started_at, body FROM attempt WHERE delivery_id = ? AND number <= ? ORDER BY number',
  )
  const found: StoredDelivery[] = []
  let after = ''
  for (;;) {
    const rows = page.all(after, filter.sinceAt)
    for (const row of rows) {
      const delivery = readDelivery(row) ?? strippedDelivery(row)
      const shown = shownState(delivery.state, delivery.endpoint, paused)
      if (filter.endpoint !== undefined && delivery.endpoint !== filter.endpoint) continue
      if (filter.state !== undefined && !isShown(shown, filter.state)) continue
      const records = tries.all(delivery.id, delivery.attempts).map(({ started_at: startedAt, body }) => ({
        startedAt: Number(startedAt),
        ...(readJson<AttemptRecord>(body) ?? { outcome: 'unknown' as const }),
      }))
      found.push({ ...delivery, shown, tries: records })
    }
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) break
    after = String(last.id)
  }
  return found.sort((a, b) => a.createdAt - b.createdAt || a.order - b.order)
}

/** What is being sent counts as waiting too, for whoever asks for what is not over. */
function isShown(shown: ShownState, asked: string): boolean {
  return shown === asked || (shown === 'sending' && asked === 'waiting')
}

function shownState(state: DeliveryState, endpoint: string, paused: Set<string>): ShownState {
  return state === 'waiting' && paused.has(endpoint) ? 'paused' : state
}

function pausedEndpoints(database: DatabaseSync): Set<string> {
  const rows = database.prepare('SELECT key, body FROM endpoint').all()
  const isPaused = (body: unknown) => typeof readJson<EndpointHealth>(body)?.pausedAt === 'number'
  return new Set(rows.filter(({ body }) => isPaused(body)).map(({ key }) => String(key)))
}
