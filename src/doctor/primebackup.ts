/** Prime Backup's own config, where the bridge can read it: does it let the bridge do its work, and the schedule rest? */
import { playersAtLevel } from '../setup/mcdr.ts'
import { blacklistLine, isBlacklisted } from '../setup/primebackup.ts'
import { ok, type Said, warning } from './finding.ts'
import type { Patient, WatchedServer } from './patient.ts'

export function checkPrimeBackup({ servers }: Patient): Said[] {
  return servers.flatMap(server => [...checkOwnConfig(server), ...checkPermissions(server)])
}

function checkOwnConfig({ config: server, folder }: WatchedServer): Said[] {
  const { file, config } = folder?.primeBackup ?? {}
  if (!file || !config) return []
  const place = `server ${server.name}: `
  const said: Said[] = []
  if (!config.enabled)
    said.push(warning(`${place}Prime Backup is switched off`, `write "enabled": true into ${file}`))
  if (config.prefix !== server.commands.prefix)
    said.push(
      warning(
        `${place}Prime Backup's commands begin with ${config.prefix}, and commands.prefix says ${server.commands.prefix}`,
        `write "prefix": ${JSON.stringify(config.prefix)} into commands`,
      ),
    )
  if (config.notification?.enabled === true)
    said.push(
      warning(
        `${place}Prime Backup's own notifications (of the fork) are on too: who is told by both gets each push twice`,
        `write "enabled": false into "notification" of ${file}`,
      ),
    )
  const { minecraft } = server
  if (
    config.requiresPlayers &&
    minecraft?.auth === 'offline' &&
    !isBlacklisted(minecraft.username, config.blacklist)
  )
    said.push(
      warning(
        `${place}Prime Backup's schedule rests while nobody is online, and counts the bot ${minecraft.username} as somebody`,
        `write ${blacklistLine(minecraft.username, config.blacklist)} into "scheduled_backup" of ${file}, and restart MCDReforged`,
      ),
    )
  return said.length > 0 ? said : [ok(`${place}${file} fits the bridge`)]
}

/** Who may use the commands, where MCDReforged's permissions are to say so. */
function checkPermissions({ config, folder }: WatchedServer): Said[] {
  const { mcdrPermissions, level, operators, opsJson, prefix } = config.commands
  const permissions = folder?.permissions
  if (
    !config.minecraft ||
    permissions?.file !== mcdrPermissions ||
    operators.length > 0 ||
    opsJson !== undefined
  )
    return []
  if (permissions === undefined || playersAtLevel(permissions.text, level).length > 0) return []
  return [
    warning(
      `server ${config.name}: nobody has level ${level} in ${permissions.file}, so nobody may use ${prefix} test notify`,
      `type !!MCDR permission set YOUR_NAME owner in MCDReforged's console`,
    ),
  ]
}
