/** A short look into MCDReforged's (MCDR's) log: its beginning and its end, not what is between. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { localText } from '../localtime.ts'
import { parseHead } from '../primebackup/log.ts'
import { notAFile } from '../source/log/trouble.ts'

export type LogLook = {
  /** As far as MCDR's own records at the beginning tell. */
  versions: { mcdr?: string; primeBackup?: string }
  /** Prime Backup wrote something at the beginning or at the end. */
  hasPrimeBackup: boolean
  /** Epoch ms by this machine's file system. */
  writtenAt: number
  /** Local time of the last record, without a zone: `2026-11-25 00:19:49.396`. */
  lastTime?: string
}

/** MCDR tells its version first, and soon after it the plugins that it loaded. */
const LOOK_BYTES = 64 * 1024

/** Throws what the file system throws; EISDIR for a folder, ENXIO for what is no ordinary file. */
export function lookIntoLog(file: string): LogLook {
  const stat = statSync(file)
  // Opening a pipe would wait for who writes into it.
  if (!stat.isFile()) throw notAFile(stat.isDirectory())
  const descriptor = openSync(file, 'r')
  try {
    const head = readAt(descriptor, 0)
    const tail = readAt(descriptor, Math.max(0, stat.size - LOOK_BYTES))
    return {
      versions: versionsIn(head),
      hasPrimeBackup: /\[prime_backup\]: |\bprime_backup@/.test(head + tail),
      writtenAt: fstatSync(descriptor).mtimeMs,
      ...lastTimeIn(tail),
    }
  } finally {
    closeSync(descriptor)
  }
}

function readAt(descriptor: number, position: number): string {
  const buffer = Buffer.alloc(LOOK_BYTES)
  return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, LOOK_BYTES, position))
}

/** `MCDReforged 2.15.7 is starting`, `插件 prime_backup@1.13.0 已加载`: MCDR's own records, of the last start. */
function versionsIn(head: string): LogLook['versions'] {
  const versions: LogLook['versions'] = {}
  for (const line of head.split('\n')) {
    const record = parseHead(line)
    if (!record || record.plugin !== undefined) continue
    const mcdr = /^MCDReforged v?(\d+\.\d+\.\d+)/.exec(record.message)?.[1]
    const primeBackup = /\bprime_backup@v?(\d+\.\d+\.\d+)/.exec(record.message)?.[1]
    if (mcdr !== undefined) versions.mcdr = mcdr
    if (primeBackup !== undefined) versions.primeBackup = primeBackup
  }
  return versions
}

function lastTimeIn(tail: string): { lastTime?: string } {
  for (const line of tail.split('\n').reverse()) {
    const time = parseHead(line)?.time
    if (time !== undefined) return { lastTime: time }
  }
  return {}
}

const QUARTER_MS = 15 * 60_000
/** A line is in the file soon after its time. */
const LATE_MS = 2 * 60_000
const FARTHEST_MS = 14 * 3_600_000

/**
 * How far the clock by which the log's last record was written is ahead of UTC, in ms: whole quarters of an hour.
 * Undefined where time and file do not belong together, as with a copy.
 */
export function zoneOffsetOf({
  lastTime,
  writtenAt,
}: Pick<LogLook, 'lastTime' | 'writtenAt'>): number | undefined {
  if (lastTime === undefined) return undefined
  const aheadMs = Date.parse(`${lastTime.replace(' ', 'T')}Z`) - writtenAt
  const offsetMs = Math.round(aheadMs / QUARTER_MS) * QUARTER_MS
  const fits = Math.abs(aheadMs - offsetMs) <= LATE_MS && Math.abs(offsetMs) <= FARTHEST_MS
  // Not -0.
  return fits ? offsetMs + 0 : undefined
}

/** How far a zone (undefined: this machine's) is ahead of UTC then, in ms. */
export function offsetAt(at: number, timeZone?: string): number {
  const second = Math.floor(at / 1000) * 1000
  return Date.parse(`${localText(second, timeZone).replace(' ', 'T')}Z`) - second
}

/** A zone of this offset, as the config takes it: a city where most of our users live, else `+09:00`. */
export function zoneNameOf(offsetMs: number): string {
  if (offsetMs === 8 * 3_600_000) return 'Asia/Shanghai'
  if (offsetMs === 0) return 'UTC'
  const minutes = Math.abs(offsetMs) / 60_000
  const two = (number: number) => String(number).padStart(2, '0')
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
