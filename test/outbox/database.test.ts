import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import {
  openDatabase,
  openMemory,
  ownerOf,
  ownFolder,
  STORE_FILE,
  StoreError,
} from '../../src/outbox/database.ts'
import { type OpenedStore, openStore, type StoreNews } from '../../src/outbox/open.ts'
import { MIGRATIONS } from '../../src/outbox/schema.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { count, DELIVERED, eventRow, outboxOver, stateRow, statesOf, temporaryFolder } from './fixture.ts'

const NOW = Date.UTC(2026, 10, 25, 1, 0, 0)

function versionOf(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA user_version').get()?.user_version
}

function opened(t: TestContext, dir: string) {
  const clock = fakeClock()
  const log = fakeLog()
  const news: StoreNews[] = []
  const one: OpenedStore = openStore(dir, { clock, log, onNews: item => news.push(item) })
  t.after(() => one.close())
  return { ...one, clock, log, news }
}

/** A store with rows on many pages, closed. */
function filled(dir: string): string {
  const { database } = openDatabase(dir, NOW)
  const insert = database.prepare('INSERT INTO event (id, at, stored_at, body) VALUES (?, 0, 0, ?)')
  database.exec('BEGIN')
  for (let id = 0; id < 400; id++) insert.run(`old${id}`, 'x'.repeat(1_000))
  database.exec('COMMIT')
  database.close()
  return join(dir, STORE_FILE)
}

function ruin(file: string, from: number, to: number) {
  const bytes = readFileSync(file)
  bytes.fill(0xa5, from, Math.min(to, bytes.length))
  writeFileSync(file, bytes)
}

