/**
 * Prime Backup's side of its database, in a process of its own: SQLite's locks are a process's.
 * `hold FILE` locks the file and sends "held", until the process ends. `race FILE MS REST_MS` commits backups for so
 * long, with a rest after each, and sends a RaceReport.
 */
import { DatabaseSync } from 'node:sqlite'

export type RaceReport = { commits: number; failures: string[]; longestMs: number }

/** As Python's `sqlite3` waits, where nothing else is said. */
const BUSY_TIMEOUT_MS = 5000

const [mode, file = '', durationMs, restMs] = process.argv.slice(2)
const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
database.exec('PRAGMA journal_mode = DELETE')

if (mode === 'hold') {
  database.exec('BEGIN EXCLUSIVE')
  process.send?.('held')
  process.on('disconnect', () => process.exit())
} else {
  const report = race(Number(durationMs), Number(restMs))
  database.close()
  process.send?.(report, () => process.disconnect())
}

function race(forMs: number, restMs: number): RaceReport {
  const report: RaceReport = { commits: 0, failures: [], longestMs: 0 }
  const insert = database.prepare(
    `INSERT INTO backup SELECT NULL, timestamp + 3600, timestamp_ns_part, creator, ?, targets, tags, fileset_id_base,
      fileset_id_delta, file_count, file_raw_size_sum, file_stored_size_sum FROM backup WHERE id = 4`,
  )
  const stillness = new Int32Array(new SharedArrayBuffer(4))
  process.send?.('racing')
  const until = performance.now() + forMs
  while (performance.now() < until) {
    const startedAt = performance.now()
    try {
      database.exec('BEGIN')
      insert.run(`backup ${report.commits}`)
      database.exec('COMMIT')
      report.commits++
    } catch (error) {
      report.failures.push(String(error))
      if (database.isTransaction) database.exec('ROLLBACK')
    }
    report.longestMs = Math.max(report.longestMs, performance.now() - startedAt)
    if (restMs > 0) Atomics.wait(stillness, 0, 0, restMs)
  }
  return report
}
