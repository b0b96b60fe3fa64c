/**
 * Details of a backup from Prime Backup's own SQLite file (facts/prime-backup.md section 7).
 *
 * Nothing is held and nothing is written: a read transaction that lasts makes Prime Backup lose a backup, so each
 * look-up opens the file, asks one statement outside a transaction, and closes it.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import type { BackupFacts, Json } from '../event.ts'
import { localText } from '../localtime.ts'
import type { Log } from '../log.ts'

/** How long a look-up waits for Prime Backup to finish writing; the whole bridge waits with it. */
const BUSY_TIMEOUT_MS = 250
/** The newest version that this file knows: that of Prime Backup 1.13. */
const KNOWN_VERSION = 4n
/** A time whose year has more than four digits, in any zone, is no time of a backup. */
const LAST_MS = Date.UTC(9999, 11, 31)
/** Who makes the safety backup of a restore. */
const SAFETY_CREATOR = 'prime_backup:pre_restore'

export type DetailsTroubleCode =
  | 'missing'
  | 'no_file'
  | 'forbidden'
  | 'foreign'
  | 'newer'
  | 'columns'
  | 'locked'
  | 'unfinished'
  | 'wal'
  | 'corrupt'
  | 'unreadable'

export type DetailsTrouble = {
  code: DetailsTroubleCode
  /** One line: what is wrong with the file, and the remedy; names the path. */
  reason: string
}

export type Details = {
  /** The backup of this id, or undefined where there is none or the database can't be read. */
  find(id: number): BackupFacts | undefined
  /**
   * The newest backup, with its time in epoch milliseconds, if it was made at or after `sinceMs` (epoch
   * milliseconds). The safety backup of a restore does not count.
   */
  newestSince(sinceMs: number): { backup: BackupFacts; at: number } | undefined
  /** The version of the file's schema, as the last look-up that could read it found it. */
  version(): number | undefined
}

type Row = { [column: string]: unknown }

/** Neither look-up throws: what is wrong with the file is a trouble. */
export function createDetails(
  options: {
    file: string
    /** The zone of the server's local time; by default that of this machine. */
    timeZone?: string
  },
  deps: {
    clock: Clock
    log?: Log
    /** Told when the trouble changes, with undefined when it is over. */
    onTrouble?(trouble: DetailsTrouble | undefined): void
  },
): Details {
  const { clock, log, onTrouble } = deps
  // Absolute, so that no name is taken for a `file:` URL.
  const file = resolve(options.file)
  let trouble: DetailsTrouble | undefined
  let version: number | undefined

  function setTrouble(next: DetailsTrouble | undefined) {
    if (next?.code === trouble?.code) return
    trouble = next
    if (next) log?.warn({ code: next.code }, next.reason)
    else log?.info({}, `Prime Backup's database ${file} is read again`)
    onTrouble?.(next)
  }

  function lookUp(sql: string, ...values: (number | string)[]): Row | undefined {
    const startedAt = clock.monotonic()
    try {
      const code = checkFile(file)
      if (code) return fail(code)
      const row = readRow(file, sql, values)
      if (!row || !isVersion(row.of_version)) return fail('foreign')
      version = Number(row.of_version)
      setTrouble(oddity(row, file))
      return row.id === null ? undefined : row
    } catch (error) {
      return fail(codeOf(error), (error as Error).message)
    } finally {
      log?.debug({ tookMs: clock.monotonic() - startedAt }, "looked into Prime Backup's database")
    }
  }

  function fail(code: DetailsTroubleCode, detail = ''): undefined {
    setTrouble({ code, reason: reasonOf(code, file, detail) })
  }

  return {
    find: id => {
      if (!Number.isSafeInteger(id)) return undefined
      const row = lookUp(`${SELECT} LEFT JOIN backup ON backup.id = ?`, id)
      return row && factsOf(row, options.timeZone)
    },
    newestSince: sinceMs => {
      const row = lookUp(
        `${SELECT} LEFT JOIN backup ON backup.creator <> ? ORDER BY backup.timestamp DESC, backup.id DESC LIMIT 1`,
        SAFETY_CREATOR,
      )
      const at = row && timeOf(row)
      if (row === undefined || at === undefined || at < sinceMs) return undefined
      return { backup: factsOf(row, options.timeZone), at }
    },
    version: () => version,
  }
}

/** One row whether there is such a backup or not, so that the version is read with it; none in a foreign database. */
const SELECT =
  'SELECT meta.version AS of_version, backup.* FROM (SELECT version FROM db_meta WHERE magic = 0) AS meta'

function readRow(file: string, sql: string, values: (number | string)[]): Row | undefined {
  const database = new DatabaseSync(file, {
    readOnly: true,
    timeout: BUSY_TIMEOUT_MS,
    // Nanoseconds since 1970 are no safe number.
    readBigInts: true,
  })
  try {
    return database.prepare(sql).get(...values)
  } finally {
    database.close()
  }
}

const HEADER_BYTES = 20
const WAL_VERSION = 2

/**
 * What SQLite must not be given: a pipe would block the bridge, and a file in WAL mode gets two more files beside it
 * even by reading. Throws what the file system throws.
 * No connection may be open here: closing a file drops every lock that this process has on it.
 */
function checkFile(file: string): DetailsTroubleCode | undefined {
  if (!statSync(file).isFile()) return 'no_file'
  const header = Buffer.alloc(HEADER_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    const length = readSync(descriptor, header, 0, HEADER_BYTES, 0)
    if (length === HEADER_BYTES && header.toString('latin1', 0, 15) === 'SQLite format 3')
      return header[19] === WAL_VERSION ? 'wal' : undefined
    return 'foreign'
  } finally {
    closeSync(descriptor)
  }
}

