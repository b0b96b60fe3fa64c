/** One folder of MCDReforged (MCDR), read: its config, its server, Prime Backup (PB), and what of them can't be read. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { troubleOf } from '../source/log/trouble.ts'
import { type LogLook, lookIntoLog } from './logfile.ts'
import { type McdrConfig, parseMcdrConfig } from './mcdr.ts'
import { type PrimeBackupConfig, parsePrimeBackupConfig } from './primebackup.ts'
import { parseProperties, type ServerProperties } from './properties.ts'

export type McdrFolder = {
  /** Absolute, as all paths here. */
  dir: string
  config: McdrConfig
  /** MCDR's log, be it there yet or not, and what a short look into it shows. */
  log: string
  logLook?: LogLook
  /** The text of permission.yml; undefined where it can't be read. */
  permissions?: { file: string; text: string }
  server: {
    dir: string
    /** Undefined where there is no server.properties. */
    properties?: ServerProperties
    /** It takes players from a proxy in front of it alone. */
    forwarded: boolean
    /** Names on the whitelist, and of who is banned. */
    whitelist: string[]
    banned: string[]
  }
  /** Undefined where there is no sign of it. */
  primeBackup?: { file: string; config?: PrimeBackupConfig; database: string }
  /** As far as the log and the plugin's file tell. */
  versions: { mcdr?: string; primeBackup?: string }
  /** One line for each file that is there and can't be understood, with the remedy. */
  troubles: string[]
}

/** No such file is larger. */
const MOST_BYTES = 4 * 1024 * 1024

/** The folder of which MCDR's log, or PB's database, is at this place; undefined where it is none. */
export function folderOf(file: string): McdrFolder | undefined {
  return readMcdrFolder(dirname(dirname(resolve(file))))
}

export function isMcdrFolder(dir: string): boolean {
  const text = readText(join(dir, 'config.yml'))
  return typeof text === 'string' && parseMcdrConfig(text) !== undefined
}

/** Undefined for a folder that is none of MCDR's. Never throws. */
export function readMcdrFolder(folder: string): McdrFolder | undefined {
  const dir = resolve(folder)
  const text = readText(join(dir, 'config.yml'))
  const config = typeof text === 'string' ? parseMcdrConfig(text) : undefined
  if (!config) return undefined
  const troubles: string[] = []
  const read = (file: string) => {
    const found = readText(file)
    if (typeof found !== 'object') return found
    troubles.push(`${file} can't be read (${found.code}); give the user of the bridge the right to`)
    return undefined
  }
  const permissionFile = join(dir, 'permission.yml')
  const permissions = read(permissionFile)
  const log = join(dir, 'logs', 'MCDR.log')
  const logLook = look(log, troubles)
  return {
    dir,
    config,
    log,
    ...(logLook && { logLook }),
    ...(permissions !== undefined && { permissions: { file: permissionFile, text: permissions } }),
    server: readServer(resolve(dir, config.workingDirectory), read),
    ...readPrimeBackup(dir, read, troubles),
    versions: { ...versionOfPlugin(dir, config.pluginDirectories), ...logLook?.versions },
    troubles,
  }
}

/** MCDR makes the file at its first start. */
function look(log: string, troubles: string[]): LogLook | undefined {
  try {
    return lookIntoLog(log)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') troubles.push(troubleOf(log, error))
    return undefined
  }
}

type Read = (file: string) => string | undefined

function readServer(dir: string, read: Read): McdrFolder['server'] {
  const properties = read(join(dir, 'server.properties'))
  return {
    dir,
    ...(properties !== undefined && { properties: parseProperties(properties) }),
    forwarded: isForwarded(dir, read),
    whitelist: namesIn(read(join(dir, 'whitelist.json'))),
    banned: namesIn(read(join(dir, 'banned-players.json'))),
  }
}

/** As Spigot, Paper and Fabric are set up for BungeeCord or Velocity. */
function isForwarded(dir: string, read: Read): boolean {
  if (existsSync(join(dir, 'config', 'FabricProxy-Lite.toml'))) return true
  const spigot = read(join(dir, 'spigot.yml')) ?? ''
  const paper = read(join(dir, 'config', 'paper-global.yml')) ?? ''
  return /^\s+bungeecord: true\s*$/m.test(spigot) || /^\s+velocity:\s*\n\s+enabled: true\s*$/m.test(paper)
}

/** Of whitelist.json or banned-players.json. */
function namesIn(text: string | undefined): string[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]')
    if (!Array.isArray(list)) return []
    return list
      .map((entry: { name?: unknown } | null) => entry?.name)
      .filter(name => typeof name === 'string')
  } catch {
    return []
  }
}

function readPrimeBackup(dir: string, read: Read, troubles: string[]): Pick<McdrFolder, 'primeBackup'> {
  const file = join(dir, 'config', 'prime_backup', 'config.json')
  const text = read(file)
  const config = text === undefined ? undefined : parsePrimeBackupConfig(text)
  if (text !== undefined && !config)
    troubles.push(`${file} is no JSON; correct it, or let Prime Backup make it anew`)
  const database = resolve(dir, config?.storageRoot ?? 'pb_files', 'prime_backup.db')
  if (text === undefined && !existsSync(database)) return {}
  return { primeBackup: { file, ...(config && { config }), database } }
}

/** `PrimeBackup-v1.13.0.pyz`, as it is released. */
function versionOfPlugin(dir: string, pluginDirectories: string[]): McdrFolder['versions'] {
  for (const plugins of pluginDirectories) {
    const names = namesOf(resolve(dir, plugins))
    for (const name of names) {
      const version = /^prime[-_ ]?backup.*?(\d+\.\d+\.\d+)\S*\.(?:pyz|mcdr)$/i.exec(name)?.[1]
      if (version !== undefined) return { primeBackup: version }
    }
  }
  return {}
}

function namesOf(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** Undefined where there is no such file; the system's code where there is one that can't be read. */
function readText(file: string): string | undefined | { code: string } {
  try {
    const stat = statSync(file)
    if (!stat.isFile()) return undefined
    if (stat.size > MOST_BYTES) return { code: 'EFBIG' }
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { code }
  }
}
