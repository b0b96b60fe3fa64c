import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { type Payload, toPayload } from '../src/delivery/payload.ts'
import { withDetails } from '../src/details.ts'
import type { LifecycleEvent } from '../src/event.ts'
import { lifecycleSchema } from '../src/lifecycle.ts'
import type { Observation } from '../src/observation.ts'
import { observeLog } from '../src/observe.ts'
import { createDetails } from '../src/primebackup/database.ts'
import { mergeObservations, replayEvents } from '../src/replay.ts'
import { readLog } from '../src/source/log/read.ts'
import { fakeClock } from './fake/clock.ts'

const CORPUS = join(import.meta.dirname, 'fixture/corpus')
const LOG = join(CORPUS, 'en_us/db_mix/mcdr.log')
const DATABASE = join(CORPUS, 'db/prime_backup_en_us.db')
/** Three backups by people, one by the schedule, and a restore of the second. */
const TERMINAL = ['backup_success', 'backup_success', 'backup_success', 'backup_success', 'restore_success']

async function payloadsOf(database?: string): Promise<Payload[]> {
  const seen: Observation[] = []
  for await (const records of readLog(LOG))
    for (const record of records) {
      const observation = observeLog(record, 'UTC', seen.at(-1)?.at)
      if (observation) seen.push(observation)
    }
  const details = database && createDetails({ file: database, timeZone: 'UTC' }, { clock: fakeClock() })
  const events = replayEvents(mergeObservations([], seen), {
    server: 'survival',
    lifecycle: lifecycleSchema.parse({}),
    settle: true,
    ...(details && { find: details.find }),
  })
  return [...events].map(event =>
    toPayload(event, { plugin: { id: 'test', version: '1.0.0' }, language: 'en_us' }),
  )
}

/** What the payload of a backup must be, from the database's own row. */
function rowOf(file: string, id: number): Payload['backup'] {
  const database = new DatabaseSync(file, { readOnly: true })
  const row = database.prepare('SELECT * FROM backup WHERE id = ?').get(id)
  database.close()
  assert.ok(row)
  return {
    id,
    date: new Date(Number(row.timestamp) * 1000).toISOString().slice(0, 19).replace('T', ' '),
    comment: String(row.comment),
    creator: String(row.creator),
    targets: JSON.parse(String(row.targets)),
    tags: JSON.parse(String(row.tags)),
    file_count: Number(row.file_count),
    raw_size: Number(row.file_raw_size_sum),
    stored_size: Number(row.file_stored_size_sum),
  }
}

function copied(t: TestContext, change: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-details-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'prime_backup.db')
  copyFileSync(DATABASE, file)
  const database = new DatabaseSync(file)
  database.exec(change)
  database.close()
  return file
}

function approximateOf({ extra }: Payload): unknown[] {
  return (extra?.approximate ?? []) as unknown[]
}

test("with Prime Backup's database every payload of a known backup equals its row, field by field", async () => {
  const known = (await payloadsOf(DATABASE)).filter(({ backup }) => backup?.id !== undefined)
  assert.deepEqual(
    known.map(({ event, backup }) => [event, backup?.id]),
    [
      ['backup_success', 1],
      ['backup_success', 2],
      ['backup_success', 3],
      ['backup_success', 4],
      ['restore_start', 2],
      ['restore_success', 2],
    ],
  )
  for (const payload of known) {
    assert.deepEqual(payload.backup, rowOf(DATABASE, payload.backup?.id ?? 0), payload.event)
    assert.ok(
      !approximateOf(payload).includes('raw_size'),
      `${payload.event} calls an exact size approximate`,
    )
    assert.ok(!approximateOf(payload).includes('stored_size'))
  }
})

test('without the database the payloads carry what the log says, and name the sizes that are rounded', async () => {
  const ends = (await payloadsOf()).filter(({ status }) => status !== 'start')
  assert.deepEqual(
    ends.map(({ event }) => event),
    TERMINAL,
  )
  for (const { backup, extra, event } of ends.slice(0, 4)) {
    const { stored_size: _, ...row } = rowOf(DATABASE, backup?.id ?? 0) ?? {}
    // The log has a backup as it was made: the second was renamed later, the first protected.
    const asMade = { ...(backup?.id === 2 && { comment: '' }), ...(backup?.id === 1 && { tags: {} }) }
    assert.deepEqual(backup, { ...row, ...asMade, raw_size: 1_918_894 }, event)
    assert.deepEqual(extra?.approximate, ['raw_size', 'new_blobs'])
  }
})

test('a database that has another backup under the same id is not believed', async t => {
  const file = copied(t, 'UPDATE backup SET timestamp = timestamp - 86400')
  const [bare, found] = await Promise.all([payloadsOf(), payloadsOf(file)])
  const backups = (payloads: Payload[]) => payloads.filter(({ event }) => event === 'backup_success')
  assert.equal(backups(found).length, 4)
  assert.deepEqual(backups(found), backups(bare))
})

test('a database without the backup, or without its sizes, leaves what the log says', async t => {
  const bare = await payloadsOf()
  assert.deepEqual(await payloadsOf(copied(t, 'DELETE FROM backup')), bare)
  const sizeless = copied(
    t,
    'ALTER TABLE backup DROP COLUMN file_raw_size_sum; ALTER TABLE backup DROP COLUMN file_stored_size_sum',
  )
  const [first] = (await payloadsOf(sizeless)).filter(({ event }) => event === 'backup_success')
  assert.ok(first)
  assert.equal(first.backup?.raw_size, 1_918_894)
  assert.deepEqual(first.backup?.tags, { protected: true })
  assert.deepEqual(approximateOf(first), ['raw_size', 'new_blobs'])
})

test('what is rounded besides the sizes stays named, and an event of no known backup stays as it is', () => {
  const event: LifecycleEvent = {
    id: 'a-end',
    taskId: 'a',
    name: 'backup_success',
    at: 0,
    server: 'survival',
    running: true,
    backup: { id: 1, rawBytes: 1024 },
    extra: { approximate: ['raw_size', 'cost'], inferred: true },
  }
  const find = (id: number) => (id === 1 ? { id, rawBytes: 1000 } : undefined)
  assert.deepEqual(withDetails(event, find), {
    ...event,
    backup: { id: 1, rawBytes: 1000 },
    extra: { inferred: true, approximate: ['cost'] },
  })
  const { backup: _, ...start } = event
  assert.equal(withDetails(start, find), start)
  const other = { ...event, backup: { id: 2 } }
  assert.equal(withDetails(other, find), other)
})
