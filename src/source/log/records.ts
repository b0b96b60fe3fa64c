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

const NEEDLE_BYTES = NEEDLES.map(needle => Buffer.from(needle))
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

/** `at`: the offset of the first byte. `midLine`: it may lie in a line, which is then dropped. */
export function createLogScanner({ at = 0, midLine = false } = {}): LogScanner {
  /** Bytes of a line whose end has not come. */
  let partial: Buffer = Buffer.alloc(0)
  /** The offset of what comes next: after `partial`. */
  let next = at
  /** The line that comes is too long, or was begun before `at`. */
  let dropping = midLine
  let open:
    | { head: string; start: number; end: number; first: Buffer[]; last: Buffer[]; bytes: number }
    | undefined

  function push(chunk: Buffer): LogRecord[] {
    const records: LogRecord[] = []
    let from = 0
    if (dropping || partial.length > 0) {
      const lineEnd = chunk.indexOf(LINE_FEED)
      if (lineEnd < 0) {
        hold(chunk)
        return records
      }
      from = lineEnd + 1
      if (dropping) dropping = false
      else if (partial.length + from <= MAX_LINE_BYTES) {
        const line = Buffer.concat([partial, chunk.subarray(0, from)])
        const start = next - partial.length
        partial = Buffer.alloc(0)
        scan(line, start, records)
      }
      partial = Buffer.alloc(0)
    }
    next += from
    const lastBreak = chunk.lastIndexOf(LINE_FEED)
    if (lastBreak >= from) {
      scan(chunk.subarray(from, lastBreak + 1), next, records)
      next += lastBreak + 1 - from
      from = lastBreak + 1
    }
    if (from < chunk.length) hold(chunk.subarray(from))
    return records
  }

  function hold(piece: Buffer) {
    next += piece.length
    if (dropping) return
    if (partial.length + piece.length > MAX_LINE_BYTES) {
      dropping = true
      partial = Buffer.alloc(0)
      return
    }
    partial = Buffer.concat([partial, piece])
  }

  /** `lines` are whole; `base` is the offset of the first. */
  function scan(lines: Buffer, base: number, records: LogRecord[]) {
    let from = 0
    while (from < lines.length) {
      if (open) {
        from = collect(lines, from, base, records)
        continue
      }
      from = searchFrom(lines, from, base, records)
    }
  }

  /** Adds the lines of an open record's traceback, up to the next record. */
  function collect(lines: Buffer, from: number, base: number, records: LogRecord[]): number {
    if (!open) return from
    if (startsWith(lines, from, MCDR) || startsWith(lines, from, SERVER)) {
      close(records)
      return from
    }
    const end = lines.indexOf(LINE_FEED, from) + 1
    const line = Buffer.from(lines.subarray(from, end))
    open.end = base + end
    if (open.last.length === 0 && open.bytes + line.length <= MAX_REST_FIRST) {
      open.first.push(line)
      open.bytes += line.length
      return end
    }
    open.last.push(line)
    let kept = open.last.reduce((sum, { length }) => sum + length, 0)
    while (kept > MAX_REST_LAST && open.last.length > 1) kept -= open.last.shift()?.length ?? 0
    return end
  }

  function close(records: LogRecord[]) {
    if (!open) return
    const { head, start, end, first, last } = open
    open = undefined
    const rest = Buffer.concat([...first, ...last])
      .toString('utf8')
      .replace(/\r?\n$/, '')
    records.push({ head, rest, start, end })
  }

  /** Hands on the wanted lines up to one that opens a record; returns where to go on. */
  function searchFrom(lines: Buffer, start: number, base: number, records: LogRecord[]): number {
    // Where each needle is next; a block without one of them is passed over once for it.
    const at = NEEDLE_BYTES.map(needle => find(lines, needle, start))
    for (;;) {
      const hit = Math.min(...at)
      if (hit === Number.POSITIVE_INFINITY) return lines.length
      const lineStart = lines.lastIndexOf(LINE_FEED, hit) + 1
      const lineEnd = lines.indexOf(LINE_FEED, hit) + 1
      if (isWanted(lines, lineStart, lineEnd)) {
        const head = decode(lines, lineStart, lineEnd)
        const range = { start: base + lineStart, end: base + lineEnd }
        if (endsWith(lines, lineEnd, RAISED)) {
          open = { head, ...range, first: [], last: [], bytes: 0 }
          return lineEnd
        }
        records.push({ head, rest: '', ...range })
      }
      for (const [index, needle] of NEEDLE_BYTES.entries())
        if ((at[index] ?? 0) < lineEnd) at[index] = find(lines, needle, lineEnd)
    }
  }

  return {
    push,
    flush: () => {
      const records: LogRecord[] = []
      if (partial.length === 0) close(records)
      return records
    },
    isOpen: () => open !== undefined,
    offset: () => open?.start ?? next - partial.length,
  }
}

function find(lines: Buffer, needle: Buffer, from: number): number {
  const at = lines.indexOf(needle, from)
  return at < 0 ? Number.POSITIVE_INFINITY : at
}

function isWanted(lines: Buffer, start: number, end: number): boolean {
  if (end - start > MAX_LINE_BYTES || !startsWith(lines, start, MCDR)) return false
  const debug = lines.subarray(start, Math.min(end, start + HEAD_BYTES)).indexOf(DEBUG)
  return debug < 0
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
