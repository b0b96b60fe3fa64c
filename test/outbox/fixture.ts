/** What the tests of the outbox share: a database that can refuse, temporary folders, events. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import type { LifecycleEvent } from '../../src/event.ts'
import type { Delivery } from '../../src/outbox/delivery.ts'
import { type EndpointHealth, soundHealth } from '../../src/outbox/health.ts'
import { createOutbox, type OutboxNews, type Recipient } from '../../src/outbox/outbox.ts'
import type { RetryPolicy } from '../../src/outbox/retry.ts'
import { MIGRATIONS } from '../../src/outbox/schema.ts'
import { createStore, type Health, type Row, type Store } from '../../src/outbox/store.ts'
import type { Outcome } from '../../src/outcome.ts'
import { type FakeClock, fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** An error as `node:sqlite` throws it. */
export function sqliteError(errcode: number, errstr: string): Error {
  return Object.assign(new Error(errstr), { code: 'ERR_SQLITE_ERROR', errcode, errstr })
}

export const DISK_FULL = sqliteError(13, 'database or disk is full')

/** A real database that counts its commits and refuses them when it is told to. */
export class DoubleDatabase extends DatabaseSync {
  commits = 0
  /** How often a transaction was begun, in vain or not. */
  begun = 0
  refusal: Error | undefined

  constructor(file = ':memory:') {
    super(file)
    for (const sql of MIGRATIONS) super.exec(sql)
  }

  override exec(sql: string): void {
    if (sql.startsWith('BEGIN')) this.begun++
    if (this.refusal) throw this.refusal
    if (sql === 'COMMIT') this.commits++
    super.exec(sql)
  }
}

export function doubleStore(clock: FakeClock = fakeClock()) {
  const database = new DoubleDatabase()
  const healths: Health[] = []
  const forgotten: number[] = []
  const store = createStore(() => database, {
    clock,
    onHealth: health => healths.push(health),
    onForgotten: rows => forgotten.push(rows),
  })
  return { clock, database, store, healths, forgotten }
}

/** A folder that is gone when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'pb-outbox-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export function stateRow(server: string, body: string): Row {
  return { table: 'state', server, body }
}

export function eventRow(id: string, storedAt = 0, body = JSON.stringify(eventOf(id))): Row {
  return { table: 'event', id, at: storedAt, stored_at: storedAt, body }
}

/** A backup's success unless the id ends in another event's name: `a/backup_start`. */
export function eventOf(id: string, over: Partial<LifecycleEvent> = {}): LifecycleEvent {
  const name = (id.split('/')[1] ?? 'backup_success') as LifecycleEvent['name']
  return { id, taskId: id.split('/')[0] ?? id, name, at: 0, server: 'survival', running: true, ...over }
}

export function deliveryOf(id: string, over: Partial<Delivery> = {}): Delivery {
  return {
    id,
    eventId: `event of ${id}`,
    endpoint: 'a',
    state: 'waiting',
    createdAt: 0,
    dueAt: 0,
    endedAt: null,
    taskId: id,
    event: 'backup_success',
    server: 'survival',
    eventAt: 0,
    order: 1,
    attempts: 0,
    stale: false,
    ...over,
  }
}

export function count(database: DatabaseSync, table: string, where = '1'): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${where}`).get()?.n)
}

/** Of each delivery on the disk: its state, by its id. */
export function statesOf(store: Store): { [id: string]: string } {
  store.flush()
  const rows = store.read(database => database.prepare('SELECT id, state FROM delivery ORDER BY id').all())
  return Object.fromEntries((rows ?? []).map(({ id, state }) => [String(id), String(state)]))
}

export const SOUND: EndpointHealth = soundHealth('f')

export const DELIVERED = { status: 'delivered' } satisfies Outcome
export const REJECTED = {
  status: 'rejected',
  reason: { code: 'http_rejected', text: 'HTTP 400: Bad Request', answer: 'no' },
} satisfies Outcome
export const SERVER_ERROR = {
  status: 'retry',
  reason: { code: 'http_server_error', text: 'HTTP 500: Internal Server Error' },
} satisfies Outcome
export const STOPPED = { status: 'retry', reason: { code: 'stopped', text: 'stopped' } } satisfies Outcome

/** Waits of 1, 10 and 100 s, without jitter. */
export const PLAIN: RetryPolicy = { delaysMs: [1_000, 10_000, 100_000], jitter: 0, patient: true }

export function recipientOf(key: string, over: Partial<Recipient> = {}): Recipient {
  return { key, fingerprint: `print of ${key}`, retry: PLAIN, wants: () => true, ...over }
}

/** An outbox over a store that may have been another's before, and a hand to drive it without a worker. */
export function outboxOver(
  { clock, store }: { clock: FakeClock; store: Store },
  recipients: readonly Recipient[] = [recipientOf('a')],
) {
  const news: OutboxNews[] = []
  const woken: string[] = []
  const log = fakeLog()
  const outbox = createOutbox(
    { recipients, startExpiryMs: 15 * 60_000 },
    { store, clock, log, random: () => 0.5, onNews: one => news.push(one), onWork: key => woken.push(key) },
  )
  store.salvageWith(() => outbox.activeRows())
  outbox.load()

  /** Begins the next delivery that is due and ends its try; undefined where none is due. */
  async function tryNext(outcome: Outcome, tookMs = 5_000, endpoint = 'a'): Promise<Delivery | undefined> {
    const entry = outbox.next(endpoint)
    if (!entry) return undefined
    await outbox.begin(entry)
    await outbox.finish(entry, outcome, clock.now(), tookMs)
    return entry.delivery
  }

  /** An event of now. */
  const accept = (...ids: string[]) => outbox.accept(ids.map(id => eventOf(id, { at: clock.now() })))

  return { outbox, clock, store, news, woken, log, tryNext, accept }
}

/** A new outbox over a store that nobody had before. */
export function newOutbox(recipients?: readonly Recipient[]) {
  const double = doubleStore()
  return { ...double, ...outboxOver(double, recipients) }
}
