import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../../../src/clock.ts'
import {
  createLogTail,
  type LogHandlers,
  type LogPosition,
  type LogTail,
} from '../../../src/source/log/tail.ts'
import { troubleOf } from '../../../src/source/log/trouble.ts'
import { type FakeClock, fakeClock } from '../../fake/clock.ts'
import { type FakeLog, fakeLog } from '../../fake/log.ts'
import { fc } from '../../fake/property.ts'
import { until } from '../../fake/until.ts'
import { zipOf } from '../../fake/zip.ts'
import { mcdrLine, pbLine, RAISED, serverLine } from './fixture.ts'

const POLL_MS = 1000
const NO_FD_LIST = !existsSync('/proc/self/fd')

const undo: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** MCDR's log in a folder of its own, and the zips beside it. */
class Folder {
  readonly dir = mkdtempSync(join(tmpdir(), 'pb-bridge-tail-'))
  readonly file = join(this.dir, 'MCDR.log')
  #zips = 0
  #starts = 0

  constructor() {
    undo.push(() => this.remove())
  }

  remove() {
    rmSync(this.dir, { recursive: true, force: true })
  }

  /** As MCDR's first line, which is different each time. */
  begin() {
    this.#starts += 1
    writeFileSync(
      this.file,
      `${mcdrLine(`MCDReforged starts for the ${this.#starts}. time${' '.repeat(300)}`)}\n`,
    )
  }

  /** Whole lines, each with its break. */
  add(...messages: string[]) {
    appendFileSync(this.file, messages.map(message => `${pbLine(message)}\n`).join(''))
  }

  addRaw(text: string | Buffer) {
    appendFileSync(this.file, text)
  }

  /** The log's zip; the file itself goes. */
  zip(): string {
    this.#zips += 1
    const zip = join(this.dir, `2026-11-25-${this.#zips}.zip`)
    writeFileSync(zip, zipOf('MCDR.log', readFileSync(this.file)))
    utimesSync(zip, 1_700_000_000, 1_700_000_000 + this.#zips)
    rmSync(this.file)
    return zip
  }

  rotate(): string {
    const zip = this.zip()
    this.begin()
    return zip
  }

  /** Files in this folder that the process holds open. */
  handles(): string[] {
    return readdirSync('/proc/self/fd').flatMap(fd => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`)
        return target.startsWith(this.dir) ? [target] : []
      } catch {
        return []
      }
    })
  }
}

/** What comes back from the database. */
function stored(position: LogPosition | undefined): LogPosition | undefined {
  return position && JSON.parse(JSON.stringify(position))
}

/** A tail in a test's hands: it polls when told to. */
class Follower {
  readonly messages: string[] = []
  readonly rests: string[] = []
  readonly readable: [boolean, string?][] = []
  readonly caughtUp: number[] = []
  readonly file: string
  readonly clock: FakeClock
  readonly log: FakeLog
  readonly tail: LogTail
  /** As it would be stored. */
  position: LogPosition | undefined

  constructor(file: string, clock = fakeClock(), log = fakeLog(), handlers: Partial<LogHandlers> = {}) {
    this.file = file
    this.clock = clock
    this.log = log
    this.tail = createLogTail(
      { file, pollMs: POLL_MS, watch: false },
      { clock, log },
      {
        take: (records, position) => {
          for (const { head, rest } of records) {
            this.messages.push(head.slice(head.indexOf('[prime_backup]: ') + 16))
            this.rests.push(rest)
          }
          this.position = position
        },
        first: async records => {
          for await (const _ of records);
          return undefined
        },
        caughtUp: (at, position) => {
          this.caughtUp.push(at)
          this.position = position
        },
        readable: (...told) => this.readable.push(told),
        ...handlers,
      },
    )
    undo.push(() => this.tail.stop())
  }

  async start(position?: LogPosition) {
    this.tail.start(position)
    await this.idle()
    return this
  }

  /** One poll, or what falls due until then. */
  async poll(ms = POLL_MS) {
    await this.clock.advance(ms)
    await this.idle()
  }

  /** Until it waits for its next poll. */
  async idle() {
    const deadline = performance.now() + 20_000
    while (this.clock.pending() === 0) {
      assert.ok(performance.now() < deadline, 'it polls for too long')
      await setImmediate()
    }
  }

  /** Another one that goes on from what this one stored. */
  async restart(): Promise<Follower> {
    await this.tail.stop()
    const { clock, log } = this
    return await new Follower(this.file, clock, log).start(stored(this.position))
  }
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)
}

async function following(): Promise<{ folder: Folder; follower: Follower }> {
  const folder = new Folder()
  folder.begin()
  return { folder, follower: await new Follower(folder.file).start() }
}

describe('a log that grows', () => {
  it('hands on what is added, at the next poll, and says that the file can be read', async () => {
    const { folder, follower } = await following()
    assert.deepEqual(follower.readable, [[true, undefined]])
    folder.add('one', 'two')
    folder.addRaw(`${serverLine('hello')}\n`)
    assert.deepEqual(follower.messages, [])
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two'])
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two'])
  })

  it('tells up to when everything was read, by the time before it looked', async () => {
    const { follower } = await following()
    const from = follower.clock.now()
    await follower.poll()
    await follower.poll()
    assert.deepEqual(follower.caughtUp.slice(-2), [from + POLL_MS, from + 2 * POLL_MS])
  })

  it('holds back a line until its break has come, whatever it is cut in', async () => {
    const { folder, follower } = await following()
    const line = Buffer.from(`${pbLine('备份')}\n`)
    for (const byte of line) {
      assert.deepEqual(follower.messages, [])
      folder.addRaw(Buffer.from([byte]))
      await follower.poll()
    }
    assert.deepEqual(follower.messages, ['备份'])
  })

  it('takes up many megabytes in one poll', async () => {
    const { folder, follower } = await following()
    const other = `${serverLine('x'.repeat(900))}\n`.repeat(3000)
    folder.addRaw(`${other}${pbLine('one')}\n${other}${pbLine('two')}\n`)
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two'])
  })

  it('a traceback is whole when the next record comes, or after two seconds without more of it', async () => {
    const { folder, follower } = await following()
    folder.addRaw(`${RAISED}\nTraceback (most recent call last):\n`)
    await follower.poll()
    assert.deepEqual(follower.rests, [])
    folder.addRaw('ValueError: x\n')
    await follower.poll()
    await follower.poll()
    assert.deepEqual(follower.rests, [])
    await follower.poll()
    assert.deepEqual(follower.rests, ['Traceback (most recent call last):\nValueError: x'])
    folder.addRaw(`${RAISED}\nKeyError: 1\n`)
    folder.add('next')
    await follower.poll()
    assert.deepEqual(follower.rests.slice(1), ['KeyError: 1', ''])
  })

  it('records that could not be taken are offered again until they are', async () => {
    const folder = new Folder()
    folder.begin()
    const offered: number[] = []
    const follower = await new Follower(folder.file, fakeClock(), fakeLog(), {
      take: async records => {
        offered.push(records.length)
        if (offered.length < 3) throw new Error('disk full')
      },
    }).start()
    folder.add('one', 'two')
    await follower.poll()
    assert.equal(follower.caughtUp.length, 1, 'not caught up before they are taken')
    folder.add('three')
    await follower.poll()
    await follower.poll()
    await follower.poll()
    assert.deepEqual(offered, [2, 2, 2, 1])
    assert.equal(follower.log.said().filter(line => line.includes('tried again')).length, 2)
  })

  it('stops while records can not be taken, and has them again at the next start', async () => {
    const folder = new Folder()
    folder.begin()
    const clock = fakeClock()
    const failing = await new Follower(folder.file, clock, fakeLog(), {
      take: () => Promise.reject(new Error('disk full')),
    }).start()
    folder.add('one')
    await failing.poll()
    await failing.tail.stop()
    assert.equal(clock.pending(), 0)
    const next = await new Follower(folder.file, clock).start(stored(failing.position))
    assert.deepEqual(next.messages, ['one'])
  })
})

describe('the very first start', () => {
  it('begins at the end, having shown what is there', async () => {
    const folder = new Folder()
    folder.begin()
    folder.add('old')
    const shown: string[] = []
    const follower = await new Follower(folder.file, fakeClock(), fakeLog(), {
      first: async records => {
        for await (const batch of records) shown.push(...batch.map(({ head }) => head))
        return undefined
      },
    }).start()
    assert.deepEqual(shown, [pbLine('old')])
    folder.add('new')
    await follower.poll()
    assert.deepEqual(follower.messages, ['new'])
  })

  it('begins at the offset that it is told', async () => {
    const folder = new Folder()
    folder.begin()
    folder.add('old', 'older task', 'end of it')
    const follower = await new Follower(folder.file, fakeClock(), fakeLog(), {
      first: async records => {
        let at: number | undefined
        for await (const batch of records)
          for (const { head, start } of batch) if (head.endsWith('older task')) at = start
        return at
      },
    }).start()
    assert.deepEqual(follower.messages, ['older task', 'end of it'])
  })

  it('shows the last 64 MiB of a large log, from a whole line on', async () => {
    const folder = new Folder()
    folder.addRaw(Buffer.alloc(70 * 1024 * 1024, `${pbLine('same')}\n`))
    let bytes = 0
    const heads = new Set<string>()
    await new Follower(folder.file, fakeClock(), fakeLog(), {
      first: async records => {
        for await (const batch of records)
          for (const { head, start, end } of batch) {
            bytes += end - start
            heads.add(head)
          }
        return undefined
      },
    }).start()
    assert.deepEqual([...heads], [pbLine('same')])
    const lineBytes = pbLine('same').length + 1
    assert.ok(bytes <= 64 * 1024 * 1024 && bytes > 64 * 1024 * 1024 - 2 * lineBytes, `${bytes}`)
  })

  it('does not take the rest of a line for a line', async () => {
    const folder = new Folder()
    folder.begin()
    folder.addRaw('x'.repeat(70_000))
    const follower = await new Follower(folder.file).start()
    folder.addRaw(`${pbLine('typed')}\n`)
    folder.add('real')
    await follower.poll()
    assert.deepEqual(follower.messages, ['real'])
  })

  it('a log that comes later is read from its beginning', async () => {
    const folder = new Folder()
    const follower = await new Follower(folder.file).start()
    assert.equal(follower.readable.length, 1)
    assert.equal(follower.readable[0]?.[0], false)
    assert.match(
      follower.readable[0]?.[1] ?? '',
      /MCDR\.log: there is no such file yet; .*correct mcdr\.log$/,
    )
    await follower.poll()
    folder.add('one')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one'])
    assert.deepEqual(follower.readable.slice(1), [[true, undefined]])
    assert.deepEqual(follower.caughtUp.length, 1)
  })

  it('an empty log is read from its beginning', async () => {
    const folder = new Folder()
    writeFileSync(folder.file, '')
    const follower = await new Follower(folder.file).start()
    await follower.tail.stop()
    folder.add('one')
    const next = await new Follower(folder.file).start(stored(follower.position))
    assert.deepEqual(next.messages, ['one'])
  })
})

describe('a rotation as MCDR does it', () => {
  it('the old file is read to its end, and the new one from its beginning', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    await follower.poll()
    folder.add('two')
    folder.rotate()
    folder.add('three')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two', 'three'])
    assert.deepEqual(follower.log.said(), [])
    assert.deepEqual(
      follower.readable.map(([readable]) => readable),
      [true],
    )
  })

  it('a poll between the two finds no file, says nothing of it, and loses nothing', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    folder.zip()
    await follower.poll()
    assert.deepEqual(follower.messages, ['one'])
    folder.begin()
    folder.add('two')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two'])
    assert.deepEqual(follower.log.said(), [])
    assert.deepEqual(
      follower.readable.map(([readable]) => readable),
      [true],
    )
  })

  it('a poll that finds the new file empty loses nothing, even if the bridge stops then', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    folder.zip()
    writeFileSync(folder.file, '')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one'])
    await follower.tail.stop()
    folder.add('two')
    folder.rotate()
    folder.add('three')
    const next = await follower.restart()
    assert.deepEqual(next.messages, ['two', 'three'])
    assert.deepEqual(follower.log.said(), [])
  })

  it('a new file of the same number is told by how it begins', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    await follower.poll()
    truncateSync(folder.file)
    folder.begin()
    folder.add(...numbered(2, 40))
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', ...numbered(2, 40)])
    assert.deepEqual(follower.log.said(), [])
  })

  it('a new file of the same number and length is told as well', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    await follower.poll()
    folder.begin()
    folder.add('two')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two'])
  })

  it('two of them between two polls: what the zips have is read', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    folder.rotate()
    folder.add('two')
    folder.rotate()
    folder.add('three')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two', 'three'])
  })

  it('as often as the bridge was away for: nothing of many zips is left out', async () => {
    const { folder, follower } = await following()
    await follower.tail.stop()
    const messages = numbered(1, 130)
    for (const message of messages) {
      folder.add(message)
      folder.rotate()
    }
    const next = await follower.restart()
    assert.deepEqual(next.messages, messages)
  })

  it('while the bridge was stopped: the rest is read from the zips, in their order, from any of their lines', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    await follower.poll()
    await follower.tail.stop()
    folder.add('two')
    folder.rotate()
    folder.add('three')
    folder.rotate()
    folder.rotate()
    folder.add('four')
    folder.rotate()
    folder.add('five')
    const positions: LogPosition[] = []
    const log = fakeLog()
    const read = (position: LogPosition | undefined) => {
      const found: string[] = []
      const next = new Follower(folder.file, fakeClock(), log, {
        take: (records, reached) => {
          found.push(...records.map(({ head }) => head.slice(head.indexOf(']: ') + 3)))
          positions.push(reached)
        },
      })
      return { found, done: next.start(stored(position)).then(() => next.tail.stop()) }
    }
    const { found, done } = read(follower.position)
    await done
    assert.deepEqual(found, ['two', 'three', 'four', 'five'])
    for (const [index, position] of positions.slice(0, 4).entries()) {
      const again = read(position)
      await again.done
      assert.deepEqual(again.found, found.slice(index + 1), `from position ${index}`)
    }
    assert.deepEqual(log.said(), [])
  })

  it('a position within a zip, in a line that is too long, takes no rest of it for a line', async () => {
    const { folder, follower } = await following()
    const begun = readFileSync(folder.file).length
    await follower.tail.stop()
    folder.addRaw(`${'x'.repeat(100)}${pbLine('typed')}\n`)
    folder.add('real')
    folder.rotate()
    const next = await new Follower(folder.file).start({
      ...(follower.position as LogPosition),
      offset: begun + 100,
    })
    assert.deepEqual(next.messages, ['real'])
  })

  it('a traceback that the stop of MCDR cut short is told with the lines that it has', async () => {
    const { folder, follower } = await following()
    folder.addRaw(`${RAISED}\nTraceback (most recent call last):\n`)
    await follower.poll()
    folder.addRaw('ValueError')
    folder.rotate()
    await follower.poll()
    assert.deepEqual(follower.rests, ['Traceback (most recent call last):\nValueError'])
  })

  it('a zip that is broken is named, and what it has before that is read', async () => {
    const { folder, follower } = await following()
    await follower.tail.stop()
    folder.add('one')
    folder.rotate()
    folder.add(...numbered(1, 20_000).map(text => `${text} ${Math.random()}`))
    const zip = folder.rotate()
    folder.add('last')
    const bytes = readFileSync(zip)
    const middle = Math.floor(bytes.length / 2)
    bytes.fill(0xff, middle, middle + 1000)
    writeFileSync(zip, bytes)
    utimesSync(zip, 1_800_000_000, 1_800_000_000)
    const next = await follower.restart()
    assert.equal(next.messages[0], 'one')
    assert.equal(next.messages.at(-1), 'last')
    assert.ok(next.messages.length > 1000 && next.messages.length < 19_000)
    assert.equal(next.log.said().length, 1)
    assert.match(next.log.said()[0] ?? '', /2026-11-25-2\.zip can't be read to its end \(.+\)/)
  })

  it('where no zip has the rest, one warning says so and names the zips that can not be read', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    await follower.poll()
    await follower.tail.stop()
    const zip = folder.rotate()
    writeFileSync(zip, 'no zip')
    folder.add('two')
    writeFileSync(join(folder.dir, '2026-11-25-9.zip'), zipOf('MCDR.log', 'of another server\n'))
    writeFileSync(join(folder.dir, 'worlds.zip'), 'none of MCDR')
    const next = await follower.restart()
    await next.poll()
    assert.deepEqual(next.messages, ['two'])
    assert.equal(next.log.said().length, 1)
    assert.match(
      next.log.said()[0] ?? '',
      /is another file than the bridge read last, .* may be missing; 2026-11-25-1\.zip can't be read \(.+\)$/,
    )
  })
})

describe('other fates of a log', () => {
  it('copied and cut to nothing (copytruncate), it is read from its beginning', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    await follower.poll()
    copyFileSync(folder.file, join(folder.dir, 'MCDR.log.1'))
    truncateSync(folder.file)
    await follower.poll()
    folder.add('two')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two'])
    assert.deepEqual(follower.log.said(), [])
  })

  it('a traceback that is cut away is told with the lines that were read', async () => {
    const { folder, follower } = await following()
    folder.addRaw(`${RAISED}\nTraceback (most recent call last):\nValue`)
    await follower.poll()
    truncateSync(folder.file)
    folder.add('two')
    await follower.poll()
    assert.deepEqual(follower.rests, ['Traceback (most recent call last):', ''])
  })

  it('cut shorter, under the same beginning, nothing is told twice', async () => {
    const { folder, follower } = await following()
    folder.add('one', 'two')
    await follower.poll()
    truncateSync(folder.file, readFileSync(folder.file).length - `${pbLine('two')}\n`.length)
    await follower.poll()
    folder.add('three')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two', 'three'])
  })

  it('renamed, with another one in its place, both are read', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    renameSync(folder.file, join(folder.dir, 'old.log'))
    folder.begin()
    folder.add('two')
    await follower.poll()
    assert.deepEqual(follower.messages, ['one', 'two'])
    assert.deepEqual(follower.log.said(), [])
  })

  it('a copy put in its place is followed where the old one was left', async () => {
    const { folder, follower } = await following()
    folder.addRaw(`${RAISED}\nTraceback:\n`)
    await follower.poll()
    const copy = join(folder.dir, 'copy.log')
    copyFileSync(folder.file, copy)
    renameSync(copy, folder.file)
    folder.addRaw('ValueError: x\n')
    folder.add('one')
    await follower.poll()
    folder.add('two')
    await follower.poll()
    assert.deepEqual(follower.messages.slice(1), ['one', 'two'])
    assert.deepEqual(follower.rests[0], 'Traceback:\nValueError: x')
    if (!NO_FD_LIST) assert.deepEqual(folder.handles(), [folder.file])
  })

  it('moved away and back, in the middle of a line, it is read on', async () => {
    const { folder, follower } = await following()
    const line = pbLine('one')
    folder.addRaw(line.slice(0, -2))
    await follower.poll()
    renameSync(folder.file, join(folder.dir, 'away'))
    await follower.poll()
    await follower.poll()
    await follower.poll()
    renameSync(join(folder.dir, 'away'), folder.file)
    folder.addRaw(`${line.slice(-2)}\n`)
    await follower.poll()
    assert.deepEqual(follower.messages, ['one'])
    assert.deepEqual(
      follower.readable.map(([readable]) => readable),
      [true, false, true],
    )
  })

  it('deleted for good, what it had is told, and that it is gone, once', async () => {
    const { folder, follower } = await following()
    folder.add('one')
    folder.addRaw(`${RAISED}\nValueError: x\n`)
    rmSync(folder.file)
    for (let count = 0; count < 5; count++) await follower.poll()
    assert.equal(follower.messages[0], 'one')
    assert.deepEqual(follower.rests, ['', 'ValueError: x'])
    assert.equal(follower.readable.length, 2)
    assert.equal(follower.readable[1]?.[0], false)
    assert.equal(follower.caughtUp.length, 1)
    if (!NO_FD_LIST) assert.deepEqual(folder.handles(), [])
  })

  it('what can not be read names the remedy', async () => {
    const folder = new Folder()
    mkdirSync(folder.file)
    const isFolder = await new Follower(folder.file).start()
    assert.match(isFolder.readable[0]?.[1] ?? '', /MCDR\.log: this is a folder; name the MCDR\.log in it$/)
    writeFileSync(join(folder.dir, 'file'), '')
    const under = await new Follower(join(folder.dir, 'file', 'MCDR.log')).start()
    assert.match(under.readable[0]?.[1] ?? '', /a part of the path is no folder; correct mcdr\.log$/)
    for (const follower of [isFolder, under]) {
      await follower.poll()
      assert.equal(follower.readable.length, 1)
    }
  })

  // Whoever is root may read everything: the words alone are tried.
  it('a log that may not be read names the remedy', () => {
    for (const code of ['EACCES', 'EPERM'])
      assert.match(
        troubleOf('MCDR.log', Object.assign(new Error('no'), { code })),
        /^MCDR\.log: it may not be read; give the user/,
      )
  })
})

describe('stopping', () => {
  it('and starting at every line loses nothing and tells nothing twice', async () => {
    const { folder, follower } = await following()
    let last = follower
    const messages: string[] = []
    for (const message of numbered(1, 30)) {
      const line = `${pbLine(message)}\n`
      folder.addRaw(line.slice(0, 50))
      last = await last.restart()
      folder.addRaw(line.slice(50))
      messages.push(...last.messages)
      last = await last.restart()
      messages.push(...last.messages)
    }
    assert.deepEqual(messages, numbered(1, 30))
  })

  it('leaves no timer, no open file and no watcher', async () => {
    const folder = new Folder()
    folder.begin()
    const watchers = () => process.getActiveResourcesInfo().filter(name => name === 'FSEventWrap').length
    const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = { watchers: watchers(), timers: timers() }
    const caughtUp: number[] = []
    const tail = createLogTail(
      { file: folder.file, pollMs: 60_000 },
      { clock: systemClock, log: fakeLog() },
      {
        take: () => {},
        first: async () => undefined,
        caughtUp: at => caughtUp.push(at),
        readable: () => {},
      },
    )
    tail.start(undefined)
    await until('the first poll', () => caughtUp.length === 1)
    assert.equal(watchers(), before.watchers + 1)
    await tail.stop()
    await until('no watcher', () => watchers() === before.watchers)
    assert.equal(timers(), before.timers)
    if (!NO_FD_LIST) await until('no open file', () => folder.handles().length === 0)
  })

  it('in the middle of a zip leaves no open file', { skip: NO_FD_LIST }, async () => {
    const { folder, follower } = await following()
    await follower.tail.stop()
    folder.add(...numbered(1, 50_000).map(text => `${text} ${Math.random()}`))
    folder.rotate()
    const taken = Promise.withResolvers<void>()
    const next = new Follower(folder.file, fakeClock(), fakeLog(), {
      take: (_, position) => {
        next.position = position
        taken.resolve()
      },
    })
    next.tail.start(stored(follower.position))
    await taken.promise
    await next.tail.stop()
    await until('no open file', () => folder.handles().length === 0)
    assert.equal(next.clock.pending(), 0)
    assert.ok((next.position?.offset ?? 0) < 4_000_000)
  })

  it('without a start, twice, and then starting do nothing', async () => {
    const folder = new Folder()
    folder.begin()
    const follower = new Follower(folder.file)
    await follower.tail.stop()
    await follower.tail.stop()
    follower.tail.start(undefined)
    await follower.tail.stop()
    assert.equal(follower.caughtUp.length, 0)
    assert.equal(follower.clock.pending(), 0)
  })
})

it('looks soon after the file system says that the log changed', async () => {
  const folder = new Folder()
  folder.begin()
  const messages: string[] = []
  let polls = 0
  const tail = createLogTail(
    { file: folder.file, pollMs: 600_000 },
    { clock: systemClock, log: fakeLog() },
    {
      take: records => {
        messages.push(...records.map(({ head }) => head))
      },
      first: async () => undefined,
      caughtUp: () => {
        polls += 1
      },
      readable: () => {},
    },
  )
  undo.push(() => tail.stop())
  tail.start(undefined)
  await until('the first poll', () => polls === 1)
  folder.add('one')
  await until('the line', () => messages.length === 1)
})

type Step =
  | { type: 'add' | 'raise' | 'half'; count: number }
  | { type: 'poll' | 'rotate' | 'gone' | 'cut' | 'rename' | 'stop' | 'restart' }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('add' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('raise' as const), count: fc.integer({ min: 0, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('half' as const), count: fc.integer({ min: 1, max: 160 }) }),
  },
  { weight: 5, arbitrary: fc.constant({ type: 'poll' as const }) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Step>(
      { type: 'rotate' },
      { type: 'rotate' },
      { type: 'gone' },
      { type: 'cut' },
      { type: 'rename' },
      { type: 'stop' },
      { type: 'restart' },
    ),
  },
)

it('whatever happens to the log and to the bridge, each line is told once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 30, size: 'max' }), async steps => {
      const folder = new Folder()
      folder.begin()
      const told: string[] = []
      const expected: string[] = []
      let position: LogPosition | undefined
      const log = fakeLog()
      const clock = fakeClock()
      let follower: Follower | undefined
      const begin = async () => {
        follower = new Follower(folder.file, clock, log, {
          take: (records, reached) => {
            for (const { head, rest } of records) told.push(`${head}\n${rest}`)
            position = reached
          },
          caughtUp: (_, reached) => {
            position = reached
          },
        })
        await follower.start(stored(position))
      }
      const stop = async () => {
        await follower?.tail.stop()
        follower = undefined
      }
      /** What is left of a line that was begun. */
      let begun = ''
      const endLine = () => {
        folder.addRaw(begun)
        begun = ''
      }
      const write = (head: string, rest = '') => {
        expected.push(`${head}\n${rest}`)
        folder.addRaw(`${head}\n${rest === '' ? '' : `${rest}\n`}`)
      }
      await begin()
      for (const step of steps) {
        if (begun !== '' && !['poll', 'stop', 'restart'].includes(step.type)) endLine()
        switch (step.type) {
          case 'add':
            for (let count = 0; count < step.count; count++) write(pbLine(`message ${expected.length}`))
            break
          case 'raise':
            write(RAISED, numbered(0, step.count).join('\n'))
            break
          case 'half': {
            const line = pbLine(`半 message ${expected.length}`)
            expected.push(`${line}\n`)
            const bytes = Buffer.from(`${line}\n`)
            const cut = Math.min(step.count, line.indexOf('半'))
            folder.addRaw(bytes.subarray(0, cut))
            begun = bytes.subarray(cut).toString()
            break
          }
          case 'poll':
            await follower?.poll()
            break
          case 'rotate':
            folder.rotate()
            break
          case 'gone':
            folder.zip()
            await follower?.poll()
            folder.begin()
            break
          // What these two do to a file that was not read, or is not open, can't be undone.
          case 'cut':
            if (!follower) await begin()
            await follower?.poll()
            folder.begin()
            await follower?.poll()
            break
          case 'rename':
            if (!follower) await begin()
            await follower?.poll()
            write(pbLine(`message ${expected.length}`))
            renameSync(folder.file, join(folder.dir, 'old.log'))
            folder.begin()
            await follower?.poll()
            break
          case 'stop':
            await stop()
            break
          case 'restart':
            await stop()
            await begin()
        }
      }
      endLine()
      if (!follower) await begin()
      // A traceback ends when nothing more comes.
      for (let count = 0; count < 4; count++) await follower?.poll()
      await stop()
      folder.remove()
      assert.deepEqual(told, expected)
      assert.deepEqual(log.said(), [])
      assert.equal(clock.pending(), 0)
    }),
    { numRuns: 100, interruptAfterTimeLimit: 30_000 },
  )
})
