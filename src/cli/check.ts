import { lookup } from 'node:dns/promises'
import { systemClock } from '../clock.ts'
import { type Config, loadConfig, type ServerConfig } from '../config.ts'
import { type Endpoint, resolveEndpoints } from '../delivery/endpoint.ts'
import { formatDuration } from '../duration.ts'
import { resolveAddress } from '../source/bot.ts'
import { versionOf } from '../source/library.ts'
import { ping } from '../source/ping.ts'

const PING_TIMEOUT_MS = 5_000

/** Says what would run, without a secret; with `online`, asks the servers and the DNS, without joining or sending. */
export async function check(file: string, online: boolean): Promise<number> {
  const config = loadConfig(file, process.env)
  const { endpoints, warnings } = resolveEndpoints(config.notification)
  const lines = [`${file} is valid`, ...serverLines(config), ...endpointLines(config, endpoints)]
  for (const warning of [...warnings, ...ownWarnings(config, endpoints)]) lines.push(`warning: ${warning}`)
  process.stdout.write(`${lines.join('\n')}\n`)
  if (!online) return 0
  const results = await Promise.all([
    ...config.servers.flatMap(({ name, minecraft }) => (minecraft ? [pingServer(name, minecraft)] : [])),
    ...endpoints.filter(({ enabled }) => enabled).map(resolveEndpoint),
  ])
  process.stdout.write(`${results.map(({ text }) => text).join('\n')}\n`)
  return results.every(({ ok }) => ok) ? 0 : 1
}

function serverLines({ servers }: Config): string[] {
  return servers.map(({ name, minecraft, mcdr, primeBackup, commands, lifecycle }) =>
    [
      minecraft
        ? `server ${name}: bot ${minecraft.username} (${minecraft.auth}) on ${minecraft.host}:${minecraft.port}, Minecraft ${minecraft.version}`
        : `server ${name}: no bot`,
      ...(mcdr ? [`log ${mcdr.log}`] : []),
      ...(primeBackup.database === undefined ? [] : [`database ${primeBackup.database}`]),
      `commands ${commands.prefix}, operators ${commands.operators.join(' ') || 'none'}, reply ${commands.reply}`,
      `deadlines ${formatDuration(lifecycle.backupDeadline)} / ${formatDuration(lifecycle.restoreDeadline)}`,
    ].join('; '),
  )
}

function endpointLines({ notification }: Config, endpoints: Endpoint[]): string[] {
  return [
    `notifications ${notification.enabled ? 'on' : 'off'}, ${notification.language}, events: ${notification.events.join(' ')}`,
    ...endpoints.map(({ key, provider, target, enabled, events, timeoutMs, retry }) => {
      const host = URL.parse(target.url)?.host ?? 'no URL'
      const what = events.length === notification.events.length ? 'all events' : events.join(' ')
      const tries = retry.delaysMs.length === 0 ? 'one try' : `${retry.delaysMs.length + 1} tries`
      return `endpoint ${key}: ${provider.type} to ${host}, ${enabled ? 'on' : 'off'}, ${what}, ${tries} of ${formatDuration(timeoutMs)}`
    }),
  ]
}

function ownWarnings({ servers, notification }: Config, endpoints: Endpoint[]): string[] {
  const warnings: string[] = []
  if (!notification.enabled) warnings.push('notification.enabled is false: nothing is sent')
  else if (!endpoints.some(({ enabled }) => enabled)) warnings.push('no endpoint is enabled: nothing is sent')
  for (const { name, commands, minecraft } of servers) {
    if (!minecraft)
      warnings.push(
        `server ${name}: without a bot (minecraft), nobody hears ${commands.prefix} test notify; use pb-bridge test-notify`,
      )
    else if (commands.operators.length === 0)
      warnings.push(
        `server ${name}: commands.operators is empty, so nobody may use ${commands.prefix} test notify`,
      )
  }
  return warnings
}

type BotAccount = NonNullable<ServerConfig['minecraft']>
type Result = { ok: boolean; text: string }

async function pingServer(name: string, minecraft: BotAccount): Promise<Result> {
  const { host, port } = minecraft
  try {
    const address = await resolveAddress(host, port)
    const status = await ping(address, { timeoutMs: PING_TIMEOUT_MS, clock: systemClock })
    const what = `server ${name} answers: ${status.versionName} (protocol ${status.protocol})`
    const spoken = await versionOf(status)
    if (minecraft.version === 'auto' && typeof spoken !== 'string')
      return { ok: false, text: `✗ ${what}, but ${spoken.reason} → ${spoken.remedy}` }
    if (minecraft.version !== 'auto' && spoken !== minecraft.version)
      return {
        ok: true,
        text: `✓ ${what}; minecraft.version says ${minecraft.version}: fine if the server lets that in, else write "auto"`,
      }
    return { ok: true, text: `✓ ${what}` }
  } catch (error) {
    return {
      ok: false,
      text: `✗ server ${name} at ${host}:${port}: ${(error as Error).message} → check host, port and that it runs`,
    }
  }
}

/** Behind a proxy, its own or the environment's, only the proxy's name is resolved here. */
async function resolveEndpoint({ key, target, proxy }: Endpoint): Promise<Result> {
  const through = proxy ?? environmentProxy(target.url)
  const host = (URL.parse(through ?? target.url)?.hostname ?? '').replace(/^\[|\]$/g, '')
  try {
    const { address } = await lookup(host)
    return { ok: true, text: `✓ endpoint ${key}: ${host} is ${address}` }
  } catch {
    return {
      ok: false,
      text: `✗ endpoint ${key}: ${host} can't be resolved → check the URL and the DNS of this machine`,
    }
  }
}

/** The proxy that the usual variables name for a URL; undefined where they exempt its host, or name none. */
function environmentProxy(url: string): string | undefined {
  const { env } = process
  const { protocol, hostname } = URL.parse(url) ?? {}
  const exempt = (env.no_proxy ?? env.NO_PROXY ?? '').split(/[\s,]+/).filter(entry => entry !== '')
  if (
    exempt.some(
      entry => entry === '*' || hostname === entry || hostname?.endsWith(`.${entry.replace(/^\./, '')}`),
    )
  )
    return undefined
  const http = env.http_proxy ?? env.HTTP_PROXY
  const https = env.https_proxy ?? env.HTTPS_PROXY
  return (protocol === 'https:' ? https || http : http) || undefined
}
