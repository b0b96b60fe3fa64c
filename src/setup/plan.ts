/** What was found of a server → how it is to be watched. */
import { basename } from 'node:path'
import type { McdrFolder } from './folder.ts'
import { offsetAt, zoneNameOf, zoneOffsetOf } from './logfile.ts'
import { isProxyHandler } from './mcdr.ts'

export type Bot = { host: string; port: number; username: string; auth: 'offline' | 'microsoft' }

/** Why a server gets no bot: who logs in there can't be told from here. */
export type WhyNoBot =
  /** It checks accounts, and nobody gave one. */
  | 'online'
  /** It takes players from its proxy alone. */
  | 'forwarded'

export type ServerPlan = {
  name: string
  /** Undefined where the server runs on another machine. */
  folder?: McdrFolder
  bot?: Bot
  whyNoBot?: WhyNoBot
  /** Where MCDReforged's clock shows another time than this machine's. */
  timeZone?: string
}

export const BOT_NAME = 'PrimeBackupBot'

/** Names that say nothing of a server. */
const GENERIC = /^(mcdr|mcdreforged|minecraft|mc|server|data|app|home|root|container|[0-9a-f-]{24,})$/i

/**
 * The servers of these folders; no two get the same name, nor their bots. `account`: the e-mail address of the bot's
 * Microsoft account, for servers that check accounts.
 */
export function planServers(folders: readonly McdrFolder[], account?: string): ServerPlan[] {
  const plans: ServerPlan[] = []
  for (const folder of folders) {
    const own = basename(folder.dir)
    const name = uniqueName(GENERIC.test(own) || own === '' ? 'minecraft' : own.slice(0, 60), plans)
    const timeZone = zoneOf(folder)
    plans.push({
      name,
      folder,
      ...planBot(folder, botName(plans), account),
      ...(timeZone !== undefined && { timeZone }),
    })
  }
  return plans
}

/** A server on another machine, of which only the address is known. */
export function planRemote(host: string, port: number): ServerPlan {
  return { name: 'minecraft', bot: { host, port, username: BOT_NAME, auth: 'offline' } }
}

/** True where somebody must say with which account the bot can join. */
export function needsAccount({ server }: McdrFolder): boolean {
  return server.properties?.onlineMode === true && !server.forwarded
}

function planBot(
  folder: McdrFolder,
  username: string,
  account?: string,
): Pick<ServerPlan, 'bot' | 'whyNoBot'> {
  const { properties, forwarded } = folder.server
  if (forwarded) return { whyNoBot: 'forwarded' }
  const address = { host: properties?.ip ?? '127.0.0.1', port: properties?.port ?? 25_565 }
  if (!needsAccount(folder)) return { bot: { ...address, username, auth: 'offline' } }
  return account === undefined
    ? { whyNoBot: 'online' }
    : { bot: { ...address, username: account, auth: 'microsoft' } }
}

function botName(plans: readonly ServerPlan[]): string {
  const bots = plans.filter(({ bot }) => bot?.auth === 'offline').length
  return bots === 0 ? BOT_NAME : `${BOT_NAME}${bots + 1}`.slice(0, 16)
}

function uniqueName(name: string, plans: readonly ServerPlan[]): string {
  const taken = new Set(plans.map(plan => plan.name))
  let unique = name
  for (let number = 2; taken.has(unique); number++) unique = `${name}-${number}`
  return unique
}

function zoneOf({ logLook }: McdrFolder): string | undefined {
  const offsetMs = logLook && zoneOffsetOf(logLook)
  if (!logLook || offsetMs === undefined || offsetMs === offsetAt(logLook.writtenAt)) return undefined
  return zoneNameOf(offsetMs)
}

/** Of several folders those that are worth watching: with Prime Backup, and no proxy's, if there are any such. */
export function worthWatching(folders: readonly McdrFolder[]): readonly McdrFolder[] {
  const servers = folders.filter(({ config }) => !isProxyHandler(config.handler))
  const backedUp = servers.filter(({ primeBackup }) => primeBackup !== undefined)
  return [backedUp, servers, folders].find(some => some.length > 0) ?? []
}
