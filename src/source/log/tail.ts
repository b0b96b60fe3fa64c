/**
 * Follows MCDR's log through all that can happen to a log file, and hands its records on. It is
 *   away     the file can't be opened. Each poll tries again, and finds the place where it was by the fingerprint.
 *   open     what is added is read at each poll. Left when the path names another file (rotation: the old one is read
 *            to its end, then what the zips have, then the new one), or when reading fails.
 * A file that was written over from its beginning is read from its beginning.
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
const BLOCK_BYTES = 1024 * 1024
/** How much of a log is looked through at the very first start. */
const FIRST_BYTES = 64 * BLOCK_BYTES
/** A traceback to which nothing was added for so long is whole. */
const QUIET_MS = 2_000
/** A hint that the file changed waits for so long, for more of it. */
const HINT_MS = 100
/** MCDR's zips; more of them than this are years of restarts. */
const ZIP = /^\d{4}-\d\d-\d\d-(\d{1,6})\.zip$/
const MAX_ZIPS = 10_000
/** So many of the zips that can't be read are named. */
const MAX_FAULTS = 3
const LINE_FEED = 10
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
    pollMs: number
    /** Takes hints from the file system; polls alone do. */
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
  /** The file that was read to its end and is no longer at the path, until the next one is opened. */
  let left: Pick<Open, 'known' | 'scanner'> | undefined
  let failures = 0
  let told: boolean | undefined
  let grewAt = 0
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
      if (left) await endTraceback(left)
      current ??= await openAgain()
      await readOn(current)
      if (!(await isStillThere(current))) {
        // What was added before the path changed hands.
        await readOn(current)
        left = current
        await close()
        current = await openAgain()
        await readOn(current)
      }
      await endTraceback(current)
      failures = 0
      tell(true)
      handlers.caughtUp(at, position ?? positionOf(current))
      hint()
    } catch (error) {
      if (stopping.signal.aborted) return
      await close()
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && position === undefined) isNew = true
      failures += 1
      if (failures >= FAILURES || told === undefined) tell(false, troubleOf(file, error))
    }
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
      await readZips(position)
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
    const begin = (await handlers.first(records())) ?? scanner.offset()
    return openAt(handle, beginning, begin, await isMidLine(handle, begin))
  }

  function openAt(handle: FileHandle, beginning: Buffer, from: number, midLine: boolean): Open {
    const opened: Open = {
      handle,
      known: fingerprintOf(beginning),
      scanner: createLogScanner({ at: from, midLine }),
      readAt: from,
    }
    left = undefined
    // An empty file can't be told from another one: the end of the one before it is where a start finds all the rest.
    if (beginning.length > 0 || !position) position = positionOf(opened)
    return opened
  }

  /** Reads what was added. Begins anew where the file is another one by now, under the same handle. */
  async function readOn(opened: Open) {
    // One for all blocks of a poll: many megabytes may have come since the last one.
    let buffer = Buffer.alloc(0)
    for (;;) {
      const { size } = await opened.handle.stat()
      const length = Math.min(BLOCK_BYTES, size - opened.readAt)
      if (length > buffer.length) buffer = Buffer.allocUnsafeSlow(length)
      const block = await readAt(opened.handle, opened.readAt, Math.max(length, 0), buffer)
      const beginning = await readBeginning(opened.handle)
      const isSame = matches(opened.known, beginning)
      if (length < 0 || !isSame) {
        await handOn(opened.scanner.end('cut'), opened)
        // What is left of a file that only became shorter was told already.
        const from = isSame ? size : 0
        Object.assign(opened, openAt(opened.handle, beginning, from, await isMidLine(opened.handle, from)))
        continue
      }
      // A file that was shorter than a fingerprint has grown.
      if (opened.known.fingerprintBytes < FINGERPRINT_BYTES) opened.known = fingerprintOf(beginning)
      if (block.length === 0) return
      opened.readAt += block.length
      grewAt = clock.monotonic()
      await handOn(opened.scanner.push(block), opened)
      if (stopping.signal.aborted) throw new Error('stopped')
    }
  }

  async function handOn(records: readonly LogRecord[], from: Pick<Open, 'known' | 'scanner'>) {
    const reached = positionOf(from)
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

  async function endTraceback(from: Pick<Open, 'known' | 'scanner'>) {
    if (!from.scanner.isOpen() || clock.monotonic() - grewAt < QUIET_MS) return
    await handOn(from.scanner.flush(), from)
  }

  /** Whether the path still names the file that is open. */
  async function isStillThere(opened: Open): Promise<boolean> {
    const [there, own] = await Promise.all([
      stat(file, { bigint: true }).catch(() => undefined),
      opened.handle.stat({ bigint: true }),
    ])
    if (!there) return false
    if (there.ino === own.ino && there.dev === own.dev) return true
    const other = await openFile().catch(() => undefined)
    if (!other) return false
    let isSame = false
    try {
      const beginning = await readBeginning(other)
      isSame =
        opened.known.fingerprintBytes > 0 && there.size >= opened.readAt && matches(opened.known, beginning)
    } finally {
      if (!isSame) await other.close()
    }
    if (!isSame) return false
    // Some network file systems number their files anew, and some tools put a copy in a file's place.
    const old = opened.handle
    opened.handle = other
    await old.close()
    await readOn(opened)
    return true
  }

  /** What MCDR has zipped since: the rest of the file of `from`, and every later one. */
  async function readZips(from: LogPosition) {
    const zips = await listZips()
    const { index, faults } = await findZip(zips, from)
    if (index >= 0) {
      for (const [number, zip] of zips.slice(index).entries())
        await readOneZip(zip, number === 0 ? from.offset : 0)
      return
    }
    if (left) {
      await handOn(left.scanner.end('cut'), left)
      return
    }
    log.warn(
      { file },
      `${file} is another file than the bridge read last, and no zip beside it has the rest: what MCDReforged did meanwhile may be missing${faults
        .slice(0, MAX_FAULTS)
        .map(fault => `; ${fault}`)
        .join('')}`,
    )
  }

  async function readOneZip(zip: string, from: number) {
    let scanner = createLogScanner({ at: from })
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
        const skipped = Math.max(0, from - at)
        at += chunk.length
        if (skipped > 0 && skipped <= chunk.length && chunk[skipped - 1] !== LINE_FEED)
          scanner = createLogScanner({ at: from, midLine: true })
        if (skipped < chunk.length) await handOn(scanner.push(chunk.subarray(skipped)), { known, scanner })
      }
      // Its last line is whole: MCDR closed the file before.
      await handOn(scanner.end('whole'), { known, scanner })
    } catch (error) {
      if (stopping.signal.aborted) throw error
      log.warn(
        { file: zip },
        `${zip} can't be read to its end (${(error as Error).message}); what it has of Prime Backup may be missing`,
      )
    }
    await handOn(scanner.end('cut'), { known, scanner })
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

  /** The newest zip of the file of a position, -1 where there is none; and why zips could not be read. */
  async function findZip(zips: string[], from: LogPosition): Promise<{ index: number; faults: string[] }> {
    const faults: string[] = []
    for (const [index, zip] of [...zips.entries()].reverse()) {
      try {
        for await (const chunk of readZip(zip)) {
          // The first piece is longer than a fingerprint, or it is the whole file.
          if (matches(from, chunk)) return { index, faults }
          break
        }
      } catch (error) {
        faults.push(`${basename(zip)} can't be read (${(error as Error).message})`)
      }
    }
    return { index: -1, faults }
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

async function readAt(
  handle: FileHandle,
  at: number,
  length: number,
  buffer = Buffer.allocUnsafe(length),
): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, length, at)
  return buffer.subarray(0, bytesRead)
}

function readBeginning(handle: FileHandle): Promise<Buffer> {
  return readAt(handle, 0, FINGERPRINT_BYTES)
}

async function isMidLine(handle: FileHandle, at: number): Promise<boolean> {
  return at > 0 && (await readAt(handle, at - 1, 1))[0] !== LINE_FEED
}

async function* readRange(handle: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const block = await readAt(handle, at, Math.min(BLOCK_BYTES, to - at))
    if (block.length === 0) return
    at += block.length
    yield block
  }
}
