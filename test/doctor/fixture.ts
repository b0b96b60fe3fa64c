/** A healthy server with its config, and what the doctor says of it or of a change to it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { ConfigError } from '../../src/config.ts'
import { examine } from '../../src/doctor/checks.ts'
import { type Finding, renderFinding } from '../../src/doctor/finding.ts'
import { readPatient } from '../../src/doctor/patient.ts'
import { type FolderOptions, makeFolder } from '../fake/folder.ts'

const root = mkdtempSync(join(tmpdir(), 'pb-doctor-'))
after(() => rmSync(root, { recursive: true }))

export type Server = { [key: string]: unknown }

export function folder(options?: FolderOptions) {
  return makeFolder(mkdtempSync(join(root, 'mcdr-')), options)
}

/** Of the server in a folder, as `init` writes it. */
export function serverOf(
  { log, database, permissions }: ReturnType<typeof folder>,
  over: Server = {},
): Server {
  return {
    name: 'survival',
    minecraft: { host: '127.0.0.1', port: 25_565, username: 'PrimeBackupBot' },
    mcdr: { log },
    primeBackup: { database },
    commands: { mcdrPermissions: permissions },
    ...over,
  }
}

export const ENDPOINT = { name: 'phone', type: 'bark', bark: { device_key: 'a1B2c3D4e5F6g7H8i9J0k1' } }

export function configOf(servers: Server[], endpoints: object[] = [ENDPOINT]): object {
  return { servers, notification: { enabled: true, endpoints } }
}

/** A config file, in a folder of its own, that nobody else can read. */
export function writeConfig(config: object | string, mode = 0o600): string {
  const file = join(mkdtempSync(join(root, 'config-')), 'config.json')
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 2), { mode })
  return file
}

export async function diagnose(
  file: string,
  options: { online?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Finding[]> {
  const patient = readPatient(file, options.env ?? {}, systemClock)
  return examine(patient, { online: options.online === true })
}

/** The lines that are not ok, as a person reads them: of the config where it has faults, else of the doctor. */
export async function complaints(
  config: object | string,
  options: { online?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<string[]> {
  const file = typeof config === 'string' && config.startsWith('/') ? config : writeConfig(config)
  try {
    const found = await diagnose(file, options)
    return found.filter(({ level }) => level !== 'ok').map(renderFinding)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults
  }
}
