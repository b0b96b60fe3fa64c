/** Prime Backup's database in version 4, as far as a reader of its backups needs it. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Backup } from './phrases.ts'
import { pythonJson } from './python.ts'
import { BASE_FILESET, recordOf } from './record.ts'

export type PrimeBackupDatabase = ReturnType<typeof createPrimeBackupDatabase>

/** As Prime Backup's own tables; the rest of its schema is about the files, of which the stand-in has none. */
const SCHEMA = `
  CREATE TABLE db_meta (
    magic INTEGER NOT NULL,
    version INTEGER NOT NULL,
    hash_method VARCHAR NOT NULL,
    PRIMARY KEY (magic)
  );
  CREATE TABLE fileset (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    base_id INTEGER NOT NULL,
    file_object_count BIGINT NOT NULL,
    file_count BIGINT NOT NULL,
    file_raw_size_sum BIGINT NOT NULL,
    file_stored_size_sum BIGINT NOT NULL
  );
  CREATE TABLE backup (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    timestamp BIGINT NOT NULL,
    timestamp_ns_part INTEGER NOT NULL,
    creator VARCHAR NOT NULL,
    comment VARCHAR NOT NULL,
    targets JSON NOT NULL,
    tags JSON NOT NULL,
    fileset_id_base INTEGER NOT NULL,
    fileset_id_delta INTEGER NOT NULL,
    file_count BIGINT NOT NULL,
    file_raw_size_sum BIGINT NOT NULL,
    file_stored_size_sum BIGINT NOT NULL,
    FOREIGN KEY(fileset_id_base) REFERENCES fileset (id),
    FOREIGN KEY(fileset_id_delta) REFERENCES fileset (id)
  );
  INSERT INTO db_meta VALUES (0, 4, 'xxh128');
`

/** As long as Prime Backup waits for a reader to let go. */
const BUSY_TIMEOUT_MS = 5000

/** A new file, with its folder where there is none. Throws where there is a database already. */
export function createPrimeBackupDatabase(file: string) {
  mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
  try {
    // A rollback journal: readers of the real one meet its locks.
    database.exec('PRAGMA journal_mode = DELETE')
    inTransaction(SCHEMA)
  } catch (error) {
    database.close()
    throw error
  }

  function inTransaction(work: string | (() => void)) {
    database.exec('BEGIN IMMEDIATE')
    try {
      if (typeof work === 'string') database.exec(work)
      else work()
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  return {
    /** Throws when the database stays locked, and has nothing of the backup then. */
    add(backup: Backup): void {
      const record = recordOf(backup)
      const { file_count, file_raw_size_sum, file_stored_size_sum } = record
      const fileset = database.prepare('INSERT OR IGNORE INTO fileset VALUES (?, ?, ?, ?, ?, ?)')
      const row = { ...record, targets: pythonJson(record.targets), tags: pythonJson(record.tags) }
      const columns = Object.keys(row)
      inTransaction(() => {
        fileset.run(BASE_FILESET, 0, file_count, file_count, file_raw_size_sum, file_stored_size_sum)
        fileset.run(record.fileset_id_delta, BASE_FILESET, 0, 0, 0, 0)
        database
          .prepare(`INSERT INTO backup (${columns}) VALUES (${columns.map(column => `:${column}`)})`)
          .run(row)
      })
    },
    close: () => database.close(),
  }
}
