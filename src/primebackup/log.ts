/**
 * What MCDR's log says of Prime Backup (PB) and of the server, as data. Its lines: facts/prime-backup.md section 6;
 * what PB writes in English in both languages: section 2.
 */
import type { BackupFacts, Json } from '../event.ts'
import { localText } from '../localtime.ts'
import type { Fact } from '../observation.ts'
import { parseMessage, parseSize } from './messages.ts'
import { readPythonValue } from './python.ts'
import { readException } from './traceback.ts'

/** One record of MCDR's log: its first line, and the lines of the traceback that follow it, if any. */
export type LogEntry = { head: string; rest: string }

export type LogLine = {
  /** MCDR's local time, without a zone. */
  time: string
  level: string
  /** `mcdr_server.py`; MCDR 2.12 does not tell. */
  file?: string
  /** Who wrote it; none for MCDR itself, and for every reply to the console. */
  plugin?: string
  message: string
}

// MCDR 2.12 has no milliseconds and no [file:line(function)], 2.13 does not pad its milliseconds.
const HEAD =
  /^\[MCDR\] \[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,3})?)\] \[[^\]/]{1,128}\/([A-Z]{1,16})\](?: \[([^\]:]{1,128}):\d{1,7}\([^)]{0,128}\)\])?(?: \[([a-z0-9_]{1,64})\])?: (.*)$/s

/** Undefined for a line that is no record of MCDR's: the server's output, the middle of a traceback. */
export function parseHead(head: string): LogLine | undefined {
  const [, time, level, file, plugin, message] = HEAD.exec(head) ?? []
  if (time === undefined || level === undefined || message === undefined) return undefined
  return {
    time,
    level,
    message,
    ...(file !== undefined && { file }),
    ...(plugin !== undefined && { plugin }),
  }
}

/** What a line says, if anything. `rest`: the lines of its traceback. */
export function parseLine(line: LogLine, rest: string, timeZone?: string): Fact | undefined {
  if (line.level === 'DEBUG') return undefined
  if (line.plugin === undefined) return parseReply(line) ?? parseServerLine(line)
  if (line.plugin !== 'prime_backup') return undefined
  const { message } = line
  if (message.startsWith('[PB] ')) return line.level === 'INFO' ? parseMessage(message.slice(5)) : undefined
  const task = RUN_ERROR.exec(message)?.[1]
  if (task !== undefined && line.level === 'ERROR') return raised(task, rest)
  if (message.startsWith('Creating backup for ')) return parseDescription(message, timeZone)
  for (const { pattern, fact } of ROWS) {
    const match = pattern.exec(message)
    if (match) return fact(match.slice(1))
  }
  return undefined
}

/** Which tasks there are beside the two, PB tells only the one who asked. */
const RUN_ERROR =
  /^Task <prime_backup\.mcdr\.task\.backup\.(create|restore)_backup_task\.\w+ object at 0x[0-9a-fA-F]{1,16}> run error$/

function raised(task: string, rest: string): Fact {
  const error = readException(rest) ?? { type: 'unknown', message: '' }
  return { type: 'task_raised', task: task === 'create' ? 'backup' : 'restore', error }
}

/** What was asked for in the console is answered there, without the plugin's name. */
function parseReply({ message }: LogLine): Fact | undefined {
  const fact = message.startsWith('[PB] ') ? parseMessage(message.slice(5)) : undefined
  return fact?.type === 'schedule_paused' || fact?.type === 'schedule_resumed' ? fact : undefined
}

const SECONDS = String.raw`(\d{1,9}(?:\.\d{1,9})?)s`
const SIZE = String.raw`(\d{1,7}(?:\.\d{1,4})?[KMGTPE]?i?B)`

