/**
 * Rows on their way to the disk. What is put in one turn of the event loop commits in ONE transaction, whoever put it
 * (group commit; design invariant 5). The store is
 *   sound    a `put` is answered when it is on the disk.
 *   at risk  the disk refuses. Rows wait in memory, newest state of each row only, and are written as soon as the
 *            disk takes them again; a `put` is answered at once. Tried again after 1 s, then less and less often.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { isCorruption } from './database.ts'
import { oneError } from './error.ts'

export type Row =
  | { table: 'state'; server: string; body: string }
  | { table: 'position'; source: string; body: string }
  | { table: 'endpoint'; key: string; body: string }
  | { table: 'event'; id: string; at: number; stored_at: number; body: string }
  | {
      table: 'delivery'
      id: string
      event_id: string
      endpoint: string
      state: string
      created_at: number
      due_at: number
      ended_at: number | null
      body: string
    }
  | { table: 'attempt'; delivery_id: string; number: number; started_at: number; body: string }

type Table = Row['table']

const COLUMNS: { [T in Table]: { keys: string[]; values: string[] } } = {
  state: { keys: ['server'], values: ['body'] },
  position: { keys: ['source'], values: ['body'] },
  endpoint: { keys: ['key'], values: ['body'] },
  event: { keys: ['id'], values: ['at', 'stored_at', 'body'] },
  delivery: {
    keys: ['id'],
    values: ['event_id', 'endpoint', 'state', 'created_at', 'due_at', 'ended_at', 'body'],
  },
  attempt: { keys: ['delivery_id', 'number'], values: ['started_at', 'body'] },
}

/** More rows than this are not kept in memory while the disk refuses. */
const MAX_WAITING_ROWS = 50_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

export type Health = { atRisk: false } | { atRisk: true; reason: string }

export type Store = {
  /** Resolves when the rows are on the disk, or, while the store is at risk, at once. Never rejects. */
  put(rows: readonly Row[]): Promise<void>
  /** Opens the database, for whoever wants to know what `open` throws. */
  open(): void
  /** Writes what waits, now. False where the disk refuses. */
  flush(): boolean
  /** A look at what is on the disk; undefined while there is no database. What waits is not in it. */
  read<T>(look: (database: DatabaseSync) => T): T | undefined
  /** `rows` is all that must be put again when the file has to be begun anew. */
  salvageWith(rows: () => readonly Row[]): void
  /** A row that waits for the disk. */
  waiting(table: Table, key: string): Row | undefined
  health(): Health
  close(): void
}

/** `open` gives the database; it may throw now and be tried again later. */
export function createStore(
  open: () => DatabaseSync,
  deps: {
    clock: Clock
    onHealth(health: Health): void
    onForgotten?(rows: number): void
  },
): Store {
  const { clock, onHealth } = deps
  const rows = new Map<string, Row>()
  let database: DatabaseSync | undefined
  let statements = new Map<Table, StatementSync>()
  let answers: (() => void)[] = []
  let scheduled: NodeJS.Immediate | undefined
  let health: Health = { atRisk: false }
  let retryMs = FIRST_RETRY_MS
  let cancelRetry: (() => void) | undefined
  let closed = false
  let salvage: () => readonly Row[] = () => []

  function setHealth(next: Health) {
    if (next.atRisk === health.atRisk) return
    health = next
    onHealth(next)
  }

  function statementFor(db: DatabaseSync, table: Table): StatementSync {
    const known = statements.get(table)
    if (known) return known
    const { keys, values } = COLUMNS[table]
    const columns = [...keys, ...values]
    const statement = db.prepare(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(name => `:${name}`).join(', ')})
       ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${values.map(name => `${name} = excluded.${name}`).join(', ')}`,
    )
    statements.set(table, statement)
    return statement
  }

  function writeAll() {
    database ??= open()
    database.exec('BEGIN IMMEDIATE')
    try {
      for (const { table, ...values } of rows.values()) statementFor(database, table).run(values)
      database.exec('COMMIT')
    } catch (error) {
      try {
        database.exec('ROLLBACK')
      } catch {}
      throw error
    }
  }

  function flush(): boolean {
    if (scheduled) clearImmediate(scheduled)
    scheduled = undefined
    // Whoever is told of the health may put more, which is answered by a later commit.
    const answered = answers
    answers = []
    let sound = true
    try {
      // A file that can't be opened is a risk before there is anything to write.
      if (rows.size > 0 || (!database && !closed)) writeAll()
      rows.clear()
      retryMs = FIRST_RETRY_MS
      cancelRetry?.()
      cancelRetry = undefined
      setHealth({ atRisk: false })
    } catch (error) {
      sound = false
      if (isCorruption(error)) abandon()
      setHealth({ atRisk: true, reason: oneError(error) })
      if (!closed && !cancelRetry) {
        cancelRetry = clock.after(retryMs, () => {
          cancelRetry = undefined
          flush()
        })
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)
      }
    }
    for (const answer of answered) answer()
    return sound
  }

  /** A file that went corrupt is opened anew, where it is moved aside; what is active is put again. */
  function abandon() {
    try {
      database?.close()
    } catch {}
    database = undefined
    statements = new Map()
    for (const row of salvage()) rows.set(keyOf(row), row)
  }

  /** While the disk refuses: single attempts go first, then the oldest; never the few rows of servers and endpoints. */
  function forget() {
    if (rows.size <= MAX_WAITING_ROWS) return
    const surplus = Math.ceil(MAX_WAITING_ROWS / 10)
    const keys = [...rows.keys()]
    const minor = keys.filter(key => key.startsWith('attempt '))
    const others = keys.filter(key => key.startsWith('event ') || key.startsWith('delivery '))
    const forgotten = [...minor, ...others].slice(0, surplus)
    for (const key of forgotten) rows.delete(key)
    if (forgotten.length > 0) deps.onForgotten?.(forgotten.length)
  }

  return {
    put: added => {
      for (const row of added) {
        const key = keyOf(row)
        // A row that changes goes to the end, so that what is forgotten first is what has long not changed.
        rows.delete(key)
        rows.set(key, row)
      }
      if (health.atRisk || closed) {
        forget()
        return Promise.resolve()
      }
      scheduled ??= setImmediate(flush)
      return new Promise(resolve => answers.push(resolve))
    },
    open: () => {
      database ??= open()
    },
    flush,
    read: look => {
      if (!database) {
        try {
          database = open()
        } catch {
          return undefined
        }
      }
      return look(database)
    },
    salvageWith: next => {
      salvage = next
    },
    waiting: (table, key) => rows.get(`${table} ${key}`),
    health: () => health,
    close: () => {
      closed = true
      flush()
      cancelRetry?.()
      statements = new Map()
      database?.close()
      database = undefined
    },
  }
}

function keyOf(row: Row): string {
  switch (row.table) {
    case 'state':
      return `state ${row.server}`
    case 'position':
      return `position ${row.source}`
    case 'endpoint':
      return `endpoint ${row.key}`
    case 'event':
    case 'delivery':
      return `${row.table} ${row.id}`
    case 'attempt':
      return `attempt ${row.delivery_id} ${row.number}`
    default:
      return row satisfies never
  }
}
