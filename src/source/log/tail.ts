/**
 * Follows MCDR's log through all that can happen to a log file, and hands its records on. It is
 *   away     the file can't be opened. Each poll tries again, and finds the place where it was by the fingerprint.
 *   open     what is added is read at each poll. Left when the path names another file (rotation: the old one is read
 *            to its end, then what the zips have, then the new one), or when reading fails.
 * A file that was cut, or written over from its beginning, is read from its beginning.
 * Sources: facts/prime-backup.md section 6, facts/chat-and-log.md section 2.
 */
import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { FINGERPRINT_BYTES, type Fingerprint, fingerprintOf, matches } from './fingerprint.ts'
import { createLogScanner, type LogRecord, type LogScanner } from './records.ts'
import { notAFile, troubleOf } from './trouble.ts'
import { readZip } from './zip.ts'

/** How far a log was read: which file, and the offset of the first byte that was not handed on. */
export type LogPosition = Fingerprint & { offset: number }

export type LogHandlers = {
  /** Records in order, with the position after them. Awaited before more is read; asked again if it rejects. */
  take(records: readonly LogRecord[], position: LogPosition): void | Promise<void>
  /**
   * The very first start, without a position: what the last part of the file has. Answers the offset at which to
   * begin; undefined for its end.
   */
  first(records: AsyncIterable<readonly LogRecord[]>): Promise<number | undefined>
  /** Everything that was written before `at` has been handed on. After each poll that could read the file. */
  caughtUp(at: number, position: LogPosition): void
  /** Told when it changes, and after the first poll. `reason`: one line for a person, with the remedy. */
  readable(readable: boolean, reason?: string): void
}

export type LogTail = {
  start(position: LogPosition | undefined): void
  /** Resolves when nothing of the tail is left. */
  stop(): Promise<void>
}

/** What is read at a time; nothing is kept between two polls. */
const BLOCK_BYTES = 512 * 1024
/** How much of a log is looked through at the very first start. */
const FIRST_BYTES = 64 * 1024 * 1024
/** A traceback to which nothing was added for so long is whole. */
const QUIET_MS = 2_000
/** A hint that the file changed waits for so long, for more of it. */
const HINT_MS = 100
/** MCDR's zips; more of them than this are years of restarts. */
const ZIP = /^\d{4}-\d\d-\d\d-(\d{1,6})\.zip$/
const MAX_ZIPS = 10_000
/** Polls that fail before the file counts as unreadable: while MCDR rotates, there is none for an instant. */
const FAILURES = 2

type Open = {
  handle: FileHandle
  known: Fingerprint
  scanner: LogScanner
  /** Where the next bytes are read. */
  readAt: number
}

