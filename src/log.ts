import { pino } from 'pino'
import { build as prettyFactory } from 'pino-pretty'

/** What a stage needs of a log: fields first, then a sentence, as pino has it. */
export type Log = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A log whose level may be changed. */
export type LeveledLog = Log & { level: string }

/** Pretty on a terminal, JSON lines otherwise; both on stderr, so that stdout stays a command's own. */
export function createLog(level: LogLevel, pretty = process.stderr.isTTY): LeveledLog {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (!pretty) return pino(options, pino.destination({ dest: 2, sync: true }))
  return pino(options, prettyStream())
}

function prettyStream() {
  return prettyFactory({
    destination: 2,
    sync: true,
    ignore: 'server',
    messageFormat: prettyMessage,
    hideObject: true,
  })
}

function prettyMessage(fields: Record<string, unknown>, messageKey: string): string {
  const { server } = fields
  return `${typeof server === 'string' ? `[${server}] ` : ''}${String(fields[messageKey])}`
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
