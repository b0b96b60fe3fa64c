/**
 * The chat source: a bot that stays in the server for ever. It is
 *   connecting  asks for the server's status, then logs in. Leaves by an ending of the session.
 *   in play     sees chat. Leaves by an ending of the session.
 *   waiting     until the next try: longer after each failure, 10 minutes where trying again soon can't help.
 *   stopped     for good.
 * One loop runs it, so that an ending counts once, however many events the library makes of it.
 */
import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { duration, formatDuration } from '../duration.ts'
import type { Log } from '../log.ts'
import type { Fact } from '../observation.ts'
import { isShutdownReason } from '../observe.ts'
import type { ChatMessage } from './chat.ts'
import { type Ending, oneLine } from './disconnect.ts'
import type { Gate } from './gate.ts'
import { loadDialect, versionOf } from './library.ts'
import { ping, type ServerStatus } from './ping.ts'
import { type Play, runSession } from './session.ts'

/** What a server in offline mode takes for a name; some let in more than vanilla's letters. */
const OFFLINE_NAME = /^\S{1,16}$/u

export const minecraftSchema = z
  .strictObject({
    host: z
      .string()
      .regex(/^[^\s/:]+$|^[0-9a-f:.]+$/i, 'is no address; write it alone, and the port in minecraft.port')
      .default('127.0.0.1')
      .describe('Address of the game server, or of the proxy in front of it.'),
    port: z.int().min(1).max(65_535).default(25_565).describe('Port of the game server.'),
    username: z
      .string()
      .regex(
        /^\S{1,64}$/,
        'is no name; write 1 to 16 letters, digits or _ (for microsoft: the account’s e-mail address)',
      )
      .default('PrimeBackupBot')
      .describe('Name of the bot; for auth "microsoft" the e-mail address of its account.'),
    auth: z
      .enum(['offline', 'microsoft'])
      .default('offline')
      .describe('How the bot logs in: "offline" for servers with online-mode=false, else "microsoft".'),
    version: z
      .string()
      .regex(/^(auto|\d+\.\d+(\.\d+)?)$/, 'is no version; write "auto" or one such as "1.21.4"')
      .default('auto')
      .describe('Minecraft version to speak; "auto" asks the server.'),
    readInterval: duration('250ms', { max: '5s' }).describe(
      'How often the bot reads what the server sent; it saves half of its work. "0s" reads at once.',
    ),
    joinCommands: z
      .array(z.string().min(1).max(256))
      .default([])
      .describe(
        'Typed by the bot after it joined, one a second: for login plugins, "/login PASSWORD" with the password from the environment.',
      ),
  })
  .superRefine(checkUsername, { when: () => true })

/** `value` may be faulty elsewhere. */
function checkUsername(value: unknown, context: z.RefinementCtx): void {
  const { auth, username } = (value ?? {}) as { auth?: unknown; username?: unknown }
  if (auth !== 'offline' || typeof username !== 'string' || /\s/.test(username)) return
  if (!OFFLINE_NAME.test(username))
    context.addIssue({
      code: 'custom',
      path: ['username'],
      input: username,
      message: 'is too long for a player; write 1 to 16 letters, digits or _',
    })
}

export type MinecraftConfig = z.output<typeof minecraftSchema>

const PING_TIMEOUT_MS = 10_000
const FIRST_DELAY_MS = 5_000
const LONGEST_DELAY_MS = 5 * 60_000
/** Where trying again soon can't help: banned, not whitelisted, wrong version … */
const PERMANENT_DELAY_MS = 10 * 60_000
/** While a restore waits for the server's return. */
const URGENT_DELAY_MS = 15_000
/** So long in play ends the run of failures. */
const SETTLED_MS = 60_000
const JOIN_COMMAND_INTERVAL_MS = 1_000

export type Bot = {
  start(): void
  stop(): Promise<void>
  /** The bot's hand in the game; undefined while it is not in play. */
  play(): Play | undefined
}

export type BotEvents = {
  /** `attached`, `detached`, `ping` and `server_stopping`, as they are seen. */
  fact(fact: Fact): void
  message(message: ChatMessage): void
}

