import { z } from 'zod'

const UNITS: { [unit: string]: number } = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** A size of the config: `"256MB"` in the file, bytes in the program. */
export function bytes(fallback: string, min: string) {
  const minBytes = parseBytes(min) ?? 0
  return z
    .union([z.string(), z.number()])
    .transform((value, context) => {
      const parsed = parseBytes(value)
      if (parsed !== undefined && parsed >= minBytes) return parsed
      const message = `is no size; write at least "${min}", for example "${fallback}" (units: KB, MB, GB)`
      context.issues.push({ code: 'custom', input: value, message })
      return z.NEVER
    })
    .meta({ unit: 'size', range: `at least "${min}"` })
    .prefault(fallback)
}

/** Bytes of `"256MB"` or of a number; undefined where it is no size. */
export function parseBytes(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?)(i?b)\s*$/i.exec(value)
  const unit = UNITS[`${match?.[2] ?? ''}b`.toLowerCase()]
  return match?.[1] === undefined || unit === undefined ? undefined : Math.round(Number(match[1]) * unit)
}
