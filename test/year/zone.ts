/** The world's own reckoning of local time, apart from the bridge's. */
import { Temporal } from 'temporal-polyfill'

const QUARTER_MS = 900_000

/** Offsets change at quarters of an hour. */
const offsets = new Map<string, { quarter: number; offsetMs: number }>()

function offsetMs(at: number, zone: string): number {
  const quarter = Math.floor(at / QUARTER_MS)
  const known = offsets.get(zone)
  if (known?.quarter === quarter) return known.offsetMs
  const { offsetNanoseconds } = Temporal.Instant.fromEpochMilliseconds(
    quarter * QUARTER_MS,
  ).toZonedDateTimeISO(zone)
  const found = { quarter, offsetMs: offsetNanoseconds / 1e6 }
  offsets.set(zone, found)
  return found.offsetMs
}

/** `2026-11-25T00:19:49.396Z` of the clock on the wall of that zone; the Z is a lie. */
function wall(at: number, zone: string): string {
  return new Date(at + offsetMs(at, zone)).toISOString()
}

/** `2026-11-25 00:19:49`, as Prime Backup prints dates. */
export function localDate(at: number, zone: string): string {
  return wall(at, zone).slice(0, 19).replace('T', ' ')
}

/** `2026-11-25 00:19:49.396`, as MCDReforged begins its records. */
export function localTime(at: number, zone: string): string {
  return wall(at, zone).slice(0, 23).replace('T', ' ')
}

/** The hour of the day there, with its fraction. */
export function hourOf(at: number, zone: string): number {
  const text = wall(at, zone)
  return Number(text.slice(11, 13)) + Number(text.slice(14, 16)) / 60
}

/** The first moment after `at` at which a clock there shows one of these hours and this minute. */
export function nextAt(
  at: number,
  zone: string,
  { hours, minute, weekdays = false }: { hours: readonly number[]; minute: number; weekdays?: boolean },
): number {
  const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()
  for (let day = 0; ; day += 1) {
    const date = today.add({ days: day })
    if (weekdays && date.dayOfWeek > 5) continue
    for (const hour of hours) {
      const found = date.toZonedDateTime({ timeZone: zone, plainTime: { hour, minute } }).epochMilliseconds
      if (found > at) return found
    }
  }
}

/** How far a date of `zone` is off where it is read in `other`; 0 where the two are the same then. */
export function misreadBy(at: number, zone: string, other: string): number {
  const shown = Temporal.PlainDateTime.from(wall(at, zone).slice(0, 23))
  return shown.toZonedDateTime(other).epochMilliseconds - at
}
