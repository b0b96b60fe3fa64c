/** Lines as MCDR writes them, and what a scanner makes of them. */
import { createLogScanner, type LogRecord } from '../../../src/source/log/records.ts'

const TIME = '[2026-11-25 00:19:49.396]'

/** Prime Backup's line. */
export function pbLine(message: string, level = 'INFO'): string {
  return `[MCDR] ${TIME} [PB@298d-worker-heavy/${level}] [misc_utils.py:16(run)] [prime_backup]: ${message}`
}

export function mcdrLine(message: string): string {
  return `[MCDR] ${TIME} [MainThread/INFO] [mcdr_server.py:507(__on_server_stop)]: ${message}`
}

export function serverLine(message: string): string {
  return `[Server] ${TIME} [StdoutReader/INFO]: ${message}`
}

/** The line that a traceback follows. */
export const RAISED = pbLine(
  'Task <prime_backup.mcdr.task.backup.create_backup_task.CreateBackupTask object at 0x7f> run error',
  'ERROR',
)

/** All of a text in pieces of `pieceBytes`, with `flush` at the end. */
export function recordsOf(text: string | Buffer, pieceBytes = Number.POSITIVE_INFINITY): LogRecord[] {
  const scanner = createLogScanner()
  const bytes = Buffer.from(text)
  const records: LogRecord[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes)
    records.push(...scanner.push(bytes.subarray(at, at + pieceBytes)))
  return [...records, ...scanner.flush()]
}
