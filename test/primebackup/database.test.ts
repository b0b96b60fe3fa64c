import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createDetails, type DetailsTrouble } from '../../src/primebackup/database.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { fc } from '../fake/property.ts'
import type { RaceReport } from './writer.ts'

const SAMPLE = join(import.meta.dirname, '../fixture/corpus/db/prime_backup_en_us.db')
const WRITER = join(import.meta.dirname, 'writer.ts')

const root = mkdtempSync(join(tmpdir(), 'pb-details-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** A copy of the sample in a folder of its own. */
function copySample(): string {
  const file = join(mkdtempSync(join(root, 'db-')), 'prime_backup.db')
  copyFileSync(SAMPLE, file)
  chmodSync(file, 0o644)
  return file
}

function change(file: string, sql: string) {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

function createFile(sql: string): string {
  const file = join(mkdtempSync(join(root, 'db-')), 'prime_backup.db')
  change(file, sql)
  return file
}

function open(file: string, timeZone = 'UTC') {
  const log = fakeLog()
  const told: (DetailsTrouble | undefined)[] = []
  const details = createDetails(
    { file, timeZone },
    { clock: fakeClock(), log, onTrouble: trouble => told.push(trouble) },
  )
  return { ...details, log, told, codes: () => told.splice(0).map(trouble => trouble?.code ?? 'over') }
}

/** Every file in the database's folder, with what it holds, whose it is, and when it was written. */
function snapshot(file: string) {
  const folder = join(file, '..')
  return readdirSync(folder).map(name => {
    const { mtimeMs, size, ino, mode, uid, gid } = statSync(join(folder, name))
    const hash = createHash('sha256').update(readFileSync(join(folder, name)))
    return { name, mtimeMs, size, ino, mode, uid, gid, hash: hash.digest('hex') }
  })
}

async function holdLock(file: string): Promise<ChildProcess> {
  const child = fork(WRITER, ['hold', file])
  await once(child, 'message')
  return child
}

async function release(child: ChildProcess) {
  const exit = once(child, 'exit')
  child.disconnect()
  await exit
}

describe('the details of a backup', () => {
  it('are those of the database, field by field', () => {
    const plain = new DatabaseSync(copySample(), { readOnly: true })
    const rows = plain.prepare('SELECT * FROM backup').all()
    plain.close()
    const { find, told } = open(SAMPLE)
    assert.equal(rows.length, 5)
    for (const row of rows) {
      assert.deepEqual(find(Number(row.id)), {
        id: row.id,
        date: new Date(Number(row.timestamp) * 1000).toISOString().slice(0, 19).replace('T', ' '),
        comment: row.comment,
        creator: row.creator,
        targets: JSON.parse(String(row.targets)),
        tags: JSON.parse(String(row.tags)),
        fileCount: row.file_count,
        rawBytes: row.file_raw_size_sum,
        storedBytes: row.file_stored_size_sum,
      })
    }
    assert.deepEqual(told, [])
  })

  it('are shown as the sample has them, with the date in the zone of the server', () => {
    assert.deepEqual(open(SAMPLE, 'Asia/Shanghai').find(4), {
      id: 4,
      date: '2026-11-25 08:41:41',
      comment: '__pb_translated__:scheduled_backup',
      creator: 'prime_backup:scheduled_backup',
      targets: ['world'],
      tags: { scheduled: true },
      fileCount: 64,
      rawBytes: 1916073,
      storedBytes: 387022,
    })
    assert.equal(open(SAMPLE, 'America/New_York').find(4)?.date, '2026-11-24 19:41:41')
  })

  it('are none where there is no such backup, which is no trouble', () => {
    const { find, told } = open(SAMPLE)
    for (const id of [0, 6, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 64])
      assert.equal(find(id), undefined)
    assert.deepEqual(told, [])
  })

  it('leave out what is odd, and keep the rest', () => {
    const file = copySample()
    change(
      file,
      `UPDATE backup SET targets = '["world', tags = '[1]', file_count = -1, file_raw_size_sum = 'many' WHERE id = 1;
       UPDATE backup SET targets = '{"world": {}, "nether": {}}', tags = '["temporary"]' WHERE id = 2;
       UPDATE backup SET targets = '[1]', tags = '7', file_stored_size_sum = 9007199254740993 WHERE id = 3;
       UPDATE backup SET timestamp = 9223372036854775807 WHERE id = 4;
       UPDATE backup SET tags = '{"a": [1, null, {"b": "c"}]}', comment = x'00ff' WHERE id = 5`,
    )
    const { find, told } = open(file)
    const rest = { fileCount: 64, rawBytes: 1916073, storedBytes: 387022 }
    assert.deepEqual(find(1), {
      id: 1,
      date: '2026-11-25 00:41:09',
      comment: 'hello world',
      creator: 'player:Steve',
      storedBytes: 387022,
    })
    assert.partialDeepStrictEqual(find(2), {
      ...rest,
      targets: ['world', 'nether'],
      tags: { temporary: true },
    })
    assert.deepEqual(find(3), {
      id: 3,
      date: '2026-11-25 00:41:10',
      comment: '测试 "quoted" §cred',
      creator: 'console:',
      fileCount: 64,
      rawBytes: 1916073,
    })
    assert.equal(find(4)?.date, undefined)
    assert.equal(find(4)?.comment, '__pb_translated__:scheduled_backup')
    assert.deepEqual(find(5)?.tags, { a: [1, null, { b: 'c' }] })
    assert.equal(find(5)?.comment, undefined)
    assert.deepEqual(told, [])
  })

  it('are found where the path has characters of a URL, and where it is relative', () => {
    const folder = mkdtempSync(join(root, 'file:odd ?mode=memory#%41-'))
    copyFileSync(SAMPLE, join(folder, 'a?b#c%20.db'))
    assert.equal(open(join(folder, 'a?b#c%20.db')).find(1)?.comment, 'hello world')
    const before = process.cwd()
    process.chdir(folder)
    try {
      copyFileSync(SAMPLE, join(folder, 'file:x.db'))
      assert.equal(open('file:x.db').find(1)?.comment, 'hello world')
    } finally {
      process.chdir(before)
    }
  })
})

describe('the newest backup', () => {
  it('is that with the latest time, the safety backup left out', () => {
    const at = Date.UTC(2026, 10, 25, 0, 41, 41, 137)
    const { newestSince, find, told } = open(SAMPLE)
    for (const sinceMs of [0, at - 1, at])
      assert.deepEqual(newestSince(sinceMs), { backup: find(4), at }, String(sinceMs))
    assert.equal(newestSince(at + 1), undefined)
    assert.deepEqual(told, [])
  })

  it('is not the one with the highest id, where that was imported', () => {
    const file = copySample()
    change(
      file,
      `INSERT INTO backup SELECT 9, 1000, 0, 'player:Steve', 'imported', targets, tags, 1, 1, 1, 1, 1 FROM backup WHERE id = 1`,
    )
    assert.equal(open(file).newestSince(0)?.backup.id, 4)
  })

  it('is none in an empty database, which is no trouble', () => {
    const file = copySample()
    change(file, 'DELETE FROM backup')
    const { newestSince, told } = open(file)
    assert.equal(newestSince(0), undefined)
    assert.deepEqual(told, [])
  })
})

/** What `backup` had in each version before 4; its other tables are of no interest here. */
function oldDatabase(version: 1 | 2 | 3): string {
  const columns = `id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, timestamp BIGINT NOT NULL, creator VARCHAR NOT NULL,
    comment VARCHAR NOT NULL, targets JSON NOT NULL, tags JSON NOT NULL`
  const sums =
    version === 3
      ? `fileset_id_base INTEGER NOT NULL, fileset_id_delta INTEGER NOT NULL, file_count BIGINT NOT NULL,
         file_raw_size_sum BIGINT NOT NULL, file_stored_size_sum BIGINT NOT NULL`
      : 'file_raw_size_sum BIGINT, file_stored_size_sum BIGINT'
  const unit = version === 3 ? '' : '123'
  const values = version === 3 ? ['1, 1, 7, 2000, 1000', '1, 1, 8, 2001, 1001'] : ['2000, 1000', 'NULL, NULL']
  const head = `'["world"]', '{"temporary": true}'`
  return createFile(`
    CREATE TABLE db_meta (magic INTEGER NOT NULL, version INTEGER NOT NULL, hash_method VARCHAR NOT NULL, PRIMARY KEY (magic));
    INSERT INTO db_meta VALUES (0, ${version}, 'xxh128');
    CREATE TABLE backup (${columns}, ${sums});
    INSERT INTO backup VALUES (1, 1700000000999999${unit}, 'player:Steve', 'one', ${head}, ${values[0]});
    INSERT INTO backup VALUES (2, 1700000001000000${unit}, 'console:', 'two', ${head}, ${values[1]})`)
}

describe('an old database', () => {
  it('of version 3 counts microseconds', () => {
    const { find, newestSince, told } = open(oldDatabase(3))
    assert.deepEqual(find(1), {
      id: 1,
      date: '2023-11-14 22:13:20',
      comment: 'one',
      creator: 'player:Steve',
      targets: ['world'],
      tags: { temporary: true },
      fileCount: 7,
      rawBytes: 2000,
      storedBytes: 1000,
    })
    assert.equal(newestSince(1_700_000_001_000)?.at, 1_700_000_001_000)
    assert.deepEqual(told, [])
  })

  it('of version 1 or 2 counts nanoseconds, has no number of files, and may have no sums', () => {
    for (const version of [1, 2] as const) {
      const { find, newestSince, told } = open(oldDatabase(version))
      assert.deepEqual(find(1), {
        id: 1,
        date: '2023-11-14 22:13:20',
        comment: 'one',
        creator: 'player:Steve',
        targets: ['world'],
        tags: { temporary: true },
        rawBytes: 2000,
        storedBytes: 1000,
      })
      assert.deepEqual(newestSince(0), {
        at: 1_700_000_001_000,
        backup: {
          id: 2,
          date: '2023-11-14 22:13:21',
          comment: 'two',
          creator: 'console:',
          targets: ['world'],
          tags: { temporary: true },
        },
      })
      assert.deepEqual(told, [])
    }
  })
})

describe('a newer database', () => {
  it('is read by the names of its columns, and said to be newer', () => {
    const file = copySample()
    change(file, 'UPDATE db_meta SET version = 5; ALTER TABLE backup ADD COLUMN mood VARCHAR')
    const { find, newestSince, told } = open(file)
    assert.deepEqual(find(1), open(SAMPLE).find(1))
    assert.equal(newestSince(0)?.backup.id, 4)
    assert.equal(find(77), undefined)
    assert.equal(told.length, 1)
    assert.equal(told[0]?.code, 'newer')
    assert.match(told[0]?.reason ?? '', /version 5, known is 4.*update the bridge/)
  })

  it('whose columns are not there gives what it has, and they are named', () => {
    const file = copySample()
    change(
      file,
      'UPDATE db_meta SET version = 5; ALTER TABLE backup DROP COLUMN timestamp_ns_part; ALTER TABLE backup DROP COLUMN tags',
    )
    const { find, newestSince, told } = open(file)
    assert.deepEqual(find(1), {
      id: 1,
      comment: 'hello world',
      creator: 'player:Steve',
      targets: ['world'],
      fileCount: 64,
      rawBytes: 1916073,
      storedBytes: 387022,
    })
    assert.equal(newestSince(0), undefined)
    assert.equal(told.length, 1)
    assert.equal(told[0]?.code, 'columns')
    assert.match(told[0]?.reason ?? '', /version 5 without tags, timestamp_ns_part/)
  })

  it('whose creator or id has another name is one trouble, whatever is asked', () => {
    for (const column of ['creator', 'timestamp', 'id']) {
      const file = copySample()
      change(file, `ALTER TABLE backup RENAME COLUMN ${column} TO other`)
      const { find, newestSince, codes } = open(file)
      for (let count = 0; count < 2; count++) {
        assert.equal(find(1)?.comment, column === 'id' ? undefined : 'hello world')
        assert.equal(newestSince(0), undefined)
      }
      assert.deepEqual(codes(), ['columns'], column)
    }
  })
})

/** Each way in which the file can be wrong, and what is said of it. */
const BAD_FILES: { what: string; make(): string; code: string; remedy: RegExp }[] = [
  {
    what: 'a path where there is nothing',
    make: () => join(root, 'none.db'),
    code: 'missing',
    remedy: /is not there: write the path of pb_files\/prime_backup\.db$/,
  },
  {
    what: 'a path through a file',
    make: () => join(copySample(), 'prime_backup.db'),
    code: 'missing',
    remedy: /is not there/,
  },
  {
    what: 'a folder',
    make: () => mkdtempSync(join(root, 'folder-')),
    code: 'no_file',
    remedy: /name the file prime_backup\.db in it$/,
  },
  {
    what: 'a pipe',
    make: () => {
      const file = join(mkdtempSync(join(root, 'pipe-')), 'pipe')
      execFileSync('mkfifo', [file])
      return file
    },
    code: 'no_file',
    remedy: /no regular file/,
  },
  {
    what: 'an empty file',
    make: () => {
      const file = copySample()
      truncateSync(file, 0)
      return file
    },
    code: 'foreign',
    remedy: /is no database of Prime Backup: write the path/,
  },
  {
    what: 'a text',
    make: () => {
      const file = copySample()
      writeFileSync(file, 'SQLite is a fine thing, but this is a text. '.repeat(500))
      return file
    },
    code: 'foreign',
    remedy: /is no database of Prime Backup/,
  },
  {
    what: 'a header with no database behind it',
    make: () => {
      const file = copySample()
      writeFileSync(file, Buffer.concat([readFileSync(SAMPLE).subarray(0, 16), Buffer.alloc(8000, 0x41)]))
      return file
    },
    code: 'foreign',
    remedy: /is no database of Prime Backup/,
  },
  {
    what: 'a database of another program',
    make: () => createFile('CREATE TABLE orders (id INTEGER PRIMARY KEY)'),
    code: 'foreign',
    remedy: /is no database of Prime Backup/,
  },
  {
    what: 'a database of another program with a table of this name',
    make: () => createFile('CREATE TABLE backup (id INTEGER PRIMARY KEY, timestamp, creator)'),
    code: 'foreign',
    remedy: /is no database of Prime Backup/,
  },
  {
    what: 'a database whose meta table is another',
    make: () =>
      createFile(
        'CREATE TABLE db_meta (name); CREATE TABLE backup (id INTEGER PRIMARY KEY, timestamp, creator)',
      ),
    code: 'foreign',
    remedy: /is no database of Prime Backup/,
  },
  {
    what: 'a database without a version',
    make: () => {
      const file = copySample()
      change(file, 'DELETE FROM db_meta')
      return file
    },
    code: 'foreign',
    remedy: /is no database of Prime Backup/,
  },
  {
    what: 'a database in WAL mode',
    make: () => {
      const file = copySample()
      change(file, 'PRAGMA journal_mode = WAL')
      return file
    },
    code: 'wal',
    remedy: /PRAGMA journal_mode=DELETE/,
  },
  {
    what: 'a database with a corrupt page',
    make: () => {
      const file = copySample()
      const bytes = readFileSync(file)
      bytes.fill(0xff, 4096)
      writeFileSync(file, bytes)
      return file
    },
    code: 'corrupt',
    remedy: /is corrupt: stop Prime Backup, and put a copy of the file back$/,
  },
  {
    what: 'a database that was cut off',
    make: () => {
      const file = copySample()
      truncateSync(file, 20_000)
      return file
    },
    code: 'corrupt',
    remedy: /is corrupt/,
  },
  {
    what: 'a database with the journal of a Prime Backup that crashed',
    make: makeHotJournal,
    code: 'unfinished',
    remedy: /start Prime Backup, which takes it back$/,
  },
]

/** As a kill in the middle of a large change leaves it: the change half in the file, what was there in the journal. */
function makeHotJournal(): string {
  const source = copySample()
  const file = join(mkdtempSync(join(root, 'db-')), 'prime_backup.db')
  const database = new DatabaseSync(source)
  database.exec(`PRAGMA cache_size = 1; BEGIN; DELETE FROM backup WHERE id = 1; INSERT INTO pack
    WITH RECURSIVE up(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM up WHERE i < 20000) SELECT NULL, i, i, i, i FROM up`)
  copyFileSync(source, file)
  copyFileSync(`${source}-journal`, `${file}-journal`)
  database.close()
  return file
}

describe('a file that is wrong', () => {
  for (const { what, make, code, remedy } of BAD_FILES) {
    it(`is one trouble with a remedy, and is left as it is: ${what}`, () => {
      const file = make()
      const isReadable = code !== 'missing' && code !== 'no_file'
      const before = isReadable && snapshot(file)
      const { find, newestSince, told, log } = open(file)
      for (let count = 0; count < 3; count++) {
        assert.equal(find(1), undefined)
        assert.equal(newestSince(0), undefined)
      }
      assert.equal(told.length, 1)
      assert.equal(told[0]?.code, code)
      const reason = told[0]?.reason ?? ''
      assert.match(reason, remedy)
      assert.ok(reason.startsWith(`Prime Backup's database ${file} `), reason)
      assert.ok(!reason.includes('\n'))
      assert.deepEqual(log.said(), [reason])
      assert.deepEqual(isReadable && snapshot(file), before)
    })
  }

  it('that may not be read is said to be so', t => {
    const file = copySample()
    const folder = join(file, '..')
    chmodSync(root, 0o755)
    chmodSync(folder, 0o755)
    chmodSync(file, 0)
    const isRoot = process.geteuid?.() === 0
    // Root may read everything: be somebody else for a moment.
    if (isRoot) process.seteuid?.(65_534)
    try {
      const { find, codes, told } = open(file)
      assert.equal(find(1), undefined)
      assert.match(told[0]?.reason ?? '', /may not be read: give the user of the bridge the right to/)
      assert.deepEqual(codes(), ['forbidden'])
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
    t.diagnostic(isRoot ? 'as another user' : 'as the owner')
  })

  it('never throws, whichever bytes of it are wrong', () => {
    const file = copySample()
    const bytes = readFileSync(SAMPLE)
    const codes = new Set<string>()
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 200 })
    const header = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.oneof(damage, header), fc.nat(bytes.length), (changes, length) => {
        const damaged = Buffer.from(bytes)
        for (const [place, value] of changes) damaged[place] = value
        writeFileSync(file, length % 5 === 0 ? damaged.subarray(0, length) : damaged)
        const { find, newestSince, told } = open(file)
        for (let id = 1; id <= 5; id++) find(id)
        newestSince(0)
        for (const trouble of told) if (trouble) codes.add(trouble.code)
        assert.deepEqual(readdirSync(join(file, '..')), ['prime_backup.db'])
      }),
      { numRuns: 300 },
    )
    assert.ok(codes.has('foreign') && codes.has('corrupt'), [...codes].join(', '))
  })
})

