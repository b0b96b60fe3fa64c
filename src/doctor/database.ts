/** Prime Backup's database: can it be read, and is it of a version that the bridge knows? */
import { existsSync } from 'node:fs'
import { createDetails, type DetailsTrouble } from '../primebackup/database.ts'
import { fault, ok, type Said, split, warning } from './finding.ts'
import type { Patient, WatchedServer } from './patient.ts'

export function checkDatabases({ servers, clock }: Patient): Said[] {
  return servers.flatMap(server => {
    const { name, primeBackup, timeZone } = server.config
    const { database: file } = primeBackup
    if (file === undefined) return suggestion(server)
    let trouble: DetailsTrouble | undefined
    const details = createDetails(
      { file, ...(timeZone !== undefined && { timeZone }) },
      {
        clock,
        onTrouble: now => {
          trouble = now
        },
      },
    )
    const newest = details.newestSince(0)
    if (trouble) return [sick(server, trouble)]
    const backup = newest ? `newest backup #${newest.backup.id} of ${newest.backup.date}` : 'no backup yet'
    return [ok(`server ${name}: ${file} can be read, version ${details.version()}, ${backup}`)]
  })
}

/** What is wrong for a moment only, or in part, is a warning. */
const PASSING = new Set(['locked', 'newer', 'columns', 'unfinished'])

function sick({ config, folder }: WatchedServer, { code, reason }: DetailsTrouble): Said {
  const { text, remedy } = split(reason, ': ')
  const words = `server ${config.name}: ${text}`
  const known = folder?.primeBackup?.database
  if (code === 'missing' && known !== undefined && known !== config.primeBackup.database && existsSync(known))
    return fault(words, `write ${known} into primeBackup.database`)
  return PASSING.has(code) ? warning(words, remedy) : fault(words, remedy)
}

function suggestion({ config, folder }: WatchedServer): Said[] {
  const known = folder?.primeBackup?.database
  if (known === undefined || !existsSync(known)) return []
  return [
    warning(
      `server ${config.name}: the exact sizes of a backup are not looked up`,
      `write ${known} into primeBackup.database`,
    ),
  ]
}
