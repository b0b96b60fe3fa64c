/** A log that keeps its lines. */
import type { Log } from '../../src/log.ts'

export type LogLine = { level: 'debug' | 'info' | 'warn' | 'error'; fields: object; message: string }

export type FakeLog = Log & {
  lines: LogLine[]
  /** What a person reads: the messages of `info` and above. */
  said(): string[]
}

export function fakeLog(): FakeLog {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message })
  }
  return {
    lines,
    said: () => lines.filter(({ level }) => level !== 'debug').map(({ message }) => message),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  }
}
