/** Prime Backup's (PB's) own config, config/prime_backup/config.json in MCDR's folder: what of it concerns the bridge. */

export type PrimeBackupConfig = {
  enabled: boolean
  /** Relative to MCDR's folder. */
  storageRoot: string
  /** Of its commands. */
  prefix: string
  /** Its schedule rests while nobody is online. */
  requiresPlayers: boolean
  /** Regular expressions of names that don't count as players then. */
  blacklist: string[]
  /** The block of the fork PrimeBackupNotify (facts/compat.md section 4), as it stands there. */
  notification?: { [key: string]: unknown }
}

/** Undefined for a text that is no JSON object. */
export function parsePrimeBackupConfig(text: string): PrimeBackupConfig | undefined {
  const json = readObject(text)
  if (!json) return undefined
  const schedule = blockOf(json.scheduled_backup)
  const { require_online_players_blacklist: blacklist } = schedule
  const notification = isBlock(json.notification) ? json.notification : undefined
  return {
    enabled: json.enabled === true,
    storageRoot: textOf(json.storage_root) ?? './pb_files',
    prefix: textOf(blockOf(json.command).prefix) ?? '!!pb',
    requiresPlayers: schedule.require_online_players === true,
    blacklist: Array.isArray(blacklist) ? blacklist.filter(entry => typeof entry === 'string') : [],
    ...(notification && { notification }),
  }
}

/** PB matches the whole name, whatever the case. A pattern that only Python understands is compared as a text. */
export function isBlacklisted(name: string, blacklist: readonly string[]): boolean {
  return blacklist.some(pattern => {
    try {
      return new RegExp(`^(?:${pattern})$`, 'i').test(name)
    } catch {
      return pattern.toLowerCase() === name.toLowerCase()
    }
  })
}

/** The line of PB's config with the bot's name in it, as it is to be written there. */
export function blacklistLine(name: string, blacklist: readonly string[]): string {
  const patterns = [...blacklist, name.replace(/\W/gu, '\\$&')]
  return `"require_online_players_blacklist": [${patterns.map(pattern => JSON.stringify(pattern)).join(', ')}]`
}

type Block = { [key: string]: unknown }

function readObject(text: string): Block | undefined {
  try {
    const json: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return isBlock(json) ? json : undefined
  } catch {
    return undefined
  }
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function blockOf(value: unknown): Block {
  return isBlock(value) ? value : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}
