/** The SQLite file: opened, owned by one process, brought to our version, and moved aside when it is broken. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MIGRATIONS } from './schema.ts'

export const STORE_FILE = 'bridge.db'

/** Something that a person must mend before the bridge can start: one line, exit code 2. */
export class StoreError extends Error {
  override name = 'StoreError'
}

/** The folder has an owner already. */
export class InUseError extends StoreError {
  readonly owner: string
  constructor(dir: string, owner: string) {
    super(`${dir} is in use by another bridge (${owner}): stop that one, or set another state.dir`)
    this.owner = owner
  }
}

export type Opened = {
  database: DatabaseSync
  /** Where a corrupt file was moved to, if one was found. */
  movedAside?: string
}

/** Opens for writing. `now` names a file that is moved aside. Throws StoreError. */
export function openDatabase(dir: string, now: number): Opened {
  const file = join(dir, STORE_FILE)
  try {
    return { database: prepare(file) }
  } catch (error) {
    if (error instanceof StoreError || !isCorruption(error)) throw error
    const movedAside = `${file}.corrupt-${new Date(now).toISOString().replaceAll(':', '')}`
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(file + suffix)) renameSync(file + suffix, movedAside + suffix)
    }
    return { database: prepare(file), movedAside }
  }
}

/** A store that is gone with the process: for the demo and for tests. */
export function openMemory(): DatabaseSync {
  return prepare(':memory:')
}

function prepare(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    database.exec(
      'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000',
    )
    migrate(database)
    const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() as {
      quick_check: string
    }
    if (verdict !== 'ok') throw Object.assign(new Error(verdict), { errcode: SQLITE_CORRUPT })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > MIGRATIONS.length)
    throw new StoreError(
      `the store has version ${version}, this bridge knows ${MIGRATIONS.length}: run the newer bridge that wrote it, or set another state.dir`,
    )
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue
    database.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** The primary result code of an SQLite error; undefined for any other. */
export function sqliteCode(error: unknown): number | undefined {
  const { errcode } = (error ?? {}) as { errcode?: unknown }
  return typeof errcode === 'number' ? errcode & 0xff : undefined
}

export function isCorruption(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

export type Ownership = { release(): void }

const LOCK_FILE = 'bridge.lock'
const OWNER_FILE = 'bridge.owner'

/**
 * Makes this process the folder's owner until it ends, however it ends: the lock is SQLite's own on a file of its
 * own, so that readers share the store. Throws StoreError that says who holds it.
 */
export function ownFolder(dir: string, now: number): Ownership {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StoreError(
      `state.dir ${dir} can't be made (${(error as NodeJS.ErrnoException).code}): make it, or name another folder`,
    )
  }
  try {
    return lockFolder(dir, now)
  } catch (error) {
    if (!isCorruption(error)) throw error
    // The lock holds nothing but itself.
    rmSync(join(dir, LOCK_FILE), { force: true })
    return lockFolder(dir, now)
  }
}

function lockFolder(dir: string, now: number): Ownership {
  const lock = new DatabaseSync(join(dir, LOCK_FILE))
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
    writeOwner(dir, now)
  } catch (error) {
    lock.close()
    if (sqliteCode(error) !== SQLITE_BUSY) throw error
    throw new InUseError(dir, readOwner(dir))
  }
  return {
    release: () => {
      rmSync(join(dir, OWNER_FILE), { force: true })
      lock.close()
    },
  }
}

/**
 * Who owns the folder now, in words; undefined where nobody does, null where this user may not see it. Changes nothing.
 */
export function ownerOf(dir: string): string | null | undefined {
  const file = join(dir, LOCK_FILE)
  try {
    statSync(file)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? null : undefined
  }
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(file, { readOnly: true, timeout: 0 })
    lock.prepare('SELECT 1 FROM sqlite_schema').get()
    return undefined
  } catch (error) {
    // An exclusive lock keeps readers out too.
    if (sqliteCode(error) === SQLITE_BUSY) return readOwner(dir)
    return canRead(file) ? undefined : null
  } finally {
    lock?.close()
  }
}

function canRead(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function writeOwner(dir: string, now: number): void {
  const owner = openSync(join(dir, OWNER_FILE), 'w', 0o600)
  writeSync(owner, `process ${process.pid}, since ${new Date(now).toISOString()}`)
  closeSync(owner)
}

function readOwner(dir: string): string {
  try {
    return readFileSync(join(dir, OWNER_FILE), 'utf8')
  } catch {
    return 'process unknown'
  }
}
