/** MCDR's log as text: its records, and their times. */
import { parseHead } from '../../src/primebackup/log.ts'

/** As MCDR writes them, each at once: a first line, and the lines of the traceback behind it. */
export function recordsIn(text: string): string[] {
  const records: string[] = []
  for (const line of text.match(/[^\n]*\n/g) ?? []) {
    if (/^\[(MCDR|Server)\] \[/.test(line)) records.push(line)
    else records.push(`${records.pop() ?? ''}${line}`)
  }
  return records
}

/** The time of a record's first line, in UTC, as epoch milliseconds; the server's output has none. */
export function timeOf(record: string): number | undefined {
  const time = parseHead(record.split('\n')[0] ?? '')?.time
  return time === undefined ? undefined : Date.parse(`${time.replace(' ', 'T')}Z`)
}

/** The same record as if it was written then, in UTC; as it is where it has no time. */
export function datedAt(record: string, at: number): string {
  const time = parseHead(record.split('\n')[0] ?? '')?.time
  return time === undefined
    ? record
    : record.replace(time, new Date(at).toISOString().replace('T', ' ').slice(0, 23))
}
