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
