import { parseDuration } from '../duration.ts'
import { LANGUAGES, type Language } from '../language.ts'

/** Wrong use of the command line: one line, exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export function readLanguage(value: unknown): Language {
  const found = LANGUAGES.find(language => language === value)
  if (!found) throw new UsageError(`--language ${String(value)} is unknown; write ${LANGUAGES.join(' or ')}`)
  return found
}

/** Epoch ms of `--since 7d`. */
export function readSince(value: unknown, now: number): number {
  const agoMs = typeof value === 'string' ? parseDuration(value) : undefined
  if (agoMs !== undefined) return now - agoMs
  throw new UsageError(`--since ${String(value)} is no duration; write one such as 12h or 7d`)
}
