/** A successful backup that is unlike those before it: far from their median, and by enough to matter. Pure. */
import type { Anomaly } from '../event.ts'

/** Of so many backups before it. */
export const COMPARED = 10
/** Of fewer there is no telling. */
const LEAST = 5
const FACTOR = 2
const LEAST_BYTES = 64 * 1024 * 1024
const LEAST_MS = 60_000

/** The first of size and duration that is unlike; a backup that took less time than usual is none. */
export function anomalyOf(
  now: { rawBytes?: number; tookMs?: number },
  before: { rawBytes: readonly number[]; tookMs: readonly number[] },
): Anomaly | undefined {
  const size = unlike(now.rawBytes, before.rawBytes.slice(-COMPARED), LEAST_BYTES)
  if (size) return { of: 'size', ...size }
  const duration = unlike(now.tookMs, before.tookMs.slice(-COMPARED), LEAST_MS)
  return duration && duration.ratio > 1 ? { of: 'duration', ...duration } : undefined
}

function unlike(value: number | undefined, before: readonly number[], least: number) {
  if (value === undefined || before.length < LEAST) return undefined
  const median = medianOf(before)
  if (median <= 0 || Math.abs(value - median) < least) return undefined
  const ratio = value / median
  if (ratio < FACTOR && ratio > 1 / FACTOR) return undefined
  return { ratio: Math.round(ratio * 100) / 100, compared: before.length }
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low = 0, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1)
  return (low + high) / 2
}
