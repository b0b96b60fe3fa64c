/** Forgets what is old, in small steps, so that no commit waits long for it. */
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { oneError } from './error.ts'
import type { Store } from './store.ts'

export type Retention = {
  /** Of events and of deliveries that ended. */
  keepMs: number
  /** Of dead letters. */
  keepDeadMs: number
  /** Of the whole file. */
  maxBytes: number
}

const STEP_ROWS = 500
const PRUNE_EVERY_MS = 3_600_000
/** Between two steps of one pruning. */
const STEP_PAUSE_MS = 200

/** Prunes once a while after the start and then every hour; the answer stops it. */
export function pruneNowAndThen(store: Store, clock: Clock, log: Log, retention: Retention): () => void {
  let cancel = clock.after(STEP_PAUSE_MS, step)
  function step() {
    let more = false
    try {
      more = store.read(database => pruneStep(database, clock.now(), retention)) ?? false
    } catch (error) {
      log.warn({}, `old records could not be pruned: ${oneError(error)}`)
    }
    cancel = clock.after(more ? STEP_PAUSE_MS : PRUNE_EVERY_MS, step)
  }
  return () => cancel()
}

/** One step; true where there may be more to do. Dead letters go last, and only by their own age or for want of room. */
export function pruneStep(database: DatabaseSync, now: number, retention: Retention): boolean {
  const ended = deleteDeliveries(
    database,
    `(state IN ('delivered', 'digested', 'expired', 'dropped') AND ended_at < ${now - retention.keepMs})
     OR (state = 'dead' AND ended_at < ${now - retention.keepDeadMs})`,
  )
  const events = deleteEvents(database, `stored_at < ${now - retention.keepMs}`)
  if (ended + events > 0) return true
  if (usedBytes(database) <= retention.maxBytes) return false
  const forRoom =
    deleteDeliveries(database, "state IN ('delivered', 'digested', 'expired', 'dropped')") ||
    deleteEvents(database, '1') ||
    deleteDeliveries(database, "state = 'dead'")
  database.exec('PRAGMA incremental_vacuum(1000)')
  return forRoom > 0
}

function deleteDeliveries(database: DatabaseSync, condition: string): number {
  const chosen = `SELECT id FROM delivery WHERE ${condition} ORDER BY ended_at LIMIT ${STEP_ROWS}`
  database.exec('BEGIN IMMEDIATE')
  try {
    database.prepare(`DELETE FROM attempt WHERE delivery_id IN (${chosen})`).run()
    const { changes } = database.prepare(`DELETE FROM delivery WHERE id IN (${chosen})`).run()
    database.exec('COMMIT')
    return Number(changes)
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/** Events that no delivery needs any more. */
function deleteEvents(database: DatabaseSync, condition: string): number {
  const { changes } = database
    .prepare(
      `DELETE FROM event WHERE seq IN (
         SELECT seq FROM event WHERE ${condition}
         AND NOT EXISTS (SELECT 1 FROM delivery WHERE event_id = event.id)
         ORDER BY seq LIMIT ${STEP_ROWS})`,
    )
    .run()
  return Number(changes)
}

function usedBytes(database: DatabaseSync): number {
  const number = (pragma: string) =>
    Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0)
  return (number('page_count') - number('freelist_count')) * number('page_size')
}
