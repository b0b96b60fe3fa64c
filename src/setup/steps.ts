/** What the bridge can't do for a person: told at the end of the set-up, with the very line to type or to write. */
import type { Text } from '../language.ts'
import { playersAtLevel } from './mcdr.ts'
import type { NotificationBlock } from './notification.ts'
import type { ServerPlan } from './plan.ts'
import { blacklistLine, isBlacklisted } from './primebackup.ts'
import { SERVICES } from './service.ts'

export type Step = {
  text: Text
  /** To be typed or written as it stands. */
  line?: string
}

/** `adopted`: the notifications are the fork's own, which still sends them too where it was switched on. */
export function stepsAfter(
  plans: readonly ServerPlan[],
  notification: NotificationBlock,
  { adopted }: { adopted: boolean },
): Step[] {
  return [
    ...(notification.endpoints.length === 0 ? [missingEndpoint()] : []),
    ...plans.flatMap(plan => [
      ...stepsOfPrimeBackup(plan, adopted),
      ...stepsOfBot(plan),
      ...stepsOfCommands(plan),
    ]),
  ]
}

function missingEndpoint(): Step {
  const [service] = SERVICES
  return {
    text: {
      en_us: 'Nobody is told yet: write an endpoint into notification.endpoints of the config, for example',
      zh_cn: '目前还没有推送对象：请在配置的 notification.endpoints 中写入一个端点，例如',
    },
    line: JSON.stringify(service?.endpoint('YOUR_KEY')),
  }
}

function stepsOfPrimeBackup({ folder }: ServerPlan, adopted: boolean): Step[] {
  if (!folder) return []
  const { primeBackup } = folder
  if (!primeBackup)
    return [
      {
        text: {
          en_us: `Prime Backup was not found in ${folder.dir}: install it, and run init again or write primeBackup.database into the config`,
          zh_cn: `在 ${folder.dir} 中未找到 Prime Backup：请先安装，然后重新运行 init，或在配置中写入 primeBackup.database`,
        },
      },
    ]
  const steps: Step[] = []
  if (primeBackup.config?.enabled === false)
    steps.push({
      text: {
        en_us: `Prime Backup is switched off. In ${primeBackup.file}, write`,
        zh_cn: `Prime Backup 处于关闭状态。请在 ${primeBackup.file} 中写入`,
      },
      line: '"enabled": true',
    })
  if (adopted && primeBackup.config?.notification?.enabled === true)
    steps.push({
      text: {
        en_us: `Its own notifications are on too, so that each push would come twice. In "notification" of ${primeBackup.file}, write`,
        zh_cn: `它自带的通知也已开启，每条推送会收到两次。请在 ${primeBackup.file} 的 "notification" 中写入`,
      },
      line: '"enabled": false',
    })
  return steps
}

/** In the game, a Microsoft account has another name than its e-mail address. */
function playerNameOf({ bot }: ServerPlan): string {
  return bot?.auth === 'microsoft' ? 'BOT_NAME' : (bot?.username ?? '')
}

function stepsOfBot(plan: ServerPlan): Step[] {
  const { folder, bot, whyNoBot } = plan
  if (whyNoBot) return [withoutBot(plan, whyNoBot)]
  if (!bot) return []
  const name = playerNameOf(plan)
  const steps: Step[] = []
  if (bot.auth === 'microsoft')
    steps.push({
      text: {
        en_us: `Sign in once: at its first start the bridge prints an address and a code. Below, BOT_NAME is the account's name in the game`,
        zh_cn: `登录一次：程序首次启动时会给出网址和代码。下文的 BOT_NAME 是该账号的游戏内名称`,
      },
    })
  if (bot.auth === 'microsoft' && folder?.server.properties?.secureProfile)
    steps.push({
      text: {
        en_us: `The bot's chat is not signed. If the server turns it away for that, write in server.properties`,
        zh_cn: `机器人的聊天不带签名。若服务器因此拒绝它，请在 server.properties 中写入`,
      },
      line: 'enforce-secure-profile=false',
    })
  if (!folder) steps.push(untold(name))
  const { properties, whitelist = [] } = folder?.server ?? {}
  if (properties?.whitelist && !whitelist.some(known => isSameName(known, name)))
    steps.push({
      text: {
        en_us: 'Let the bot in; in the console of the server, type',
        zh_cn: '将机器人加入白名单，在服务器控制台输入',
      },
      line: `/whitelist add ${name}`,
    })
  steps.push(...stepsOfBlacklist(plan, name), {
    text: {
      en_us: 'When the bot has joined for the first time, so that it stands in nobody’s way',
      zh_cn: '机器人首次进入后，为避免影响他人，输入',
    },
    line: `/gamemode spectator ${name}`,
  })
  if (folder && !properties)
    steps.push({
      text: {
        en_us: `There is no server.properties in ${folder.server.dir}: port ${bot.port} is a guess, correct minecraft.port if it is another`,
        zh_cn: `${folder.server.dir} 中没有 server.properties：端口 ${bot.port} 为猜测值，若不正确请修改 minecraft.port`,
      },
    })
  return steps
}