function isVersion(version: unknown): version is bigint {
  return typeof version === 'bigint' && version >= 1n
}

/** What is odd with a row that was read all the same. */
function oddity(row: Row, file: string): DetailsTrouble | undefined {
  const version = row.of_version as bigint
  const absent = columnsOf(version).filter(column => !(column in row))
  if (absent.length > 0)
    return {
      code: 'columns',
      reason: reasonOf('columns', file, `version ${version} without ${absent.join(', ')}`),
    }
  if (version > KNOWN_VERSION)
    return { code: 'newer', reason: reasonOf('newer', file, `version ${version}, known is ${KNOWN_VERSION}`) }
  return undefined
}

function columnsOf(version: bigint): string[] {
  const columns = [
    'timestamp',
    'creator',
    'comment',
    'targets',
    'tags',
    'file_raw_size_sum',
    'file_stored_size_sum',
  ]
  if (version >= 3n) columns.push('file_count')
  if (version >= 4n) columns.push('timestamp_ns_part')
  return columns
}

/** Epoch milliseconds, whole. Undefined where the unit is not known, or the number is no time. */
function timeOf({ of_version: version, timestamp, timestamp_ns_part: part }: Row): number | undefined {
  if (typeof timestamp !== 'bigint') return undefined
  let ms: number | undefined
  if (typeof part === 'bigint') ms = Number(timestamp) * 1000 + Number(part / 1_000_000n)
  else if (version === 3n) ms = Number(timestamp / 1000n)
  else if (version === 1n || version === 2n) ms = Number(timestamp / 1_000_000n)
  return ms !== undefined && ms >= 0 && ms < LAST_MS ? ms : undefined
}

function factsOf(row: Row, timeZone: string | undefined): BackupFacts {
  const at = timeOf(row)
  const facts: BackupFacts = {
    id: countOf(row.id),
    date: at === undefined ? undefined : localText(at, timeZone),
    comment: textOf(row.comment),
    creator: textOf(row.creator),
    targets: targetsOf(jsonOf(row.targets)),
    tags: tagsOf(jsonOf(row.tags)),
    fileCount: countOf(row.file_count),
    rawBytes: countOf(row.file_raw_size_sum),
    storedBytes: countOf(row.file_stored_size_sum),
  }
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function countOf(value: unknown): number | undefined {
  const count = typeof value === 'bigint' ? Number(value) : Number.NaN
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

function jsonOf(value: unknown): Json | undefined {
  try {
    return JSON.parse(String(value))
  } catch {
    return undefined
  }
}

/** A list of names; of an object, its keys. */
function targetsOf(json: Json | undefined): string[] | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const names = Array.isArray(json) ? json : Object.keys(json)
  return names.every(name => typeof name === 'string') ? names : undefined
}

/** An object of values; a list of names is an object of which each is true. */
function tagsOf(json: Json | undefined): { [key: string]: Json } | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  if (!Array.isArray(json)) return json
  if (!json.every(name => typeof name === 'string')) return undefined
  return Object.fromEntries(json.map(name => [name, true]))
}

/** SQLite's primary result codes, the low byte of `errcode`: https://sqlite.org/rescode.html */
const SQLITE_CODES: { [code: number]: DetailsTroubleCode } = {
  5: 'locked',
  6: 'locked',
  8: 'unfinished',
  11: 'corrupt',
  14: 'missing',
  26: 'foreign',
}

function codeOf(error: unknown): DetailsTroubleCode {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message?: string }
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing'
  if (code === 'EACCES' || code === 'EPERM') return 'forbidden'
  if (errcode === undefined) return 'unreadable'
  if (errcode === 1 && message?.startsWith('no such column: backup.')) return 'columns'
  if (errcode === 1 && message?.startsWith('no such ')) return 'foreign'
  return SQLITE_CODES[errcode & 0xff] ?? 'unreadable'
}

function reasonOf(code: DetailsTroubleCode, file: string, detail: string): string {
  const place = `Prime Backup's database ${file}`
  switch (code) {
    case 'missing':
      return `${place} is not there: write the path of pb_files/prime_backup.db`
    case 'no_file':
      return `${place} is a folder or no regular file: name the file prime_backup.db in it`
    case 'forbidden':
      return `${place} may not be read: give the user of the bridge the right to (chmod, chown)`
    case 'foreign':
      return `${place} is no database of Prime Backup: write the path of pb_files/prime_backup.db`
    case 'newer':
      return `${place} is newer than this bridge knows (${detail}): update the bridge; what it can read is used`
    case 'columns':
      return `${place} lacks columns (${detail}): update the bridge or Prime Backup; what it can read is used`
    case 'locked':
      return `${place} was locked for more than ${BUSY_TIMEOUT_MS} ms: details are left out until Prime Backup, or another program that has it open, has finished`
    case 'unfinished':
      return `${place} holds an unfinished change of a Prime Backup that crashed: start Prime Backup, which takes it back`
    case 'wal':
      return `${place} is in WAL mode, which can't be read without writing beside it: switch it back (PRAGMA journal_mode=DELETE)`
    case 'corrupt':
      return `${place} is corrupt: stop Prime Backup, and put a copy of the file back`
    case 'unreadable':
      return `${place} can't be read (${detail}): check the disk and the path`
    default:
      return code satisfies never
  }
}
