/** All checks, in the order in which they are told. */
import { checkBots } from './bots.ts'
import { checkClock } from './clock.ts'
import { checkConfig } from './config.ts'
import { checkDatabases } from './database.ts'
import { checkDisk } from './disk.ts'
import { checkKeys, checkReach } from './endpoints.ts'
import { checkFiles } from './files.ts'
import { type Finding, fault, type Said } from './finding.ts'
import { checkGames } from './game.ts'
import { checkLogs } from './log.ts'
import type { Patient } from './patient.ts'
import { checkPrimeBackup } from './primebackup.ts'
import { checkStore } from './store.ts'
import { checkVersions } from './versions.ts'
import { checkLogTimes } from './zone.ts'

type Check = {
  area: string
  /** Asks somebody over the network; only where a person wants that. */
  online?: true
  run(patient: Patient): Said[] | Promise<Said[]>
}

export const CHECKS: readonly Check[] = [
  { area: 'config', run: checkConfig },
  { area: 'files', run: checkFiles },
  { area: 'versions', run: checkVersions },
  { area: 'log', run: checkLogs },
  { area: 'clock', run: checkLogTimes },
  { area: 'database', run: checkDatabases },
  { area: 'primeBackup', run: checkPrimeBackup },
  { area: 'bot', run: checkBots },
  { area: 'endpoints', run: checkKeys },
  { area: 'disk', run: checkDisk },
  { area: 'store', run: checkStore },
  { area: 'server', online: true, run: checkGames },
  { area: 'endpoints', online: true, run: checkReach },
  { area: 'clock', online: true, run: checkClock },
]

/** Never throws: a check that fails is a fault of its own. */
export async function examine(patient: Patient, { online }: { online: boolean }): Promise<Finding[]> {
  const checks = CHECKS.filter(check => online || !check.online)
  const found = await Promise.all(checks.map(check => findings(check, patient)))
  return found.flat()
}

async function findings({ area, run }: Check, patient: Patient): Promise<Finding[]> {
  let said: Said[]
  try {
    said = await run(patient)
  } catch (error) {
    said = [fault(`this could not be checked: ${(error as Error).message}`, 'please report it')]
  }
  return said.map(one => ({ area, ...one }))
}
