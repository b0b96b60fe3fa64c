/** The game servers, asked: is one there, does the bridge speak its version, and does it let the bot in? */
import type { ServerConfig } from '../config.ts'
import { silentLog } from '../log.ts'
import { resolveAddress } from '../source/bot.ts'
import type { Ending } from '../source/disconnect.ts'
import { loadDialect, versionOf } from '../source/library.ts'
import { ping } from '../source/ping.ts'
import { runSession } from '../source/session.ts'
import { fault, ok, type Said, warning } from './finding.ts'
import type { Patient } from './patient.ts'

type BotAccount = NonNullable<ServerConfig['minecraft']>

const PING_TIMEOUT_MS = 5_000

export async function checkGames(patient: Patient): Promise<Said[]> {
  const said = await Promise.all(
    patient.servers.map(({ config: { name, minecraft } }) =>
      minecraft ? checkGame(`server ${name}`, minecraft, patient) : [],
    ),
  )
  return said.flat()
}

async function checkGame(place: string, bot: BotAccount, patient: Patient): Promise<Said[]> {
  const { host, port } = bot
  try {
    const address = await resolveAddress(host, port)
    const status = await ping(address, { timeoutMs: PING_TIMEOUT_MS, clock: patient.clock })
    const what = `${place} answers: ${status.versionName} (protocol ${status.protocol})`
    const spoken = await versionOf(status)
    if (bot.version === 'auto' && typeof spoken !== 'string')
      return [fault(`${what}, but ${spoken.reason}`, spoken.remedy)]
    const version = bot.version === 'auto' ? String(spoken) : bot.version
    const said =
      version === spoken
        ? ok(`${what}; the bot speaks ${version}`)
        : warning(
            `${what}; minecraft.version says ${bot.version}`,
            'fine if the server lets that in, else write "auto"',
          )
    return [
      said,
      await checkLogin(place, bot, { ...address, version, present: status.players ?? [] }, patient),
    ]
  } catch (error) {
    return [
      fault(`${place} at ${host}:${port}: ${(error as Error).message}`, 'check host, port and that it runs'),
    ]
  }
}

/** Joins, and leaves at once; not where that would throw a bot out that works. */
async function checkLogin(
  place: string,
  bot: BotAccount,
  target: { host: string; port: number; version: string; present: readonly string[] },
  { owner, clock, config }: Patient,
): Promise<Said> {
  const { username, auth } = bot
  if (auth === 'microsoft')
    return ok(`${place}: whether ${username} may join was not tried: it has to sign in`)
  if (owner === null)
    return ok(
      `${place}: whether ${username} may join was not tried: this user can't see whether a bridge runs`,
    )
  if (owner !== undefined)
    return ok(
      `${place}: whether ${username} may join was not tried: a bridge runs, whose bot would be thrown out`,
    )
  if (target.present.some(name => name.toLowerCase() === username.toLowerCase()))
    return warning(
      `${place}: somebody named ${username} is in the game, and no bridge of this config runs`,
      'run one bridge for each name, or write another minecraft.username',
    )
  const ending = await join(target, { username, auth, tokenDir: config.state.dir }, clock)
  return ending === undefined
    ? ok(`${place}: the bot ${username} can join; it has left again`)
    : fault(
        `${place}: the bot ${username} can't join: ${ending.reason}`,
        ending.remedy ?? "see the server's own log",
      )
}

/** Undefined where the bot came into play. */
async function join(
  { host, port, version }: { host: string; port: number; version: string },
  account: { username: string; auth: 'offline'; tokenDir: string },
  clock: Patient['clock'],
): Promise<Ending | undefined> {
  const dialect = await loadDialect(version)
  if ('reason' in dialect) return dialect
  const leave = new AbortController()
  let joined = false
  const ending = await runSession(
    { host, port, ...account, readIntervalMs: 0, onDeviceCode() {} },
    dialect,
    { clock, log: silentLog, signal: leave.signal },
    {
      attached: () => {
        joined = true
        leave.abort()
      },
      message() {},
    },
  )
  return joined ? undefined : ending
}
