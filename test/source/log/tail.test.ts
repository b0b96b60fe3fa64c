import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Clock } from '../../../src/clock.ts'
import type { LogRecord } from '../../../src/source/log/records.ts'
import { createLogTail, type LogPosition, type LogTail } from '../../../src/source/log/tail.ts'
import { fakeClock } from '../../fake/clock.ts'
import { fakeLog } from '../../fake/log.ts'
import { until } from '../../fake/until.ts'
import { zipOf } from '../../fake/zip.ts'

const POLL_MS = 1000
let lineNumber = 0

/** A line of Prime Backup that says `what`; no two begin alike. */
function line(what: string): string {
  lineNumber += 1
  const ms = String(lineNumber).padStart(3, '0')
  return `[MCDR] [2026-11-25 00:19:49.${ms}] [PB@298d-worker-heavy/INFO] [a.py:1(f)] [prime_backup]: ${what}\n`
}

function started() {
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-tail-'))
  const file = join(dir, 'MCDR.log')
  const clock = fakeClock()
  const log = fakeLog()
  const seen: string[] = []
  const readable: (string | true)[] = []
  let position: LogPosition | undefined
  let pausing = false
  let failing = 0
  let tail: LogTail | undefined
  const pollClock: Clock = {
    ...clock,
    after: (ms, run) => {
      pausing = true
      return clock.after(ms, () => {
        pausing = false
        run()
      })
    },
  }

  return {
    dir,
    file,
    clock,
    log,
    seen,
    readable,
    position: () => position,
    failNext: (times: number) => {
      failing = times
    },
    append: (...whats: string[]) => appendFileSync(file, whats.map(line).join('')),
    start(path = file) {
      pausing = false
      tail = createLogTail(
        { file: path, pollMs: POLL_MS, watch: false },
        { clock: pollClock, log },
        {
          take: (records: readonly LogRecord[], reached) => {
            if (failing > 0) {
              failing -= 1
              throw new Error('not now')
            }
            seen.push(...records.map(({ head, rest }) => `${head.split(']: ')[1]}${rest && ` + ${rest}`}`))
            position = reached
          },
          first: async records => {
            for await (const batch of records)
              seen.push(...batch.map(({ head }) => `before: ${head.split(']: ')[1]}`))
            return undefined
          },
          caughtUp: (_, reached) => {
            position = reached
          },
          readable: (now, reason) => readable.push(now ? true : (reason ?? '')),
        },
      )
      tail.start(position)
    },
    async poll() {
      await until('the tail', () => pausing)
      await clock.advance(POLL_MS)
      await until('the poll', () => pausing)
    },
    stop: () => tail?.stop(),
    async [Symbol.asyncDispose]() {
      await tail?.stop()
      assert.equal(clock.pending(), 0, 'a timer is left')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

test('the first start hands over what is there, and begins at the end', async () => {
  await using house = started()
  house.append('old')
  house.start()
  await house.poll()
  house.append('new')
  await house.poll()
  assert.deepEqual(house.seen, ['before: old', 'new'])
  assert.deepEqual(house.readable, [true])
})

test('a file that comes later is read from its beginning, and what is wrong before is said with its remedy', async () => {
  await using house = started()
  house.start()
  await house.poll()
  assert.match(
    String(house.readable[0]),
    /MCDR\.log: there is no such file yet; if MCDReforged has run, correct mcdr\.log$/,
  )
  house.append('first')
  await house.poll()
  assert.deepEqual(house.seen, ['first'])
  assert.deepEqual(house.readable.slice(1), [true])
})

test('a folder, and a path through a file, are said to be that', async () => {
  await using house = started()
  house.start(house.dir)
  await house.poll()
  assert.match(String(house.readable[0]), /: this is a folder; name the MCDR\.log in it$/)
  await house.stop()
  house.append('x')
  house.start(join(house.file, 'MCDR.log'))
  await house.poll()
  assert.match(String(house.readable.at(-1)), /: a part of the path is no folder; correct mcdr\.log$/)
})

test('a file that is cut, or written over with something longer, is read from its beginning', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  house.seen.length = 0
  writeFileSync(house.file, line('cut'))
  await house.poll()
  writeFileSync(house.file, ['over', 'and', 'longer', 'than', 'before'].map(line).join(''))
  await house.poll()
  assert.deepEqual(house.seen, ['cut', 'over', 'and', 'longer', 'than', 'before'])
})

test('a traceback that waits when its file is cut is told, and so is a last line without its break', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  house.seen.length = 0
  appendFileSync(house.file, `${line('Task <x> run error')}Traceback: x\n${line('unbroken').trimEnd()}`)
  await house.poll()
  writeFileSync(house.file, line('anew'))
  await house.poll()
  assert.deepEqual(house.seen, ['Task <x> run error + Traceback: x', 'unbroken', 'anew'])
})

test('a traceback is whole when nothing was added for two seconds', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  house.seen.length = 0
  appendFileSync(house.file, `${line('Task <x> run error')}Traceback: x\n`)
  await house.poll()
  await house.poll()
  assert.deepEqual(house.seen, [])
  await house.poll()
  assert.deepEqual(house.seen, ['Task <x> run error + Traceback: x'])
})

