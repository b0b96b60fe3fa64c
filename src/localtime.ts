/** The server's local time, as Prime Backup and MCDR write it: a date without a zone. */
import { Temporal } from 'temporal-polyfill'

const DATE = /^(\d{4}-\d\d-\d\d \d\d:\d\d):(\d\d)(?:\.(\d+))?$/
/** What is read as not before a moment may lie this much before it: clocks are set by a little, and lines are late. */
const SLACK_MS = 1000

let machineZone: string | undefined

/** The zone of this machine, asked once: asking is slow. */
function zoneOf(timeZone: string | undefined): string {
  if (timeZone !== undefined) return timeZone
  machineZone ??= Temporal.Now.timeZoneId()
  return machineZone
}

/** An IANA name or an offset such as `+08:00`, known to this machine. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** `YYYY-MM-DD HH:MM:SS` in `timeZone`, by default the machine's. Throws RangeError for what no date can be. */
export function localText(epochMs: number, timeZone?: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(Math.floor(epochMs)).toZonedDateTimeISO(
    zoneOf(timeZone),
  )
  const date = `${String(time.year).padStart(4, '0')}-${two(time.month)}-${two(time.day)}`
  return `${date} ${two(time.hour)}:${two(time.minute)}:${two(time.second)}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/**
 * Epoch milliseconds of `YYYY-MM-DD HH:MM:SS[.f…]` in `timeZone` (undefined: the machine's), or undefined where the
 * text is no such date.
 * In an hour that exists twice, the first reading that is not before `notBefore`, else the later one. A time that the
 * clock jumped over is read as if it had not jumped.
 * One to three digits after the point are a number of milliseconds: MCDR 2.13 does not pad them (facts/prime-backup.md
 * section 6).
 */
export function epochOf(text: string, timeZone: string | undefined, notBefore?: number): number | undefined {
  const match = DATE.exec(text)
  if (!match) return undefined
  const [, minute = '', second = '', fraction = ''] = match
  if (Number(second) > 59) return undefined
  const readings = readingsOf(minute, zoneOf(timeZone))
  const intoMinuteMs = Number(second) * 1000 + Number(fraction.slice(0, 3))
  const chosen =
    readings.find(at => notBefore === undefined || at + intoMinuteMs >= notBefore - SLACK_MS) ??
    readings.at(-1)
  return chosen === undefined ? undefined : chosen + intoMinuteMs
}

/** Lines of a log come in order: the minute that was read last is most often the next one too. */
let lastRead = { minute: '', zone: '', readings: [] as number[] }

/** The moments at which a clock in `zone` shows the beginning of this minute, in their order; none for a wrong date. */
function readingsOf(minute: string, zone: string): number[] {
  if (minute !== lastRead.minute || zone !== lastRead.zone)
    lastRead = { minute, zone, readings: readMinute(minute, zone) }
  return lastRead.readings
}

function readMinute(minute: string, zone: string): number[] {
  let shown: Temporal.PlainDateTime
  try {
    shown = Temporal.PlainDateTime.from(minute.replace(' ', 'T'))
  } catch {
    return []
  }
  const likely = shown.toZonedDateTime(zone)
  const later = shown.toZonedDateTime(zone, { disambiguation: 'later' })
  const isTwice = likely.epochMilliseconds < later.epochMilliseconds
  return isTwice ? [likely.epochMilliseconds, later.epochMilliseconds] : [likely.epochMilliseconds]
}