describe('a trouble', () => {
  it('is told when it changes, and when it is over', () => {
    const file = copySample()
    const { find, codes, log } = open(file)
    assert.equal(find(1)?.id, 1)
    assert.deepEqual(codes(), [])
    renameSync(file, `${file}.away`)
    find(1)
    find(1)
    assert.deepEqual(codes(), ['missing'])
    mkdirSync(file)
    find(1)
    assert.deepEqual(codes(), ['no_file'])
    rmSync(file, { recursive: true })
    renameSync(`${file}.away`, file)
    assert.equal(find(1)?.id, 1)
    find(2)
    assert.deepEqual(codes(), ['over'])
    assert.equal(log.said().at(-1), `Prime Backup's database ${file} is read again`)
  })

  it('is that the file is locked, after a quarter of a second, and it is over with the lock', async () => {
    const file = copySample()
    const { find, newestSince, told, codes } = open(file)
    const holder = await holdLock(file)
    const startedAt = performance.now()
    assert.equal(find(1), undefined)
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs > 200 && tookMs < 2000, `${tookMs} ms`)
    assert.equal(newestSince(0), undefined)
    assert.match(told[0]?.reason ?? '', /was locked for more than 250 ms/)
    await release(holder)
    assert.equal(find(1)?.id, 1)
    assert.deepEqual(codes(), ['locked', 'over'])
  })
})

