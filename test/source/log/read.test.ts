import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readLog } from '../../../src/source/log/read.ts'
import type { LogRecord } from '../../../src/source/log/records.ts'
import { until } from '../../fake/until.ts'
import { zipOf } from '../../fake/zip.ts'
import { pbLine, RAISED, recordsOf, serverLine } from './fixture.ts'

const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-read-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const LOG = `${serverLine('hello')}\n${pbLine('创建')}\n${RAISED}\nTraceback:\nValueError: x\n${pbLine('end')}\n`

function put(name: string, content: string | Buffer): string {
  const file = join(dir, name)
  writeFileSync(file, content)
  return file
}

/** Linux tells which files a process has open. */
const HANDLES = '/proc/self/fd'

function isOpen(file: string): boolean {
  return readdirSync(HANDLES).some(fd => {
    try {
      return readlinkSync(join(HANDLES, fd)) === file
    } catch {
      return false
    }
  })
}

async function read(file: string): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for await (const batch of readLog(file)) records.push(...batch)
  return records
}

test('a log and its zip give the same records', async () => {
  const records = recordsOf(LOG)
  assert.equal(records.length, 3)
  assert.deepEqual(await read(put('MCDR.log', LOG)), records)
  assert.deepEqual(await read(put('2026-11-25-1.zip', zipOf('MCDR.log', LOG))), records)
  assert.deepEqual(
    await read(put('renamed', zipOf('MCDR.log', LOG))),
    records,
    'by what it is, not by its name',
  )
})

test('a large log and its zip are read block by block', async () => {
  const log = `${`${serverLine('x'.repeat(1000))}\n`.repeat(1500)}${pbLine('one')}\n`.repeat(4)
  const heads = [pbLine('one'), pbLine('one'), pbLine('one'), pbLine('one')]
  for (const file of [put('large.log', log), put('large.zip', zipOf('MCDR.log', log))])
    assert.deepEqual(
      (await read(file)).map(({ head }) => head),
      heads,
    )
})

test('the last line is whole without its break, and so is the last traceback', async () => {
  const heads = (await read(put('cut.log', LOG.slice(0, -1)))).map(({ head }) => head)
  assert.equal(heads.at(-1), pbLine('end'))
  for (const end of ['', '\n']) {
    const [record] = await read(put('raised.log', `${RAISED}\nValueError: x${end}`))
    assert.equal(record?.rest, 'ValueError: x')
  }
})

test('an empty log has no records', async () => {
  assert.deepEqual(await read(put('empty.log', '')), [])
  assert.deepEqual(await read(put('empty.zip', zipOf('MCDR.log', ''))), [])
})

test('one that is given up half-way leaves nothing open', { skip: !existsSync(HANDLES) }, async () => {
  const log = `${pbLine('one')} ${'x'.repeat(500)}\n`.repeat(10_000)
  for (const file of [put('half.log', log), put('half.zip', zipOf('MCDR.log', log))]) {
    for await (const batch of readLog(file)) {
      assert.ok(batch.length > 0)
      assert.ok(isOpen(file))
      break
    }
    await until('the file is closed', () => !isOpen(file))
  }
})

test('what can not be read is named, with the remedy', async () => {
  const folder = join(dir, 'folder')
  mkdirSync(folder)
  const zip = zipOf('MCDR.log', LOG.repeat(1000))
  const broken = Buffer.from(zip)
  broken.fill(0xff, 100, 200)
  const table: [string, RegExp][] = [
    [join(dir, 'none.log'), /none\.log: there is no such file yet; .*correct --log$/],
    [folder, /folder: this is a folder; name the MCDR\.log in it$/],
    [join(put('file', ''), 'MCDR.log'), /a part of the path is no folder; correct --log$/],
    [put('short.zip', zip.subarray(0, 300)), /short\.zip: this zip is broken \(.+\); copy it again/],
    [put('broken.zip', broken), /broken\.zip: this zip is broken \(.+\); copy it again/],
  ]
  for (const [file, message] of table)
    await assert.rejects(read(file), (error: Error) => {
      assert.match(error.message, message)
      assert.ok(!error.message.includes('\n'))
      return true
    })
})
