import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { observeLog } from '../../../src/observe.ts'
import { createLogScanner, type LogRecord, MAX_LINE_BYTES } from '../../../src/source/log/records.ts'
import { fc } from '../../fake/property.ts'
import { mcdrLine, pbLine, RAISED, recordsOf, serverLine } from './fixture.ts'

const CORPUS = join(import.meta.dirname, '../../fixture/corpus')
const MEBIBYTE = 1024 * 1024

function headsOf(text: string | Buffer): string[] {
  return recordsOf(text).map(({ head }) => head)
}

/** The same by the plainest means: line by line, all of it in memory. */
function plainRecords(bytes: Buffer): LogRecord[] {
  const records: LogRecord[] = []
  let collecting: (LogRecord & { lines: Buffer[] }) | undefined
  const end = () => {
    if (!collecting) return
    const { lines, ...record } = collecting
    records.push({ ...record, rest: capped(lines) })
    collecting = undefined
  }
  for (let start = 0; ; ) {
    const lineEnd = bytes.indexOf(10, start) + 1
    if (lineEnd === 0) break
    const line = bytes.subarray(start, lineEnd)
    const from = start + (/^\0*/.exec(line.toString('latin1'))?.[0].length ?? 0)
    const text = bytes.toString('utf8', from, lineEnd).replace(/\r?\n$/, '')
    start = lineEnd
    const isHead = text.startsWith('[MCDR] [') || text.startsWith('[Server] [')
    if (isHead) end()
    if (collecting) {
      if (line.length <= MAX_LINE_BYTES) collecting.lines.push(line)
      collecting.end = lineEnd
      continue
    }
    const isWanted =
      line.length <= MAX_LINE_BYTES &&
      text.startsWith('[MCDR] [') &&
      !text.slice(0, 100).includes('/DEBUG] [') &&
      ['[prime_backup]: ', ' PID ', 'process stopped with code', '服务器进程已停止'].some(needle =>
        text.includes(needle),
      )
    if (!isWanted) continue
    const record = { head: text, rest: '', start: from, end: lineEnd }
    if (text.endsWith('> run error')) collecting = { ...record, lines: [] }
    else records.push(record)
  }
  if (bytes.at(-1) === 10) end()
  return records
}

function capped(lines: Buffer[]): string {
  let first = 0
  let bytes = 0
  while (first < lines.length && bytes + (lines[first]?.length ?? 0) <= 4096)
    bytes += lines[first++]?.length ?? 0
  let last = lines.length
  bytes = 0
  while (last > first && bytes + (lines[last - 1]?.length ?? 0) <= 65_536) bytes += lines[--last]?.length ?? 0
  return Buffer.concat([...lines.slice(0, first), ...lines.slice(last)])
    .toString()
    .replace(/\r?\n$/, '')
}

test('hands on the lines of Prime Backup, and those of the server process in both languages', () => {
  const wanted = [
    pbLine('[PB] Creating backup, please wait'),
    '[MCDR] [2026-11-25 00:19:49] [PB@298d-worker-heavy/INFO] [prime_backup]: [PB] 创建备份中...请稍等',
    mcdrLine('Server is running at PID 23876'),
    mcdrLine('服务端正在以 PID 23876 运行中'),
    mcdrLine('Server process stopped with code 0'),
    mcdrLine('服务器进程已停止，返回代码为 0'),
  ]
  assert.deepEqual(headsOf(wanted.map(line => `${line}\n`).join('')), wanted)
})

test('drops what the server says, what is indented, what debugs and what others log', () => {
  const lines = [
    serverLine('<Steve> [MCDR] [2026-11-25 00:19:49.396] [prime_backup]: [PB] Creating backup, please wait'),
    ` ${pbLine('[PB] Creating backup, please wait')}`,
    pbLine('Creating backup', 'DEBUG'),
    mcdrLine('Server started'),
    '[MCDR] [2026-11-25 00:19:49.396] [TaskExecutor/INFO] [a.py:1(b)] [other]: prime_backup is here',
    pbLine('[PB] done'),
  ]
  assert.deepEqual(headsOf(`${lines.join('\n')}\n`), [lines.at(-1)])
})

test('DEBUG in a message makes no debugging line', () => {
  const line = pbLine(`comment ${'x'.repeat(80)} /DEBUG] [`)
  assert.deepEqual(headsOf(`${line}\n`), [line])
})

test('tells where each record begins and ends', () => {
  const before = `${serverLine('你好')}\n`
  const line = `${pbLine('创建')}\n`
  const [record] = recordsOf(before + line + before)
  const start = Buffer.byteLength(before)
  assert.equal(record?.start, start)
  assert.equal(record?.end, start + Buffer.byteLength(line))
})

test('takes either line break', () => {
  assert.deepEqual(headsOf(`\r\n${pbLine('one')}\r\n${pbLine('two')}\n`), [pbLine('one'), pbLine('two')])
  const [raised] = recordsOf(`${RAISED}\r\nTraceback\r\nValueError: x\r\n`)
  assert.equal(raised?.head, RAISED)
  assert.equal(raised?.rest, 'Traceback\r\nValueError: x')
})

