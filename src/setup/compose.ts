/** How servers are watched and who is told → the config file's text, with only the keys that matter. */
import type { McdrFolder } from './folder.ts'
import { literal } from './literal.ts'
import type { NotificationBlock } from './notification.ts'
import type { ServerPlan } from './plan.ts'

export function composeConfig(
  plans: readonly ServerPlan[],
  notification: NotificationBlock,
  options: { /** config.schema.json lies beside the file. */ schema?: boolean } = {},
): string {
  const config = {
    ...(options.schema && { $schema: './config.schema.json' }),
    servers: plans.map(composeServer),
    notification,
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

function composeServer({ name, folder, bot, timeZone }: ServerPlan): object {
  const commands = {
    ...(folder?.primeBackup?.config &&
      folder.primeBackup.config.prefix !== '!!pb' && { prefix: literal(folder.primeBackup.config.prefix) }),
    ...(bot && folder?.permissions && { mcdrPermissions: literal(folder.permissions.file) }),
  }
  return {
    name: literal(name),
    ...(bot && { minecraft: composeBot(bot) }),
    ...(folder && { mcdr: { log: literal(folder.log) } }),
    ...(folder?.primeBackup && { primeBackup: composePrimeBackup(folder.primeBackup) }),
    ...(timeZone !== undefined && { timeZone }),
    ...(Object.keys(commands).length > 0 && { commands }),
  }
}

/** Its config only matters where a schedule rests while nobody is online; what is not there is not named. */
function composePrimeBackup({ file, config, database }: NonNullable<McdrFolder['primeBackup']>): object {
  return { database: literal(database), ...(config && { config: literal(file) }) }
}

function composeBot({ host, port, username, auth }: NonNullable<ServerPlan['bot']>): object {
  return { host, port, username: literal(username), ...(auth !== 'offline' && { auth }) }
}