const ROWS: { pattern: RegExp; fact(groups: string[]): Fact }[] = [
  {
    // PB 1.13, and 1.12.
    pattern: new RegExp(
      String.raw`^Create backup #(\d{1,10}) done, (?:added |\+)(\d{1,10}) blobs(?:, \d{1,10} chunks and \d{1,10} packs)? \(size ${SIZE} / ${SIZE}\)$`,
    ),
    fact: ([id, count, stored, raw]) => ({
      type: 'backup_stored',
      id: Number(id),
      newBlobs: {
        count: Number(count),
        rawBytes: parseSize(raw ?? '') ?? 0,
        storedBytes: parseSize(stored ?? '') ?? 0,
      },
    }),
  },
  { pattern: /^Scheduler started$/, fact: () => ({ type: 'scheduler', running: true }) },
  { pattern: /^Scheduler has been shut down$/, fact: () => ({ type: 'scheduler', running: false }) },
  {
    pattern: /^Scheduled backup player check: .*, backup skipped$/s,
    fact: () => ({ type: 'schedule_rested' }),
  },
  { pattern: /^Wait for server to stop$/, fact: () => ({ type: 'restore_stopping', running: true }) },
  {
    pattern: /^Found an already-stopped server$/,
    fact: () => ({ type: 'restore_stopping', running: false }),
  },
  {
    pattern: /^Restoring to backup #(\d{1,10}) \(fail_soft=\w+, verify_blob=\w+\)$/,
    fact: ([id]) => ({ type: 'restore_began', id: Number(id) }),
  },
  {
    pattern: /^Export done(?: with (\d{1,10}) failures?)?$/,
    fact: ([failures]) => ({ type: 'export_ended', failures: Number(failures ?? 0) }),
  },
  {
    pattern: new RegExp(
      String.raw`^Restore to backup #(\d{1,10}) done, cost ${SECONDS} \(backup ${SECONDS}, restore ${SECONDS}\)(, starting the server)?$`,
    ),
    fact: ([id, cost, , , starting]) => ({
      type: 'restore_done',
      id: Number(id),
      costS: Number(cost),
      starting: starting !== undefined,
    }),
  },
  {
    pattern: /^Restore to backup #(\d{1,10}) failed: (.*)$/s,
    fact: ([id, reason]) => ({ type: 'restore_failed', id: Number(id), reason: reason ?? '' }),
  },
]

/**
 * `Creating backup for ['world'] at path 'server', file count 64 size 1.83MiB, timestamp 1795565989, creator
 * 'player:Steve', comment 'hello world', tags {}`; PB 1.12: `file cnt 64, timestamp <microseconds>`.
 */
function parseDescription(message: string, timeZone?: string): Fact | undefined {
  const targets = readPythonValue(message, 'Creating backup for '.length)
  const path = targets && readPythonValue(message, skip(message, targets.end, ' at path '))
  const numbers = /, file (?:count|cnt) (\d{1,12})(?: size (\w[\w.]{1,24}))?, timestamp (\d{1,20}), creator /y
  numbers.lastIndex = path?.end ?? Number.MAX_SAFE_INTEGER
  const [found, fileCount, size, timestamp] = numbers.exec(message) ?? []
  if (!targets || !path || found === undefined) return undefined
  const creator = readPythonValue(message, path.end + found.length)
  const comment = creator && readPythonValue(message, skip(message, creator.end, ', comment '))
  const tags = comment && readPythonValue(message, skip(message, comment.end, ', tags '))
  if (tags?.end !== message.length || !isDict(tags.value)) return undefined
  const rawBytes = parseSize(size ?? '')
  const backup: BackupFacts = {
    date: localText(toEpochMs(timestamp ?? ''), timeZone),
    comment: String(comment?.value),
    creator: String(creator?.value),
    ...(Array.isArray(targets.value) && { targets: targets.value.map(String) }),
    tags: tags.value,
    fileCount: Number(fileCount),
    ...(rawBytes !== undefined && { rawBytes }),
  }
  return { type: 'backup_described', backup }
}

function skip(text: string, at: number, words: string): number {
  return text.startsWith(words, at) ? at + words.length : text.length
}

function isDict(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Seconds (PB 1.13), microseconds (1.9 to 1.12) or nanoseconds (before): no two of them can be mistaken. */
function toEpochMs(timestamp: string): number {
  if (timestamp.length <= 11) return Number(timestamp) * 1000
  return timestamp.length <= 17 ? Number(timestamp) / 1000 : Number(timestamp) / 1e6
}

const SERVER_STOPPED = /^(?:Server process stopped with code -?\d|服务器进程已停止，返回代码为 -?\d)/
const SERVER_RUNNING = /^(?:Server is running at PID \d{1,10}|服务端正在以 PID \d{1,10} 运行中)$/

/** MCDR's own lines, which follow its language. */
function parseServerLine({ message, file }: LogLine): Fact | undefined {
  // A plugin's reply to the console has no plugin's name either.
  if (file !== undefined && file !== 'mcdr_server.py') return undefined
  if (SERVER_STOPPED.test(message)) return { type: 'server_process', running: false }
  if (SERVER_RUNNING.test(message)) return { type: 'server_process', running: true }
  return undefined
}