describe('the file of the store', () => {
  it('is made with the newest version, durable and shared with readers', t => {
    const dir = temporaryFolder(t)
    const { database, movedAside } = openDatabase(dir, NOW)
    assert.equal(movedAside, undefined)
    assert.equal(versionOf(database), MIGRATIONS.length)
    assert.equal(database.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
    assert.equal(database.prepare('PRAGMA synchronous').get()?.synchronous, 2)
    assert.equal(database.prepare('PRAGMA auto_vacuum').get()?.auto_vacuum, 2)
    const reader = new DatabaseSync(join(dir, STORE_FILE), { readOnly: true })
    database.exec('BEGIN IMMEDIATE')
    assert.equal(count(reader, 'event'), 0)
    database.exec('COMMIT')
    reader.close()
    database.close()
  })

  it('keeps what it has when it is opened again', t => {
    const dir = temporaryFolder(t)
    filled(dir)
    const { database, movedAside } = openDatabase(dir, NOW)
    assert.deepEqual([count(database, 'event'), movedAside], [400, undefined])
    database.close()
  })

  it('is brought from each older version to the newest, step by step', t => {
    for (let version = 0; version < MIGRATIONS.length; version++) {
      const dir = temporaryFolder(t)
      const old = new DatabaseSync(join(dir, STORE_FILE))
      for (const sql of MIGRATIONS.slice(0, version)) old.exec(sql)
      old.exec(`PRAGMA user_version = ${version}`)
      old.close()
      const { database } = openDatabase(dir, NOW)
      assert.equal(versionOf(database), MIGRATIONS.length)
      const tables = (from: DatabaseSync) =>
        from.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all()
      const memory = openMemory()
      assert.deepEqual(tables(database), tables(memory))
      memory.close()
      database.close()
    }
  })

  it('is refused where a newer bridge wrote it, and left as it is', t => {
    const dir = temporaryFolder(t)
    const file = filled(dir)
    const newer = new DatabaseSync(file)
    newer.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`)
    newer.close()
    assert.throws(
      () => openDatabase(dir, NOW),
      error =>
        error instanceof StoreError &&
        error.message ===
          `the store has version ${MIGRATIONS.length + 1}, this bridge knows ${MIGRATIONS.length}: run the newer bridge that wrote it, or set another state.dir`,
    )
    assert.throws(() => opened(t, dir), StoreError)
    const after = new DatabaseSync(file)
    assert.deepEqual([versionOf(after), count(after, 'event')], [MIGRATIONS.length + 1, 400])
    after.close()
    assert.deepEqual(
      readdirSync(dir).filter(name => name.includes('corrupt')),
      [],
    )
  })
})

describe('a corrupt file', () => {
  for (const [what, from, to] of [
    ['pages in its middle', 8_192, 200_000],
    ['its first page', 0, 4_096],
    ['its head', 0, 16],
  ] as const) {
    it(`(${what}) is moved aside and kept, which is said, and the store is begun anew`, t => {
      const dir = temporaryFolder(t)
      const file = filled(dir)
      ruin(file, from, to)
      const size = statSync(file).size
      const { store, log, news } = opened(t, dir)
      const moved = `${file}.corrupt-2026-11-25T010000.000Z`
      assert.deepEqual(news, [{ type: 'moved_aside', file: moved }])
      assert.deepEqual(log.said(), [`the store was corrupt; it was moved to ${moved} and begun anew`])
      assert.equal(statSync(moved).size, size)
      assert.equal(
        store.read(database => count(database, 'event')),
        0,
      )
      assert.equal(store.health().atRisk, false)
    })
  }

  it('that is no database at all is moved aside too', t => {
    const dir = temporaryFolder(t)
    const file = join(dir, STORE_FILE)
    writeFileSync(file, 'a letter, not a database. '.repeat(400))
    const { news } = opened(t, dir)
    assert.deepEqual(
      news.map(({ type }) => type),
      ['moved_aside'],
    )
  })

  it('that is empty is a new one', t => {
    const dir = temporaryFolder(t)
    writeFileSync(join(dir, STORE_FILE), '')
    assert.deepEqual(opened(t, dir).news, [])
  })

  it('is moved aside while the bridge runs, and what is active is written to the new one', async t => {
    const dir = temporaryFolder(t)
    filled(dir)
    const box = opened(t, dir)
    const first = outboxOver(box)
    await first.accept('done', 'failing', 'new')
    await first.tryNext(DELIVERED)
    box.store.read(database => database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA shrink_memory'))
    ruin(join(dir, STORE_FILE), 0, 1e9)
    await first.accept('later')
    assert.equal(box.store.health().atRisk, true)
    await box.clock.advance(1_000)
    assert.equal(box.store.health().atRisk, false)
    assert.deepEqual(
      box.news.map(item => (item.type === 'health' ? item.health.atRisk : item.type)),
      [true, 'moved_aside', false],
    )
    assert.deepEqual(statesOf(box.store), {
      'failing@a': 'waiting',
      'later@a': 'waiting',
      'new@a': 'waiting',
    })
    assert.equal(outboxOver(box).outbox.next('a')?.delivery.id, 'failing@a')
    assert.ok(readdirSync(dir).some(name => name.startsWith(`${STORE_FILE}.corrupt-`)))
  })
})

describe('a folder', () => {
  it('tells who owns it; nobody; or that this user may not see it', t => {
    const dir = join(temporaryFolder(t), 'data')
    assert.equal(ownerOf(dir), undefined)
    const ownership = ownFolder(dir, 0)
    assert.match(ownerOf(dir) ?? '', /^process \d+, since 1970/)
    const isRoot = process.geteuid?.() === 0
    // Root may look everywhere: be somebody else for a moment.
    chmodSync(dir, isRoot ? 0o700 : 0)
    if (isRoot) process.seteuid?.(65_534)
    try {
      assert.equal(ownerOf(dir), null)
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(dir, 0o700)
    }
    ownership.release()
    assert.equal(ownerOf(dir), undefined)
  })

  it('is made where it is missing, for nobody else to read', t => {
    const dir = join(temporaryFolder(t), 'deep', 'er')
    ownFolder(dir, NOW).release()
    assert.equal(statSync(dir).mode & 0o777, 0o700)
  })

  it('that can’t be made is a person’s to mend', t => {
    const file = join(temporaryFolder(t), 'file')
    writeFileSync(file, '')
    assert.throws(() => opened(t, join(file, 'data')), {
      name: 'StoreError',
      message: /state\.dir .* can't be made \(ENOTDIR\): make it, or name another folder/,
    })
  })

  it('has one owner: another is told who that is, and gets it when the first lets go', t => {
    const dir = temporaryFolder(t)
    const first = ownFolder(dir, NOW)
    assert.throws(() => ownFolder(dir, NOW), {
      name: 'StoreError',
      message: `${dir} is in use by another bridge (process ${process.pid}, since 2026-11-25T01:00:00.000Z): stop that one, or set another state.dir`,
    })
    first.release()
    const second = ownFolder(dir, NOW)
    second.release()
    assert.equal(existsSync(join(dir, 'bridge.owner')), false)
  })

  it('whose lock was ruined by a power cut is owned all the same', t => {
    const dir = temporaryFolder(t)
    writeFileSync(join(dir, 'bridge.lock'), Buffer.alloc(8192, 0xa5))
    const owner = ownFolder(dir, NOW)
    assert.throws(() => ownFolder(dir, NOW), StoreError)
    owner.release()
  })

  it('is free again when its owner is killed', async t => {
    const dir = temporaryFolder(t)
    const child = spawn(process.execPath, [join(import.meta.dirname, 'owner.ts'), dir])
    t.after(() => child.kill('SIGKILL'))
    const [said] = await once(child.stdout, 'data')
    assert.equal(String(said), 'owned\n')
    assert.throws(() => opened(t, dir), {
      name: 'StoreError',
      message: new RegExp(`in use by another bridge \\(process ${child.pid}, since 2026-11-25`),
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    ownFolder(dir, NOW).release()
  })

  it('that can’t be written is no reason not to start; it is owned and written when that is possible', async t => {
    // A folder in a file's place: what is asked of the disk fails as it does where nothing may be written.
    for (const place of ['bridge.lock', 'bridge.owner', STORE_FILE]) {
      const dir = temporaryFolder(t)
      mkdirSync(join(dir, place))
      const { store, clock, log, news } = opened(t, dir)
      assert.match(log.said()[0] ?? '', /can't be written/, place)
      await store.put([stateRow('survival', '{}'), eventRow('a')])
      assert.equal(store.health().atRisk, true)
      await clock.advance(300_000)
      rmdirSync(join(dir, place))
      await clock.advance(30_000)
      assert.deepEqual(store.health(), { atRisk: false })
      assert.equal(
        store.read(database => count(database, 'event')),
        1,
      )
      assert.deepEqual(
        news.map(item => item.type === 'health' && item.health.atRisk),
        [true, false],
      )
      assert.throws(() => ownFolder(dir, NOW), { name: 'StoreError' })
    }
  })

  it('whose file another program holds is at risk as long as that goes on', async t => {
    const dir = temporaryFolder(t)
    const { store, clock } = opened(t, dir)
    store.read(database => database.exec('PRAGMA busy_timeout = 20'))
    const other = new DatabaseSync(join(dir, STORE_FILE))
    other.exec('BEGIN IMMEDIATE')
    await store.put([eventRow('a')])
    assert.deepEqual(store.health(), { atRisk: true, reason: 'database is locked' })
    await clock.advance(7_000)
    assert.equal(store.health().atRisk, true)
    other.exec('COMMIT')
    other.close()
    await clock.advance(30_000)
    assert.equal(store.health().atRisk, false)
    assert.equal(
      store.read(database => count(database, 'event')),
      1,
    )
  })
})