export function createLogTail(
  options: {
    file: string
    pollMs: number /** Takes hints from the file system; polls alone do. */
    watch?: boolean
  },
  deps: { clock: Clock; log: Log },
  handlers: LogHandlers,
): LogTail {
  const { file, pollMs } = options
  const { clock, log } = deps
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let position: LogPosition | undefined
  /** The file was not there when there was no position yet: all of it is new. */
  let isNew = false
  let current: Open | undefined
  let failures = 0
  let told: boolean | undefined
  let grewAt = 0
  /** The file of `position` was read to its end before it went away. */
  let wasRead = false
  let wake = () => {}
  let watcher: FSWatcher | undefined

  async function run() {
    while (!stopping.signal.aborted) {
      await poll()
      if (stopping.signal.aborted) break
      await pause()
    }
    await close()
    watcher?.close()
  }

  async function poll() {
    const at = clock.now()
    try {
      current ??= await openAgain()
      await readOn(current)
      if (!(await isStillThere(current))) {
        // What was added before the path changed hands.
        await readOn(current)
        await finish(current, current.readAt)
        wasRead = true
        await close()
        current = await openAgain()
        await readOn(current)
      }
      await endTraceback(current)
      failures = 0
    } catch (error) {
      if (stopping.signal.aborted) return
      await close()
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && position === undefined) isNew = true
      failures += 1
      if (failures >= FAILURES || told === undefined) tell(false, troubleOf(file, error))
      return
    }
    tell(true)
    handlers.caughtUp(at, positionOf(current))
    hint()
  }

  function tell(readable: boolean, reason?: string) {
    if (told === readable) return
    told = readable
    handlers.readable(readable, reason)
  }

  /** The path's file, at the place where reading stopped. */
  async function openAgain(): Promise<Open> {
    const handle = await openFile()
    try {
      const beginning = await readBeginning(handle)
      const { size } = await handle.stat()
      if (!position) return await openFirst(handle, beginning, size)
      if (matches(position, beginning)) {
        // A file that became shorter under the same beginning was told of already.
        const from = Math.min(position.offset, size)
        return openAt(handle, beginning, from, await isMidLine(handle, from))
      }
      await readZips(position, beginning)
      return openAt(handle, beginning, 0, false)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async function openFile(): Promise<FileHandle> {
    // Opening a pipe would wait for whoever writes it.
    const there = await stat(file)
    if (!there.isFile()) throw notAFile(there.isDirectory())
    return open(file, 'r')
  }

  async function openFirst(handle: FileHandle, beginning: Buffer, size: number): Promise<Open> {
    if (isNew) return openAt(handle, beginning, 0, false)
    const from = Math.max(0, size - FIRST_BYTES)
    const scanner = createLogScanner({ at: from, midLine: from > 0 })
    async function* records() {
      for await (const chunk of readRange(handle, from, size)) {
        const found = scanner.push(chunk)
        if (found.length > 0) yield found
      }
      const last = scanner.flush()
      if (last.length > 0) yield last
    }
    const all = records()
    const begin = await handlers.first(all)
    for await (const _ of all);
    return openAt(
      handle,
      beginning,
      begin ?? scanner.offset(),
      begin === undefined && scanner.offset() === size && (await isMidLine(handle, size)),
    )
  }

  function openAt(handle: FileHandle, beginning: Buffer, from: number, midLine: boolean): Open {
    const opened: Open = {
      handle,
      known: fingerprintOf(beginning),
      scanner: createLogScanner({ at: from, midLine }),
      readAt: from,
    }
    position = positionOf(opened)
    wasRead = false
    return opened
  }

  /** Reads what was added. Begins anew where the file is another one by now, under the same handle. */
  async function readOn(opened: Open) {
    for (;;) {
      const { size } = await opened.handle.stat()
      const length = Math.min(BLOCK_BYTES, size - opened.readAt)
      if (length === 0) return
      const block = length > 0 ? await readAt(opened.handle, opened.readAt, length) : undefined
      const beginning = await readBeginning(opened.handle)
      if (!block || !matches(opened.known, beginning)) {
        await finish(opened, opened.readAt)
        Object.assign(opened, openAt(opened.handle, beginning, 0, false))
        continue
      }
      // A file that was shorter than a fingerprint has grown.
      if (opened.known.fingerprintBytes < FINGERPRINT_BYTES) opened.known = fingerprintOf(beginning)
      if (block.length === 0) return
      opened.readAt += block.length
      grewAt = clock.monotonic()
      const records = opened.scanner.push(block)
      await handOn(records, positionOf(opened))
      if (stopping.signal.aborted) throw new Error('stopped')
    }
  }

  async function handOn(records: readonly LogRecord[], reached: LogPosition) {
    if (records.length > 0) await untilTaken(records, reached)
    position = reached
  }

  async function untilTaken(records: readonly LogRecord[], reached: LogPosition) {
    for (;;) {
      try {
        await handlers.take(records, reached)
        return
      } catch (error) {
        log.error({ err: error, file }, 'records of the log could not be taken; they are tried again')
        await clock.sleep(pollMs, stopping.signal)
      }
    }
  }

  async function endTraceback({ scanner }: Open) {
    if (!current || !scanner.isOpen() || clock.monotonic() - grewAt < QUIET_MS) return
    const records = scanner.flush()
    await handOn(records, positionOf(current))
  }

  /** Whether the path still names the file that is open. */
  async function isStillThere({ handle, known }: Open): Promise<boolean> {
    const [there, own] = await Promise.all([
      stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      }),
      handle.stat({ bigint: true }),
    ])
    if (!there) return false
    if (there.ino === own.ino && there.dev === own.dev) return true
    // Some network file systems number their files anew.
    const other = await openFile().catch(() => undefined)
    if (!other) return false
    try {
      return (
        known.fingerprintBytes > 0 && matches(known, await readBeginning(other)) && there.size >= own.size
      )
    } finally {
      await other.close()
    }
  }

  /** The file has ended at `endAt`: its last line is whole, with a break or without, and so is its last traceback. */
  async function finish({ known, scanner }: Pick<Open, 'known' | 'scanner'>, endAt: number) {
    const records = [...scanner.push(Buffer.from('\n')), ...scanner.flush()]
    await handOn(records, { ...known, offset: endAt })
  }

  /** What MCDR has zipped since: the rest of the file of `from`, and every later one; `now`: how the log begins now. */
  async function readZips(from: LogPosition, now: Buffer) {
    const zips = await listZips()
    const index = await indexOfMatch(zips, from)
    if (index < 0) {
      if (!wasRead)
        log.warn(
          { file },
          `${file} is another file than the bridge read last, and no zip beside it has the rest: what MCDReforged did meanwhile may be missing`,
        )
      return
    }
    for (const [number, zip] of zips.slice(index).entries()) {
      // The log was zipped after it was opened.
      if (number > 0 && (await beginsLike(zip, fingerprintOf(now)))) return
      await readOneZip(zip, number === 0 ? from.offset : 0)
    }
  }

  async function readOneZip(zip: string, from: number) {
    const scanner = createLogScanner({ at: from })
    let known = fingerprintOf(Buffer.alloc(0))
    let beginning = Buffer.alloc(0)
    let at = 0
    try {
      for await (const chunk of readZip(zip)) {
        if (stopping.signal.aborted) throw new Error('stopped')
        if (known.fingerprintBytes < FINGERPRINT_BYTES) {
          beginning = Buffer.concat([beginning, chunk.subarray(0, FINGERPRINT_BYTES)])
          known = fingerprintOf(beginning)
        }
        const skipped = Math.min(chunk.length, Math.max(0, from - at))
        at += chunk.length
        if (skipped === chunk.length) continue
        const records = scanner.push(chunk.subarray(skipped))
        await handOn(records, positionOf({ known, scanner }))
      }
    } catch (error) {
      if (stopping.signal.aborted) throw error
      log.warn(
        { file: zip },
        `${zip} can't be read to its end (${(error as Error).message}); what it has of Prime Backup may be missing`,
      )
    }
    await finish({ known, scanner }, Math.max(from, at))
  }

  /** Oldest first. */
  async function listZips(): Promise<string[]> {
    const folder = dirname(file)
    const names = await readdir(folder).catch(() => [] as string[])
    const found = await Promise.all(
      names.flatMap(name => {
        const number = ZIP.exec(name)?.[1]
        if (number === undefined) return []
        const path = join(folder, name)
        return stat(path).then(
          ({ mtimeMs }) => [{ path, mtimeMs, number: Number(number) }],
          () => [],
        )
      }),
    )
    return found
      .flat()
      .sort((a, b) => a.mtimeMs - b.mtimeMs || a.number - b.number)
      .map(({ path }) => path)
      .slice(-MAX_ZIPS)
  }

  /** The newest zip of the file of a position; -1 where there is none. */
  async function indexOfMatch(zips: string[], from: LogPosition): Promise<number> {
    for (const [index, zip] of [...zips.entries()].reverse()) if (await beginsLike(zip, from)) return index
    return -1
  }

  async function beginsLike(zip: string, known: Fingerprint): Promise<boolean> {
    try {
      // The first piece is longer than a fingerprint, or it is the whole file.
      for await (const chunk of readZip(zip)) return matches(known, chunk)
    } catch (error) {
      log.warn({ file: zip }, `${zip} can't be read (${(error as Error).message}); it is passed over`)
    }
    return false
  }

  async function close() {
    const closed = current
    current = undefined
    await closed?.handle.close().catch(() => {})
  }

  /** Looks sooner when the file system says that something changed; where it can't say so, polls do. */
  function hint() {
    if (options.watch === false || watcher || stopping.signal.aborted) return
    try {
      const name = basename(file)
      watcher = watch(dirname(file), (_, changed) => {
        if (changed === name) wake()
      })
      watcher.on('error', () => {
        watcher?.close()
        watcher = undefined
      })
    } catch {
      watcher = undefined
    }
  }

  function pause(): Promise<void> {
    return new Promise(resolve => {
      let cancelHint = () => {}
      let hinted = false
      const cancel = clock.after(pollMs, done)
      function done() {
        cancel()
        cancelHint()
        wake = () => {}
        stopping.signal.removeEventListener('abort', done)
        resolve()
      }
      wake = () => {
        if (hinted) return
        hinted = true
        cancelHint = clock.after(Math.min(HINT_MS, pollMs), done)
      }
      stopping.signal.addEventListener('abort', done, { once: true })
    })
  }

  return {
    start: stored => {
      if (running) return
      position = stored
      running = run()
    },
    stop: async () => {
      stopping.abort(new Error('stopped'))
      await running
    },
  }
}

function positionOf({ known, scanner }: Pick<Open, 'known' | 'scanner'>): LogPosition {
  return { ...known, offset: scanner.offset() }
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  const { bytesRead } = await handle.read(buffer, 0, length, at)
  return buffer.subarray(0, bytesRead)
}

function readBeginning(handle: FileHandle): Promise<Buffer> {
  return readAt(handle, 0, FINGERPRINT_BYTES)
}

async function isMidLine(handle: FileHandle, at: number): Promise<boolean> {
  return at > 0 && (await readAt(handle, at - 1, 1))[0] !== 10
}

async function* readRange(handle: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const block = await readAt(handle, at, Math.min(BLOCK_BYTES, to - at))
    if (block.length === 0) return
    at += block.length
    yield block
  }
}