test('a character that is cut in two is read whole', () => {
  const bytes = Buffer.from(`${pbLine('创建备份中 🎉')}\n`)
  for (let cut = 1; cut < bytes.length; cut++) {
    const scanner = createLogScanner()
    assert.deepEqual(scanner.push(bytes.subarray(0, cut)), [])
    assert.deepEqual(
      scanner.push(bytes.subarray(cut)).map(({ head }) => head),
      [pbLine('创建备份中 🎉')],
    )
  }
})

test('bytes that are no UTF-8 spoil only themselves', () => {
  const line = Buffer.concat([
    Buffer.from(pbLine('a ')),
    Buffer.from([0xff, 0xe5, 0x88]),
    Buffer.from(' b\n'),
  ])
  assert.deepEqual(headsOf(line), [pbLine('a \ufffd\ufffd b')])
})

test('NULs before a line, as after a power cut, do not hide it', () => {
  const nuls = '\0'.repeat(5000)
  assert.deepEqual(headsOf(`${nuls}${pbLine('one')}\n${nuls}\n${pbLine('two')}\n`), [
    pbLine('one'),
    pbLine('two'),
  ])
  const records = recordsOf(`${RAISED}\nValueError: x\n${nuls}${pbLine('one')}\n`)
  assert.deepEqual(
    records.map(({ head, rest }) => [head, rest]),
    [
      [RAISED, 'ValueError: x'],
      [pbLine('one'), ''],
    ],
  )
})

test('a line waits for its break', () => {
  const scanner = createLogScanner()
  assert.deepEqual(scanner.push(Buffer.from(pbLine('one'))), [])
  assert.deepEqual(scanner.flush(), [])
  assert.equal(scanner.offset(), 0)
  assert.equal(scanner.push(Buffer.from('\n')).length, 1)
  assert.equal(scanner.offset(), pbLine('one').length + 1)
})

test('the first line is dropped where reading may begin in its middle', () => {
  const scanner = createLogScanner({ at: 100, midLine: true })
  assert.equal(scanner.offset(), 100)
  const line = `${pbLine('one')}\n`
  const records = scanner.push(Buffer.from(line + line))
  assert.deepEqual(
    records.map(({ start }) => start),
    [100 + line.length],
  )
})

test('a traceback goes with its head, up to the next record of MCDR or of the server', () => {
  const traceback = 'Traceback (most recent call last):\n  File "a.py", line 1\n\nValueError: 不好'
  for (const next of [mcdrLine('Server started'), serverLine('hello')]) {
    const scanner = createLogScanner()
    assert.deepEqual(scanner.push(Buffer.from(`${RAISED}\n${traceback}\n`)), [])
    assert.ok(scanner.isOpen())
    assert.equal(scanner.offset(), 0, 'begins again before the head')
    const [record, ...more] = scanner.push(Buffer.from(`${next}\n`))
    assert.deepEqual(more, [])
    assert.equal(record?.rest, traceback)
    assert.equal(record?.end, Buffer.byteLength(`${RAISED}\n${traceback}\n`))
    assert.ok(!scanner.isOpen())
  }
})

test('flush ends a traceback whose last line is whole, and only that', () => {
  const scanner = createLogScanner()
  scanner.push(Buffer.from(`${RAISED}\nTraceback\nValue`))
  assert.deepEqual(scanner.flush(), [])
  scanner.push(Buffer.from('Error: x\n'))
  assert.deepEqual(
    scanner.flush().map(({ rest }) => rest),
    ['Traceback\nValueError: x'],
  )
  assert.ok(!scanner.isOpen())
  assert.deepEqual(scanner.flush(), [])
})

test('one failure after the other has a record each', () => {
  const records = recordsOf(`${RAISED}\nA: 1\n${RAISED}\nB: 2\n${RAISED}\n`)
  assert.deepEqual(
    records.map(({ rest }) => rest),
    ['A: 1', 'B: 2', ''],
  )
})

test('of a long traceback the beginning and the end are kept', () => {
  const line = (number: number) => `  File "${number}.py", line 1\n`
  const lines = Array.from({ length: 20_000 }, (_, number) => line(number))
  const [record] = recordsOf(`${RAISED}\nTraceback:\n${lines.join('')}ValueError: x\n`, 777)
  const rest = record?.rest ?? ''
  assert.ok(rest.startsWith(`Traceback:\n${line(0)}${line(1)}`))
  assert.ok(rest.endsWith(`${line(19_999)}ValueError: x`))
  assert.ok(rest.length < 70_000, `${rest.length}`)
  assert.ok(
    rest.split('\n').every(text => /^(Traceback:| {2}File "\d+\.py", line 1|ValueError: x)$/.test(text)),
  )
})

