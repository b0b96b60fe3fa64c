/** What a check says: one line, how bad it is, and what to do. */

export type Level = 'ok' | 'warning' | 'fault'

export type Said = {
  level: Level
  /** One line; never a secret. */
  text: string
  /** What a person can do; absent where all is well. */
  remedy?: string
}

export type Finding = { area: string } & Said

export function ok(text: string): Said {
  return { level: 'ok', text }
}

export function warning(text: string, remedy?: string): Said {
  return { level: 'warning', text, ...(remedy !== undefined && { remedy }) }
}

export function fault(text: string, remedy?: string): Said {
  return { level: 'fault', text, ...(remedy !== undefined && { remedy }) }
}

/** A line of another stage, in which the remedy follows the last `separator`. */
export function split(line: string, separator: string): { text: string; remedy?: string } {
  const at = line.lastIndexOf(separator)
  if (at === -1) return { text: line }
  return { text: line.slice(0, at), remedy: line.slice(at + separator.length) }
}

export const MARKS = { ok: '✓', warning: '!', fault: '✗' } satisfies Record<Level, string>

export function renderFinding({ level, text, remedy }: Said): string {
  return `${MARKS[level]} ${text}${remedy === undefined ? '' : ` → ${remedy}`}`
}