function untold(name: string): Step {
  return {
    text: {
      en_us: `If the server has a whitelist (and online-mode=false: else the bot needs minecraft.auth "microsoft")`,
      zh_cn: `若服务器开启了白名单（且 online-mode=false，否则机器人需要 minecraft.auth "microsoft"）`,
    },
    line: `/whitelist add ${name}`,
  }
}

function withoutBot({ folder }: ServerPlan, why: NonNullable<ServerPlan['whyNoBot']>): Step {
  const dir = folder?.server.dir ?? ''
  return why === 'online'
    ? {
        text: {
          en_us: `${dir} checks accounts (online-mode=true), so there is no bot: the log tells all events, but nobody hears "test notify" in the game. With a Microsoft account of its own, a bot can be added; in the server's block, write`,
          zh_cn: `${dir} 开启了正版验证（online-mode=true），因此没有机器人：所有事件均可从日志得知，但游戏内的 test notify 无人应答。若有单独的微软账号，可在该服务器的配置块中添加机器人`,
        },
        line: '"minecraft": { "username": "E-MAIL", "auth": "microsoft" }',
      }
    : {
        text: {
          en_us: `${dir} takes players from its proxy alone, so there is no bot: the log tells all events, but nobody hears "test notify" in the game. A bot can join through the proxy; in the server's block, write the proxy's address`,
          zh_cn: `${dir} 只接受来自代理端的玩家，因此没有机器人：所有事件均可从日志得知，但游戏内的 test notify 无人应答。机器人可经代理端进入，请在该服务器的配置块中写入代理端的地址`,
        },
        line: '"minecraft": { "host": "127.0.0.1", "port": 25577, "username": "PrimeBackupBot" }',
      }
}

/** The bot counts as a player, so that Prime Backup's schedule would never rest. */
function stepsOfBlacklist({ folder }: ServerPlan, name: string): Step[] {
  const { file, config } = folder?.primeBackup ?? {}
  if (config && isBlacklisted(name, config.blacklist)) return []
  const line = blacklistLine(name, config?.blacklist ?? [])
  const place = file ?? 'config/prime_backup/config.json'
  const text: Text = config?.requiresPlayers
    ? {
        en_us: `Prime Backup's schedule rests while nobody is online, and the bot must not count. In "scheduled_backup" of ${place}, write this, and restart MCDReforged`,
        zh_cn: `Prime Backup 的定时备份在无人在线时会暂停，机器人不应被计入。请在 ${place} 的 "scheduled_backup" 中写入下行，并重启 MCDReforged`,
      }
    : {
        en_us: `If Prime Backup's schedule is ever to rest while nobody is online (require_online_players), the bot must not count. In "scheduled_backup" of ${place}, write`,
        zh_cn: `若以后要让 Prime Backup 的定时备份在无人在线时暂停（require_online_players），机器人不应被计入。请在 ${place} 的 "scheduled_backup" 中写入`,
      }
  return [{ text, line }]
}

/** Who may use `!!pb test notify` follows MCDReforged's permissions, of which its owners have enough. */
function stepsOfCommands({ folder, bot }: ServerPlan): Step[] {
  if (!bot || !folder?.permissions || playersAtLevel(folder.permissions.text, 4).length > 0) return []
  return [
    {
      text: {
        en_us:
          'No player is an owner for MCDReforged, so nobody may use "test notify" in the game. In its console, type',
        zh_cn: 'MCDReforged 中没有 owner，因此无人可在游戏内使用 test notify。请在其控制台输入',
      },
      line: '!!MCDR permission set YOUR_NAME owner',
    },
  ]
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