export function createBot(
  options: { minecraft: MinecraftConfig; tokenDir: string },
  deps: { clock: Clock; log: Log; gate: Gate; random(): number; isUrgent(): boolean },
  events: BotEvents,
): Bot {
  const { minecraft } = options
  const { clock, log } = deps
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let play: Play | undefined
  let attachedAt = Number.POSITIVE_INFINITY
  let saidReason = ''

  async function run() {
    let failures = 0
    while (!stopping.signal.aborted) {
      attachedAt = Number.POSITIVE_INFINITY
      const ending = await connectOnce().catch(
        (error: unknown): Ending => ({ reason: oneLine(String(error)) }),
      )
      if (stopping.signal.aborted) return
      failures = clock.monotonic() - attachedAt >= SETTLED_MS ? 1 : failures + 1
      const delayMs = nextDelayMs(ending, failures)
      say(ending, delayMs)
      await pause(delayMs).catch(() => {})
    }
  }

  /** One try, from the ping to the end of the session. */
  async function connectOnce(): Promise<Ending> {
    const target = await resolveAddress(minecraft.host, minecraft.port, stopping.signal)
    await deps.gate.enter(`${target.host}:${target.port}`, stopping.signal)
    const status = await pingOnce(target)
    if (minecraft.version === 'auto' && status instanceof Error)
      return { reason: `can't reach ${minecraft.host}:${minecraft.port}: ${oneLine(status.message)}` }
    const version =
      minecraft.version === 'auto' && !(status instanceof Error) ? await versionOf(status) : minecraft.version
    if (typeof version !== 'string') return version
    const dialect = await loadDialect(version)
    if ('reason' in dialect) return dialect
    const left = new AbortController()
    const ending = await runSession(
      {
        ...target,
        readIntervalMs: minecraft.readInterval,
        username: minecraft.username,
        auth: minecraft.auth,
        tokenDir: options.tokenDir,
        onDeviceCode: ({ url, code }) =>
          log.warn(
            { url, code },
            `sign in to the bot's Microsoft account: open ${url} and enter the code ${code}`,
          ),
      },
      dialect,
      { clock, log, signal: stopping.signal },
      {
        attached: now => {
          play = now
          attachedAt = clock.monotonic()
          saidReason = ''
          log.info(
            { version: now.version, username: now.username },
            `the bot ${now.username} is in play on ${minecraft.host}:${minecraft.port} (Minecraft ${now.version})`,
          )
          events.fact({ type: 'attached' })
          typeJoinCommands(now, left.signal).catch(() => {})
        },
        message: events.message,
      },
    )
    left.abort()
    if (play) {
      play = undefined
      if (ending.component && isShutdownReason(ending.component)) events.fact({ type: 'server_stopping' })
      events.fact({ type: 'detached' })
    }
    return ending
  }

  async function pingOnce(target: { host: string; port: number }): Promise<ServerStatus | Error> {
    const status = await ping(target, { timeoutMs: PING_TIMEOUT_MS, clock, signal: stopping.signal }).catch(
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    )
    if (!stopping.signal.aborted) events.fact({ type: 'ping', answered: !(status instanceof Error) })
    return status
  }

  async function typeJoinCommands(now: Play, signal: AbortSignal) {
    for (const command of minecraft.joinCommands) {
      await clock.sleep(JOIN_COMMAND_INTERVAL_MS, signal)
      now.chat(command)
    }
  }

  function nextDelayMs(ending: Ending, failures: number): number {
    if (ending.remedy !== undefined) return PERMANENT_DELAY_MS
    const jitter = 0.8 + 0.4 * deps.random()
    const meanMs = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 10), LONGEST_DELAY_MS / 1.2)
    const delayMs = Math.round(meanMs * jitter)
    return deps.isUrgent() ? Math.min(delayMs, URGENT_DELAY_MS) : delayMs
  }

  /** While a restore is pending, the server's return must not wait for a long delay: its port is asked meanwhile. */
  async function pause(delayMs: number) {
    const until = clock.monotonic() + delayMs
    for (let leftMs = delayMs; leftMs > 0; leftMs = until - clock.monotonic()) {
      await clock.sleep(deps.isUrgent() ? Math.min(leftMs, URGENT_DELAY_MS) : leftMs, stopping.signal)
      if (deps.isUrgent() && clock.monotonic() < until)
        await pingOnce(await resolveAddress(minecraft.host, minecraft.port, stopping.signal))
    }
  }

  /** Each reason once, until the bot has been in play again. */
  function say({ reason, remedy }: Ending, delayMs: number) {
    const next = `next try in ${formatDuration(delayMs)}`
    if (reason === saidReason) return log.debug({ reason }, `still out of play: ${reason}; ${next}`)
    saidReason = reason
    if (remedy === undefined) return log.warn({ reason }, `the bot is out of play: ${reason}; ${next}`)
    log.error({ reason, remedy }, `the bot can't join: ${reason} → ${remedy}; ${next}`)
  }

  return {
    start: () => {
      running ??= run()
    },
    stop: async () => {
      stopping.abort(new Error('stopped'))
      await running
    },
    play: () => play,
  }
}

/** The address behind a domain with a `_minecraft._tcp` record, as vanilla's client resolves it. */
export async function resolveAddress(
  host: string,
  port: number,
  signal?: AbortSignal,
): Promise<{ host: string; port: number }> {
  if (port !== 25_565 || isIP(host) !== 0 || host === 'localhost') return { host, port }
  const resolver = new Resolver({ timeout: 3_000, tries: 1 })
  const cancel = () => resolver.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    const [record] = await resolver.resolveSrv(`_minecraft._tcp.${host}`)
    return record ? { host: record.name, port: record.port } : { host, port }
  } catch {
    return { host, port }
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}
