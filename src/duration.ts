import ms from 'ms'
import { z } from 'zod'
import type { Text } from './language.ts'

/** Units in which Prime Backup differs from the `ms` package, or which that lacks (facts/compat.md section 4). */
const UNIT_MS = new Map([
  ...['mon', 'mons', 'month', 'months'].map(unit => [unit, 30 * 86_400_000] as const),
  ...['y', 'yr', 'yrs', 'year', 'years'].map(unit => [unit, 365 * 86_400_000] as const),
])

/** Milliseconds of `"10s"`, `"1.5 h"`, `"2mon"` or of a number of seconds; undefined where it is no duration. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return value >= 0 && Number.isFinite(value) ? value * 1000 : undefined
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]+)\s*$/i.exec(value)
  if (!match?.[1] || !match[2]) return undefined
  const unit = match[2].toLowerCase()
  const unitMs = UNIT_MS.get(unit) ?? ms(`1${unit}` as ms.StringValue)
  return unitMs === undefined ? undefined : Number(match[1]) * unitMs
}

/**
 * A duration of the config: text in the file, milliseconds in the program.
 * `range` is checked, and named in the fault, in the unit of the file.
 */
export function duration(fallback: string, range: { min?: string; max?: string } = {}) {
  const minMs = parseDuration(range.min ?? '0s') ?? 0
  const maxMs = range.max === undefined ? Number.POSITIVE_INFINITY : (parseDuration(range.max) ?? 0)
  return z
    .union([z.string(), z.number()])
    .transform((value, context) => {
      const parsedMs = parseDuration(value)
      if (parsedMs === undefined) {
        context.issues.push({
          code: 'custom',
          input: value,
          message: `is no duration; write a number and a unit, for example "${fallback}" (units: ms, s, m, h, d, mon, y)`,
        })
        return z.NEVER
      }
      if (parsedMs < minMs || parsedMs > maxMs) {
        context.issues.push({
          code: 'custom',
          input: value,
          message: `is too ${parsedMs < minMs ? 'short' : 'long'}; write ${boundsOf(range)}`,
        })
        return z.NEVER
      }
      return parsedMs
    })
    .meta({ unit: 'duration', range: boundsOf(range) })
    .prefault(fallback)
}

function boundsOf({ min, max }: { min?: string; max?: string }): string | undefined {
  if (max !== undefined) return `"${min ?? '0s'}" to "${max}"`
  return min === undefined ? undefined : `at least "${min}"`
}

/** A duration as a value in the words of a notice. */
export function durations(durationMs: number): [Text] {
  return [{ en_us: formatDuration(durationMs, 'en_us'), zh_cn: formatDuration(durationMs, 'zh_cn') }]
}

/** `2 min 5 s`, `0.24 s`: two units at most, for people. */
export function formatDuration(durationMs: number, language: 'en_us' | 'zh_cn' = 'en_us'): string {
  const units = language === 'zh_cn' ? ['天', '小时', '分', '秒'] : ['d', 'h', 'min', 's']
  // What rounds to 60 s is a minute.
  if (durationMs < 59_950) {
    const seconds = durationMs / 1000
    return `${seconds < 10 ? Number(seconds.toFixed(2)) : Number(seconds.toFixed(1))} ${units[3]}`
  }
  const sizes = [86_400_000, 3_600_000, 60_000, 1000]
  let restMs = Math.round(durationMs / 1000) * 1000
  const parts: string[] = []
  for (const [index, sizeMs] of sizes.entries()) {
    const count = Math.floor(restMs / sizeMs)
    restMs -= count * sizeMs
    if (count > 0) parts.push(`${count} ${units[index]}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ')
}