describe('a look-up', () => {
  it('leaves the folder and every file in it as they were', () => {
    const file = copySample()
    const before = snapshot(file)
    const { find, newestSince } = open(file)
    for (let id = 0; id < 10; id++) assert.equal(find(id)?.id, id >= 1 && id <= 5 ? id : undefined)
    assert.ok(newestSince(0))
    assert.deepEqual(snapshot(file), before)
  })

  it('holds nothing open', () => {
    const file = copySample()
    const { find, newestSince } = open(file)
    const bad = open(createFile('CREATE TABLE orders (id)'))
    const openFiles = () => readdirSync('/proc/self/fd').length
    find(1)
    const before = openFiles()
    for (let count = 0; count < 50; count++) {
      find(1)
      newestSince(0)
      bad.find(1)
    }
    assert.equal(openFiles(), before)
  })

  it('sees a file that was put in the place of another', () => {
    const file = copySample()
    const { find } = open(file)
    assert.equal(find(1)?.comment, 'hello world')
    const other = copySample()
    change(other, `UPDATE backup SET comment = 'another' WHERE id = 1`)
    renameSync(other, file)
    assert.equal(find(1)?.comment, 'another')
  })

  for (const { how, restMs } of [
    { how: 'as fast as it can', restMs: 0 },
    { how: 'every few milliseconds', restMs: 3 },
  ]) {
    it(`fails no commit of a Prime Backup that commits ${how}, and keeps none waiting`, async t => {
      const file = copySample()
      const { find, newestSince, told } = open(file)
      const child = fork(WRITER, ['race', file, '3000', String(restMs)])
      await once(child, 'message')
      let report: RaceReport | undefined
      child.on('message', message => {
        report = message as RaceReport
      })
      const exit = once(child, 'exit')
      let found = 0
      let missed = 0
      let longestMs = 0
      let newest = 0
      while (!report) {
        const startedAt = performance.now()
        const backup = find(1)
        const latest = newestSince(0)
        longestMs = Math.max(longestMs, performance.now() - startedAt)
        if (backup && latest) {
          found++
          assert.equal(backup.comment, 'hello world')
          newest = Math.max(newest, latest.backup.id ?? 0)
        } else missed++
        await setImmediate()
      }
      await exit
      const { commits, failures, longestMs: commitMs } = report
      t.diagnostic(
        `${commits} commits, longest ${commitMs.toFixed(1)} ms; ${found} pairs of look-ups, ${missed} missed, longest ${longestMs.toFixed(1)} ms`,
      )
      assert.deepEqual(failures, [])
      assert.ok(commits > 20, `${commits} commits`)
      assert.ok(commitMs < 1000, `a commit took ${commitMs} ms`)
      // Against one that never rests a look-up has little chance, and gives way.
      if (restMs > 0) {
        assert.ok(found > missed, `${found} looked up, ${missed} missed`)
        assert.ok(newest > 5, 'nothing of what was committed meanwhile was seen')
      }
      for (const trouble of told)
        assert.ok(trouble === undefined || trouble.code === 'locked', trouble?.reason)
      assert.equal(find(5 + commits)?.comment, `backup ${commits - 1}`)
    })
  }
})
