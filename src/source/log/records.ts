/**
 * Bytes of MCDR's log → the few records that matter, raw. The buffer is searched for needles and only hits are
 * decoded: most of a log is of no concern, and a log can be large (facts/client-cost.md, last table).
 */

/** One record that holds a needle. Offsets are bytes in the file. */
export type LogRecord = {
  /** Its first line, without the line break. */
  head: string
  /** The lines that follow it, of a traceback; only where the head says that one follows. */
  rest: string
  start: number
  end: number
}

export type LogScanner = {
  /** Takes the next bytes, of any size, and returns the records that are complete. Does not keep `chunk`. */
  push(chunk: Buffer): LogRecord[]
  /** Ends the record that waits for more lines, if its last line is complete. A line without its break stays. */
  flush(): LogRecord[]
  /** Ends the record that waits for more lines, as nothing more comes. What a line without its break is. */
  end(lastLine: 'whole' | 'cut'): LogRecord[]
  /** A record waits for more lines. */
  isOpen(): boolean
  /** Up to here everything was handed on: where to begin again. Never inside of a record. */
  offset(): number
}

/** Each wanted line has one of these; facts/prime-backup.md sections 2 and 6. */
export const NEEDLES = ['[prime_backup]: ', ' PID ', 'process stopped with code', '服务器进程已停止']

const NEEDLE_BYTES = NEEDLES.map(needle => Buffer.from(needle))
/**
 * A part of each, for which the buffer is searched: under 8 bytes, Node looks for the first of them at the speed of
 * memory, and these begin with what is rare in a log (bench/README.md).
 */
const SEARCHED = ['_backup', 'PID ', 'with co', '停止'].map(part => Buffer.from(part))
/** How a record of MCDR's begins, and how the server's output does. */
const MCDR = Buffer.from('[MCDR] [')
const SERVER = Buffer.from('[Server] [')
const DEBUG = Buffer.from('/DEBUG] [')
const RAISED = Buffer.from('> run error')
const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** A longer line, its break counted, is none of Prime Backup's, and is dropped as it comes. */
export const MAX_LINE_BYTES = 64 * 1024
/** Of the lines that follow a head, the first few and the last are kept: the exception is at the end. */
const MAX_REST_FIRST_BYTES = 4 * 1024
const MAX_REST_LAST_BYTES = MAX_LINE_BYTES
/** Where a head tells its level. */
const HEAD_BYTES = 120

/** `at`: the offset of the first byte. `midLine`: it may lie in a line, which is then dropped. */
export function createLogScanner({ at = 0, midLine = false } = {}): LogScanner {
  /** The first `heldBytes` are a line whose end has not come. */
  const held = Buffer.allocUnsafeSlow(MAX_LINE_BYTES)
  let heldBytes = 0
  /** The offset of what comes next: after what is held. */
  let next = at
  /** The line that comes is too long, or was begun before `at`. */
  let dropping = midLine
  let droppingFrom = at
  let open: { head: string; start: number; end: number } | undefined
  const rest = createRest()

  function push(chunk: Buffer): LogRecord[] {
    const records: LogRecord[] = []
    let from = 0
    if (dropping || heldBytes > 0) {
      from = chunk.indexOf(LINE_FEED) + 1
      hold(from === 0 ? chunk : chunk.subarray(0, from), records)
      if (from === 0) return records
      endHeldLine(records)
    }
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    if (end > from) {
      scan(chunk.subarray(from, end), next, records)
      next += end - from
      from = end
    }
    if (from < chunk.length) hold(chunk.subarray(from), records)
    return records
  }

  function hold(piece: Buffer, records: LogRecord[]) {
    next += piece.length
    if (dropping) return
    const taken = piece.copy(held, heldBytes)
    heldBytes += taken
    if (taken === piece.length) return
    if (open && beginsRecord(held, 0)) close(records)
    dropping = true
    droppingFrom = next - piece.length + taken - heldBytes
    heldBytes = 0
  }

  function endHeldLine(records: LogRecord[]) {
    const line = held.subarray(0, heldBytes)
    heldBytes = 0
    if (!dropping) scan(line, next - line.length, records)
    else if (open) open.end = next
    dropping = false
  }

  /** `lines` are whole; `base` is the offset of the first. */
  function scan(lines: Buffer, base: number, records: LogRecord[]) {
    // Where each part is next; one that is not there is looked for once.
    const hits = SEARCHED.map(() => -1)
    let from = 0
    while (from < lines.length)
      from = open ? collect(lines, from, base, records) : search(lines, from, base, hits, records)
  }

  /** Adds a line to an open record's traceback, or closes the record where the next one begins. */
  function collect(lines: Buffer, from: number, base: number, records: LogRecord[]): number {
    if (!open) return from
    if (beginsRecord(lines, from)) {
      close(records)
      return from
    }
    const end = lines.indexOf(LINE_FEED, from) + 1
    if (end - from <= MAX_LINE_BYTES) rest.add(lines.subarray(from, end))
    open.end = base + end
    return end
  }

  function close(records: LogRecord[]) {
    if (!open) return
    const { head, start, end } = open
    open = undefined
    records.push({ head, rest: rest.take(), start, end })
  }

  /** Hands on the wanted lines up to one that opens a record; returns where to go on. */
  function search(lines: Buffer, from: number, base: number, hits: number[], records: LogRecord[]): number {
    for (let lineEnd = from; ; ) {
      for (const [index, part] of SEARCHED.entries())
        if ((hits[index] ?? 0) < lineEnd) hits[index] = find(lines, part, lineEnd)
      const hit = Math.min(...hits)
      if (hit === Number.POSITIVE_INFINITY) return lines.length
      const lineStart = lines.lastIndexOf(LINE_FEED, hit) + 1
      lineEnd = lines.indexOf(LINE_FEED, hit) + 1
      if (lineEnd - lineStart > MAX_LINE_BYTES) continue
      const start = pastNuls(lines, lineStart)
      if (!isWanted(lines, start, lineEnd)) continue
      const head = decode(lines, start, lineEnd)
      const range = { start: base + start, end: base + lineEnd }
      if (endsWith(lines, lineEnd, RAISED)) {
        open = { head, ...range }
        return lineEnd
      }
      records.push({ head, rest: '', ...range })
    }
  }

  return {
    push,
    flush: () => {
      const records: LogRecord[] = []
      if (heldBytes === 0 && !dropping) close(records)
      return records
    },
    end: lastLine => {
      const records = lastLine === 'whole' && heldBytes > 0 ? push(Buffer.of(LINE_FEED)) : []
      close(records)
      return records
    },
    isOpen: () => open !== undefined,
    offset: () => open?.start ?? (dropping ? droppingFrom : next - heldBytes),
  }
}