test('what was rotated while the tail was stopped comes from the zips, in order, and then the file', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  house.append('told')
  await house.poll()
  await house.stop()
  house.seen.length = 0
  const rotate = (number: number) => {
    writeFileSync(join(house.dir, `2026-11-25-${number}.zip`), zipOf('MCDR.log', readFileSync(house.file)))
    unlinkSync(house.file)
  }
  house.append('rest of one')
  rotate(1)
  house.append('all of two')
  rotate(2)
  house.append('three')
  house.start()
  await house.poll()
  assert.deepEqual(house.seen, ['rest of one', 'all of two', 'three'])
  assert.deepEqual(house.log.said(), [])
})

test('a zip that is no zip is passed over with a warning, and the others are read', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  await house.stop()
  house.seen.length = 0
  house.append('zipped')
  writeFileSync(join(house.dir, '2026-11-25-1.zip'), zipOf('MCDR.log', readFileSync(house.file)))
  writeFileSync(join(house.dir, '2026-11-25-2.zip'), 'PK, but not really')
  unlinkSync(house.file)
  house.append('now')
  house.start()
  await house.poll()
  assert.deepEqual(house.seen, ['zipped', 'now'])
  assert.ok(house.log.said().every(said => /2026-11-25-2\.zip can't be read/.test(said)))
  assert.ok(house.log.said().length > 0)
})

test('another file without a zip of the one before is read from its beginning, with one warning', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  await house.stop()
  house.seen.length = 0
  unlinkSync(house.file)
  house.append('other')
  house.start()
  await house.poll()
  assert.deepEqual(house.seen, ['other'])
  assert.equal(house.log.said().length, 1)
  assert.match(house.log.said()[0] ?? '', /what MCDReforged did meanwhile may be missing$/)
})

test('a file that was read to its end and is deleted for a while is not warned of', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  unlinkSync(house.file)
  for (let polls = 0; polls < 3; polls += 1) await house.poll()
  house.append('again')
  await house.poll()
  assert.deepEqual(house.seen, ['before: start', 'again'])
  assert.deepEqual(house.log.said(), [])
})

test('records that can’t be taken are tried again, and nothing behind them goes first', async () => {
  await using house = started()
  house.append('start')
  house.start()
  await house.poll()
  house.seen.length = 0
  house.append('one', 'two')
  house.failNext(3)
  await until('the tail', () => house.clock.pending() > 0)
  for (let tries = 0; tries < 8 && house.seen.length === 0; tries += 1) {
    await house.clock.advance(POLL_MS)
    await until('a wait', () => house.clock.pending() > 0)
  }
  assert.deepEqual(house.seen, ['one', 'two'])
  assert.equal(house.log.said().length, 3)
})

test('a tail that is stopped leaves no file open', async () => {
  const open = () => readdirSync('/dev/fd').length
  const before = open()
  {
    await using house = started()
    mkdirSync(join(house.dir, 'more'))
    house.append('start')
    house.start()
    await house.poll()
    assert.ok(open() > before)
  }
  assert.equal(open(), before)
})
