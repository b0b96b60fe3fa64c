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
  /** A record waits for more lines. */
  isOpen(): boolean
  /** Up to here everything was handed on: where to begin again. Never inside of a record. */
  offset(): number
}

/** Each wanted line has one of these; facts/prime-backup.md sections 2 and 6. */
export const NEEDLES = ['[prime_backup]: ', ' PID ', 'process stopped with code', '服务器进程已停止']

const WHOLE = NEEDLES.map(needle => Buffer.from(needle))
/** A piece of each, which is what is searched for: short ones that are rare are found several times as fast. */
const PIECES = ['kup]: ', 'PID ', 'with co', '程已停止'].map(piece => Buffer.from(piece))
/** How a record of MCDR's begins, and how the server's output does. */
const MCDR = Buffer.from('[MCDR] [')
const SERVER = Buffer.from('[Server] [')
const DEBUG = Buffer.from('/DEBUG] [')
const RAISED = Buffer.from('> run error')
const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** A longer line is none of Prime Backup's, and is dropped as it comes. */
export const MAX_LINE_BYTES = 64 * 1024
/** Of the lines that follow a head, the first few and the last are kept: the exception is at the end. */
const MAX_REST_FIRST = 4 * 1024
const MAX_REST_LAST = 60 * 1024
/** Where a head tells its level. */
const HEAD_BYTES = 120

/** A record whose traceback is being collected. */
type Open = { head: string; start: number; end: number; first: Lines; last: Lines }
type Lines = { lines: Buffer[]; bytes: number }

/** `at`: the offset of the first byte. `midLine`: it may lie in a line, which is then dropped. */
export function createLogScanner({ at = 0, midLine = false } = {}): LogScanner {
  /** The pieces of a line whose end has not come. */
  let partial: Lines = { lines: [], bytes: 0 }
  /** The offset of what comes next: after `partial`. */
  let next = at
  /** The line that comes is too long, or was begun before `at`. */
  let dropping = midLine
  let open: Open | undefined

  function push(chunk: Buffer): LogRecord[] {
    const records: LogRecord[] = []
    const firstEnd = chunk.indexOf(LINE_FEED) + 1
    if (firstEnd === 0) {
      hold(chunk)
      return records
    }
    let from = 0
    if (dropping || partial.bytes > 0) {
      hold(chunk.subarray(0, firstEnd))
      const { lines, bytes } = partial
      partial = { lines: [], bytes: 0 }
      if (!dropping) scan(Buffer.concat(lines), next - bytes, records)
      dropping = false
      from = firstEnd
    }
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    const base = next
    next += end - from
    if (end > from) scan(chunk.subarray(from, end), base, records)
    if (end < chunk.length) hold(chunk.subarray(end))
    return records
  }

  function hold(piece: Buffer) {
    next += piece.length
    if (dropping) return
    partial.lines.push(Buffer.from(piece))
    partial.bytes += piece.length
    if (partial.bytes <= MAX_LINE_BYTES) return
    dropping = true
    partial = { lines: [], bytes: 0 }
  }

  /** `lines` are whole; `base` is the offset of the first. */
  function scan(lines: Buffer, base: number, records: LogRecord[]) {
    let from = 0
    while (from < lines.length)
      from = open ? collect(open, lines, from, base, records) : search(lines, from, base, records)
  }

  /** Adds the next line to an open record, or closes that where another begins; returns where to go on. */
  function collect(to: Open, lines: Buffer, from: number, base: number, records: LogRecord[]): number {
    const end = lines.indexOf(LINE_FEED, from) + 1
    if (end - from > MAX_LINE_BYTES) return end
    if (startsWith(lines, from, MCDR) || startsWith(lines, from, SERVER)) {
      close(records)
      return from
    }
    to.end = base + end
    const { first, last } = to
    const part = last.bytes === 0 && first.bytes + end - from <= MAX_REST_FIRST ? first : last
    part.lines.push(Buffer.from(lines.subarray(from, end)))
    part.bytes += end - from
    // Trimmed now and then: a line at a time would cost a copy of all each time.
    if (last.bytes > 2 * MAX_REST_LAST) to.last = trimmed(last)
    return end
  }

  function close(records: LogRecord[]) {
    if (!open) return
    const { head, start, end, first, last } = open
    open = undefined
    const rest = Buffer.concat([...first.lines, ...trimmed(last).lines])
    records.push({ head, rest: rest.toString('utf8').replace(/\r?\n$/, ''), start, end })
  }

  /** Hands on the wanted lines, up to one that opens a record; returns where to go on. */
  function search(lines: Buffer, from: number, base: number, records: LogRecord[]): number {
    const nextAt = PIECES.map(piece => find(lines, piece, from))
    for (;;) {
      const hit = Math.min(...nextAt)
      if (hit === Number.POSITIVE_INFINITY) return lines.length
      const lineStart = Math.max(from, lines.lastIndexOf(LINE_FEED, hit) + 1)
      const lineEnd = lines.indexOf(LINE_FEED, hit) + 1
      if (isWanted(lines, lineStart, lineEnd)) {
        const head = decode(lines, lineStart, lineEnd)
        const range = { start: base + lineStart, end: base + lineEnd }
        if (endsWith(lines, lineEnd, RAISED)) {
          open = { head, ...range, first: { lines: [], bytes: 0 }, last: { lines: [], bytes: 0 } }
          return lineEnd
        }
        records.push({ head, rest: '', ...range })
      }
      for (const [index, piece] of PIECES.entries())
        if ((nextAt[index] ?? 0) < lineEnd) nextAt[index] = find(lines, piece, lineEnd)
    }
  }

  return {
    push,
    flush: () => {
      const records: LogRecord[] = []
      if (partial.bytes === 0) close(records)
      return records
    },
    isOpen: () => open !== undefined,
    offset: () => open?.start ?? next - partial.bytes,
  }
}

/** The last lines, as many as are kept. */
function trimmed({ lines, bytes }: Lines): Lines {
  let left = bytes
  let from = 0
  while (left > MAX_REST_LAST) left -= lines[from++]?.length ?? left
  return { lines: lines.slice(from), bytes: left }
}

function find(lines: Buffer, needle: Buffer, from: number): number {
  const at = lines.indexOf(needle, from)
  return at < 0 ? Number.POSITIVE_INFINITY : at
}

function isWanted(lines: Buffer, start: number, end: number): boolean {
  if (end - start > MAX_LINE_BYTES || !startsWith(lines, start, MCDR)) return false
  if (lines.subarray(start, Math.min(end, start + HEAD_BYTES)).includes(DEBUG)) return false
  const line = lines.subarray(start, end)
  return WHOLE.some(needle => line.includes(needle))
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
