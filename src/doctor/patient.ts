/** What all checks look at: the config, and what was read of the world for it. */
import { readFileSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import { type Config, loadConfig, type ServerConfig } from '../config.ts'
import { type Endpoint, resolveEndpoints } from '../delivery/endpoint.ts'
import { ownerOf } from '../outbox/database.ts'
import { folderOf, type McdrFolder } from '../setup/folder.ts'

export type Patient = {
  /** The config, as the person named it, and its text. */
  file: string
  text: string
  config: Config
  servers: readonly WatchedServer[]
  endpoints: readonly Endpoint[]
  /** Of the endpoints, as the bridge says them at its start. */
  warnings: readonly string[]
  /** Whoever owns state.dir now: a bridge that runs. */
  owner: string | null | undefined
  env: { [name: string]: string | undefined }
  clock: Clock
}

export type WatchedServer = {
  config: ServerConfig
  /** MCDReforged's folder, where the log or the database of the config lies in one. */
  folder?: McdrFolder
  /** Where they lie in two; then neither is to be believed. */
  torn?: { log: McdrFolder; database: McdrFolder }
}

/** Throws ConfigError. */
export function readPatient(file: string, env: NodeJS.ProcessEnv, clock: Clock): Patient {
  const config = loadConfig(file, env)
  return {
    file,
    text: readFileSync(file, 'utf8'),
    config,
    servers: config.servers.map(watchedServer),
    ...resolveEndpoints(config.notification),
    owner: ownerOf(config.state.dir),
    env,
    clock,
  }
}

function watchedServer(config: ServerConfig): WatchedServer {
  const log = config.mcdr && folderOf(config.mcdr.log)
  const { database: file } = config.primeBackup
  const database = file === undefined ? undefined : folderOf(file)
  if (log && database && log.dir !== database.dir) return { config, torn: { log, database } }
  const folder = log ?? database
  return { config, ...(folder && { folder }) }
}
