/** The store of a folder, as the bridge opens it at its start. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { type Ownership, openDatabase, ownFolder, StoreError } from './database.ts'
import { createStore, type Health, type Store } from './store.ts'

export type StoreNews =
  | { type: 'health'; health: Health }
  | { type: 'moved_aside'; file: string }
  | { type: 'forgotten'; rows: number }

export type OpenedStore = { store: Store; close(): void }

/**
 * Owns the folder and opens its store. Throws StoreError where a person must act: another bridge, a newer store.
 * A disk that refuses is no reason not to start: the store is at risk then, and tries again.
 */
export function openStore(
  dir: string,
  deps: { clock: Clock; log: Log; onNews(news: StoreNews): void },
): OpenedStore {
  const { clock, log, onNews } = deps
  let ownership: Ownership | undefined

  function open() {
    ownership ??= ownFolder(dir, clock.now())
    const { database, movedAside } = openDatabase(dir, clock.now())
    if (movedAside !== undefined) {
      log.error({ file: movedAside }, `the store was corrupt; it was moved to ${movedAside} and begun anew`)
      onNews({ type: 'moved_aside', file: movedAside })
    }
    return database
  }

  const store = createStore(open, {
    clock,
    onHealth: health => {
      if (health.atRisk)
        log.error(
          { reason: health.reason },
          `the store can't be written (${health.reason}): events live in memory until ${dir} can be written again`,
        )
      else log.info({}, 'the store is written again')
      onNews({ type: 'health', health })
    },
    onForgotten: rows => {
      log.error({ rows }, `the store has not been writable for so long that ${rows} rows were forgotten`)
      onNews({ type: 'forgotten', rows })
    },
  })
  try {
    store.open()
  } catch (error) {
    if (error instanceof StoreError) throw error
    // Says that it is at risk, and tries again.
    store.flush()
  }
  return {
    store,
    close: () => {
      store.close()
      ownership?.release()
    },
  }
}
