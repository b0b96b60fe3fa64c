/** Whether the bots can join, as far as the config and the server's own files tell. */
import type { ServerConfig } from '../config.ts'
import { fault, ok, type Said, warning } from './finding.ts'
import type { Patient, WatchedServer } from './patient.ts'

type BotAccount = NonNullable<ServerConfig['minecraft']>

export function checkBots({ servers }: Patient): Said[] {
  return servers.flatMap(server => {
    const { minecraft } = server.config
    if (!minecraft) return []
    const said = [...checkTwins(server, minecraft, servers), ...checkServer(server, minecraft)]
    return said.length > 0
      ? said
      : [ok(`server ${server.config.name}: nothing speaks against the bot's joining`)]
  })
}

/** One name can be online only once: on a server, and behind a proxy. */
function checkTwins({ config }: WatchedServer, bot: BotAccount, servers: readonly WatchedServer[]): Said[] {
  const others = servers.slice(
    0,
    servers.findIndex(server => server.config === config),
  )
  for (const { config: other } of others) {
    const twin = other.minecraft
    if (!twin || hostOf(twin) !== hostOf(bot) || !isSameName(twin.username, bot.username)) continue
    const who = `server ${config.name}: its bot has the name of server ${other.name}'s, ${bot.username}`
    if (twin.port === bot.port)
      return [
        fault(
          `${who}, at the same address: each throws the other out`,
          'correct minecraft.port, or give each bot a name of its own (minecraft.username)',
        ),
      ]
    return [
      warning(
        `${who}, on the same host: behind one proxy, each throws the other out`,
        'give each bot a name of its own (minecraft.username)',
      ),
    ]
  }
  return []
}

function hostOf({ host }: BotAccount): string {
  const name = host.toLowerCase()
  return isLocal(name) ? 'localhost' : name
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** By the files of the server that MCDReforged runs, if the bot goes there and not to a proxy. */
function checkServer({ config, folder }: WatchedServer, bot: BotAccount): Said[] {
  const { properties, whitelist, banned, forwarded, dir } = folder?.server ?? {}
  if (!properties || !isLocal(bot.host.toLowerCase())) return []
  const place = `server ${config.name}: `
  if (bot.port !== properties.port)
    // A proxy's own port is another.
    return forwarded
      ? []
      : [
          warning(
            `${place}minecraft.port is ${bot.port}, and the server in ${dir} listens on ${properties.port}`,
            `write ${properties.port} into minecraft.port, unless a proxy is on ${bot.port} or mcdr.log is another server's`,
          ),
        ]
  if (forwarded)
    return [
      fault(
        `${place}the server in ${dir} takes players from its proxy alone`,
        "write the proxy's address into minecraft.host and minecraft.port",
      ),
    ]
  const said: Said[] = []
  if (properties.onlineMode && bot.auth === 'offline')
    said.push(
      fault(
        `${place}the server checks accounts (online-mode=true), which the bot ${bot.username} has none of`,
        'set minecraft.auth to "microsoft" and minecraft.username to the e-mail address of its account, or leave minecraft out: the log is enough',
      ),
    )
  if (!properties.answersStatus && bot.version === 'auto')
    said.push(
      fault(
        `${place}the server does not tell its version (enable-status=false)`,
        'write it into minecraft.version, or set enable-status=true in server.properties',
      ),
    )
  if (bot.auth === 'microsoft' || properties.onlineMode) return said
  if (banned?.some(name => isSameName(name, bot.username)))
    said.push(fault(`${place}the bot ${bot.username} is banned`, `type /pardon ${bot.username}`))
  if (properties.whitelist && !whitelist?.some(name => isSameName(name, bot.username)))
    said.push(
      fault(`${place}the bot ${bot.username} is not on the whitelist`, `type /whitelist add ${bot.username}`),
    )
  return said
}
