import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, test } from 'node:test'
import { createPrimeBackupDatabase } from '../../src/demo/database.ts'
import type { PrimeBackupOptions } from '../../src/demo/primebackup.ts'
import { CORPUS } from './corpus.ts'
import { type StandIn, startStandIn } from './standin.ts'

const RECORDED = join(CORPUS, 'db/prime_backup_en_us.db')

let standIns: StandIn[] = []

afterEach(async () => {
  for (const standIn of standIns) await standIn.close()
  standIns = []
})

async function start(options: Partial<PrimeBackupOptions> = {}): Promise<StandIn> {
  const standIn = await startStandIn({ timings: { countdownS: 0 }, ...options })
  standIns.push(standIn)
  return standIn
}

/** Rows of a statement, by a connection of its own that is closed again. */
function read(file: string, sql: string): { [column: string]: unknown }[] {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return database
      .prepare(sql)
      .all()
      .map(row => ({ ...row }))
  } finally {
    database.close()
  }
}

/** One backup of each kind, and the restore of the second, as in the recording. */
async function playRecording({ pb, steve, alex }: StandIn) {
  steve.type('!!pb make hello world')
  await pb.settled()
  alex.type('!!pb make renamed')
  await pb.settled()
  await pb.consoleMake('测试 "quoted" §cred')
  await pb.runScheduled()
  await pb.consoleBack(2)
}

describe("The stand-in's database", () => {
  test('is one of version 4 with a rollback journal, and sound', async () => {
    const standIn = await start()
    await playRecording(standIn)
    const { database } = standIn
    assert.deepEqual(read(database, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }])
    assert.deepEqual(read(database, 'PRAGMA foreign_key_check'), [])
    assert.deepEqual(read(database, 'PRAGMA journal_mode'), [{ journal_mode: 'delete' }])
    assert.deepEqual(read(database, 'SELECT * FROM db_meta'), read(RECORDED, 'SELECT * FROM db_meta'))
  })

  test('has the tables of the real one, to the word', async () => {
    const { database } = await start()
    const tables = (file: string) =>
      read(file, "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name").map(
        ({ name, sql }) => ({ name, sql: String(sql).replace(/\s+/g, ' ') }),
      )
    const own = tables(database)
    assert.deepEqual(
      own.map(({ name }) => name),
      ['backup', 'db_meta', 'fileset', 'sqlite_sequence'],
    )
    const real = tables(RECORDED)
    for (const table of own)
      assert.deepEqual(
        table,
        real.find(({ name }) => name === table.name),
      )
  })

  test('has the rows of the real one after the same backups', async () => {
    const standIn = await start()
    await playRecording(standIn)
    const same = 'id, creator, comment, targets, fileset_id_base, fileset_id_delta, file_count'
    // The recorded first one was tagged later.
    for (const sql of [`SELECT ${same} FROM backup`, 'SELECT id, tags FROM backup WHERE id > 1'])
      assert.deepEqual(read(standIn.database, sql), read(RECORDED, sql))
    const filesets = 'SELECT id, base_id, file_count FROM fileset'
    assert.deepEqual(read(standIn.database, filesets), read(RECORDED, filesets))
  })

  test('has the facts of each backup', async () => {
    const standIn = await start()
    await playRecording(standIn)
    const { pb, database } = standIn
    const rows = read(database, 'SELECT * FROM backup ORDER BY id')
    assert.equal(rows.length, 5)
    for (const [index, row] of rows.entries()) {
      const backup = pb.backups[index]
      assert.ok(backup)
      assert.equal(row.id, backup.id)
      assert.equal(Number(row.timestamp) * 1000 + Number(row.timestamp_ns_part) / 1_000_000, backup.at)
      assert.equal(row.creator, `${backup.creator.type}:${backup.creator.name}`)
      assert.equal(row.comment, backup.comment)
      assert.deepEqual(JSON.parse(String(row.tags)), backup.tags)
      assert.equal(row.file_raw_size_sum, backup.rawBytes)
      assert.equal(row.file_stored_size_sum, backup.storedBytes)
    }
  })

  test('has a backup before anybody is told of it', async () => {
    const told: number[] = []
    const { pb, database } = await start({
      onMoment: ({ type }) => {
        if (type === 'backup_created') told.push(read(database, 'SELECT id FROM backup').length)
      },
    })
    await pb.consoleMake()
    assert.deepEqual(told, [1])
  })

  test('knows nothing of a failed backup, whose id goes to the next one', async () => {
    const { pb, database } = await start()
    for (const fault of ['raise', 'save_timeout', 'abort', 'unload'] as const) {
      pb.failNext(fault)
      await pb.consoleMake(fault)
    }
    assert.deepEqual(read(database, 'SELECT id FROM backup'), [])
    await pb.consoleMake('made')
    assert.deepEqual(read(database, 'SELECT id, comment FROM backup'), [{ id: 1, comment: 'made' }])
  })

  test('fails the backup that it refuses, and keeps no half of it', async () => {
    const moments: string[] = []
    const { pb, database } = await start({ onMoment: ({ type }) => moments.push(type) })
    const other = new DatabaseSync(database)
    other.exec('DROP TABLE backup')
    other.close()
    await pb.consoleMake()
    assert.equal(moments.at(-1), 'task_raised')
    assert.equal(pb.backups.length, 0)
    assert.deepEqual(read(database, 'SELECT id FROM fileset'), [])
  })

  test('is no continuation of one that is there', async () => {
    const { database } = await start()
    assert.throws(() => createPrimeBackupDatabase(database), /table db_meta already exists/)
  })
})