test('a line of 200 MB costs no memory, and the next one is read', () => {
  const scanner = createLogScanner()
  const piece = Buffer.alloc(MEBIBYTE, 'x')
  const begun = Buffer.from(pbLine('long '))
  scanner.push(begun)
  scanner.push(piece)
  const before = process.memoryUsage()
  for (let count = 1; count < 200; count++) scanner.push(piece)
  const after = process.memoryUsage()
  assert.ok(after.rss - before.rss < 32 * MEBIBYTE, `grew by ${after.rss - before.rss} bytes`)
  assert.ok(after.arrayBuffers - before.arrayBuffers < MEBIBYTE)
  const records = scanner.push(Buffer.from(`\n${pbLine('next')}\n`))
  assert.deepEqual(
    records.map(({ head, start }) => [head, start]),
    [[pbLine('next'), begun.length + 200 * MEBIBYTE + 1]],
  )
})

test('a traceback of 200 MB costs no memory', () => {
  const scanner = createLogScanner()
  scanner.push(Buffer.from(`${RAISED}\n`))
  const piece = Buffer.from(
    'x'
      .repeat(63)
      .concat('\n')
      .repeat(MEBIBYTE / 64),
  )
  scanner.push(piece)
  const before = process.memoryUsage()
  for (let count = 1; count < 200; count++) assert.deepEqual(scanner.push(piece), [])
  const after = process.memoryUsage()
  assert.ok(after.rss - before.rss < 64 * MEBIBYTE, `grew by ${after.rss - before.rss} bytes`)
  assert.ok(after.arrayBuffers - before.arrayBuffers < MEBIBYTE)
  assert.equal(scanner.offset(), 0)
})

test('what is made to be slow is not', () => {
  const start = performance.now()
  // A line that grows byte by byte; a traceback of empty lines; as many failures as there is room for.
  const scanner = createLogScanner()
  for (let count = 0; count < MAX_LINE_BYTES; count++) scanner.push(Buffer.from('x'))
  recordsOf(`${RAISED}\n${'\n'.repeat(MEBIBYTE)}`)
  recordsOf(`${RAISED}\n`.repeat(5000))
  recordsOf(`${serverLine('[prime_backup]: ')}\n`.repeat(20_000))
  const tookMs = performance.now() - start
  assert.ok(tookMs < 4000, `took ${tookMs} ms`)
})

test("the corpus' logs give what their lines say, in pieces of any size", () => {
  const files = globSync('**/mcdr.log', { cwd: CORPUS })
  assert.ok(files.length > 30)
  for (const file of files) {
    const bytes = readFileSync(join(CORPUS, file))
    const records = recordsOf(bytes)
    assert.deepEqual(records, plainRecords(bytes), file)
    for (const pieceBytes of [1, 7, 4096]) assert.deepEqual(recordsOf(bytes, pieceBytes), records, file)
    const heads = new Set(records.map(({ head }) => head))
    for (const line of bytes.toString().split(/\r?\n/))
      if (observeLog({ head: line, rest: '' }, 'UTC')) assert.ok(heads.has(line), `${file}: ${line}`)
  }
})

const anyLine = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => pbLine(text)) },
  { weight: 2, arbitrary: fc.constant(RAISED) },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => serverLine(text)) },
  { weight: 2, arbitrary: fc.constantFrom(mcdrLine('服务器进程已停止，返回代码为 0'), mcdrLine('at PID 7')) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('', '  File "a.py"', 'ValueError: x', '\0\0', '[MCDR] ', '[Server'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }).map(text => `\0\0${pbLine(text)}`) },
  { weight: 1, arbitrary: fc.constant(pbLine('debug', 'DEBUG')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(pbLine(''), serverLine(''), '', RAISED, '\0'), fc.integer({ min: -2, max: 2 }))
      .map(([begun, more]) => begun.padEnd(MAX_LINE_BYTES + more, 'x')),
  },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(70_000), ' '.repeat(30_000), 'y'.repeat(4090)) },
)
const anyLog = fc
  .array(fc.tuple(anyLine, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 25, size: 'max' })
  .map(lines => Buffer.from(lines.flat().join('')))

/** The same in pieces that end at `cuts`, as shares of the whole. */
function split(bytes: Buffer, cuts: number[]): Buffer[] {
  const ends = [...cuts.map(cut => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}
const anyCuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

test('any log in any pieces gives the records that reading it line by line gives', () => {
  fc.assert(
    fc.property(anyLog, anyCuts, (bytes, cuts) => {
      const scanner = createLogScanner()
      const records = split(bytes, cuts).flatMap(piece => scanner.push(piece))
      assert.deepEqual([...records, ...scanner.flush()], plainRecords(bytes))
    }),
    { numRuns: 300, interruptAfterTimeLimit: 20_000 },
  )
})

test('beginning again at an offset that was told gives the rest, exactly', () => {
  fc.assert(
    fc.property(anyLog, anyCuts, (bytes, cuts) => {
      const whole = plainRecords(bytes)
      const scanner = createLogScanner()
      const seen: LogRecord[] = []
      for (const piece of split(bytes, cuts)) {
        seen.push(...scanner.push(piece))
        const at = scanner.offset()
        const again = createLogScanner({ at })
        const rest = [...again.push(bytes.subarray(at)), ...again.flush()]
        assert.deepEqual([...seen, ...rest], whole, `from ${at}`)
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 20_000 },
  )
})
