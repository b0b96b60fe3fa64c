/** MCDReforged's log: can it be read, is it still written, and is it the log of this server? */
import type { Clock } from '../clock.ts'
import { formatDuration } from '../duration.ts'
import { createDetails } from '../primebackup/database.ts'
import { type LogLook, lookIntoLog } from '../setup/logfile.ts'
import { troubleOf } from '../source/log/trouble.ts'
import { fault, ok, type Said, split, warning } from './finding.ts'
import type { Patient, WatchedServer } from './patient.ts'

/** The log has a backup's lines at the backup's time. */
const SLACK_MS = 10 * 60_000

export function checkLogs({ servers, clock }: Patient): Said[] {
  return servers.flatMap(server => checkLog(server, servers, clock) ?? [])
}

function checkLog(server: WatchedServer, servers: readonly WatchedServer[], clock: Clock): Said | undefined {
  const { name, mcdr } = server.config
  if (!mcdr) return undefined
  const { log: file } = mcdr
  const place = `server ${name}: `
  let look: LogLook
  try {
    look = lookIntoLog(file)
  } catch (error) {
    const { text, remedy } = split(troubleOf(file, error), '; ')
    return fault(place + text, remedy)
  }
  const first = servers.find(({ config }) => config.mcdr?.log === file)
  if (first && first !== server)
    return fault(
      `${place}${file} is the log of server ${first.config.name} too, so that every event would be told twice`,
      "write the log of this server's own MCDReforged into mcdr.log",
    )
  const { torn } = server
  if (torn)
    return fault(
      `${place}the log is of the MCDReforged in ${torn.log.dir}, and the database of that in ${torn.database.dir}`,
      `write ${torn.database.log} into mcdr.log, if the database is the right one`,
    )
  const missed = missedBackup(server, look, clock)
  if (missed !== undefined)
    return warning(
      `${place}${file} was last written before ${missed}, which the database has`,
      'see that mcdr.log and primeBackup.database are of the same server, and that this log is not an old copy',
    )
  const age = formatDuration(Math.max(0, clock.now() - look.writtenAt))
  const silence = look.hasPrimeBackup ? '' : ', without a line of Prime Backup at its beginning or end'
  return ok(`${place}${file} can be read, last written ${age} ago${silence}`)
}

/** A backup that is younger than the log, whose lines stand in another log then. */
function missedBackup({ config }: WatchedServer, look: LogLook, clock: Clock): string | undefined {
  const { primeBackup, timeZone } = config
  if (primeBackup.database === undefined) return undefined
  const details = createDetails(
    { file: primeBackup.database, ...(timeZone !== undefined && { timeZone }) },
    { clock },
  )
  const newest = details.newestSince(look.writtenAt + SLACK_MS)
  return newest && `backup #${newest.backup.id} of ${newest.backup.date}`
}