/** The lines of a traceback, of which those in the middle are let go where there are too many. */
function createRest() {
  let buffer: Buffer | undefined
  /** How much of it is the beginning, which stays. */
  let firstBytes = 0
  let bytes = 0

  /** Lets go of all but the beginning and the last lines. */
  function shorten(whole: Buffer) {
    const cut = Math.max(firstBytes, bytes - MAX_REST_LAST_BYTES)
    const from = cut === firstBytes ? cut : whole.indexOf(LINE_FEED, cut - 1) + 1
    whole.copyWithin(firstBytes, from, bytes)
    bytes += firstBytes - from
  }

  return {
    add(line: Buffer) {
      buffer ??= Buffer.allocUnsafeSlow(MAX_REST_FIRST_BYTES + 2 * MAX_REST_LAST_BYTES)
      if (bytes + line.length > buffer.length) shorten(buffer)
      if (bytes === firstBytes && bytes + line.length <= MAX_REST_FIRST_BYTES) firstBytes += line.length
      line.copy(buffer, bytes)
      bytes += line.length
    },
    /** The lines, without the last break; what follows is another traceback. */
    take(): string {
      if (!buffer) return ''
      shorten(buffer)
      const text = buffer.toString('utf8', 0, bytes).replace(/\r?\n$/, '')
      firstBytes = 0
      bytes = 0
      return text
    },
  }
}

function find(lines: Buffer, part: Buffer, from: number): number {
  const at = lines.indexOf(part, from)
  return at < 0 ? Number.POSITIVE_INFINITY : at
}

function isWanted(lines: Buffer, start: number, end: number): boolean {
  if (!startsWith(lines, start, MCDR)) return false
  const line = lines.subarray(start, end)
  return !line.subarray(0, HEAD_BYTES).includes(DEBUG) && NEEDLE_BYTES.some(needle => line.includes(needle))
}

function beginsRecord(lines: Buffer, start: number): boolean {
  const at = pastNuls(lines, start)
  return startsWith(lines, at, MCDR) || startsWith(lines, at, SERVER)
}

/** A power cut, or a cut file that is written on at its old length, leaves NULs before the next line. */
function pastNuls(lines: Buffer, start: number): number {
  let at = start
  while (lines[at] === 0) at++
  return at
}

function startsWith(lines: Buffer, at: number, text: Buffer): boolean {
  return lines.length - at >= text.length && lines.compare(text, 0, text.length, at, at + text.length) === 0
}

/** Before the line's break. */
function endsWith(lines: Buffer, end: number, text: Buffer): boolean {
  const last = contentEnd(lines, end)
  return last >= text.length && lines.compare(text, 0, text.length, last - text.length, last) === 0
}

function decode(lines: Buffer, start: number, end: number): string {
  return lines.toString('utf8', start, contentEnd(lines, end))
}

function contentEnd(lines: Buffer, end: number): number {
  return lines[end - 2] === CARRIAGE_RETURN ? end - 2 : end - 1
}
