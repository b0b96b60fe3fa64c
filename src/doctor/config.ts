/** What would run, and what in the config itself is odd. */
import type { Config } from '../config.ts'
import type { Endpoint } from '../delivery/endpoint.ts'
import { formatDuration } from '../duration.ts'
import { ok, type Said, split, warning } from './finding.ts'
import type { Patient } from './patient.ts'

export function checkConfig({ file, config, endpoints, warnings }: Patient): Said[] {
  return [
    ok(`${file} is valid`),
    ...serverLines(config).map(ok),
    ...endpointLines(config, endpoints).map(ok),
    ...warnings.map(said),
    ...ownWarnings(config, endpoints),
  ]
}

/** `…; write https://`: what begins with an order is the remedy. */
function said(line: string): Said {
  const { text, remedy } = split(line, '; ')
  return remedy !== undefined && /^(write|leave|check) /.test(remedy) ? warning(text, remedy) : warning(line)
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

function endpointLines({ notification }: Config, endpoints: readonly Endpoint[]): string[] {
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

function ownWarnings({ servers, notification }: Config, endpoints: readonly Endpoint[]): Said[] {
  const warnings: Said[] = []
  if (!notification.enabled)
    warnings.push(warning('notification.enabled is false: nothing is sent', 'write true'))
  else if (!endpoints.some(({ enabled }) => enabled))
    warnings.push(warning('no endpoint is enabled: nothing is sent', 'write one into notification.endpoints'))
  for (const { name, commands, minecraft } of servers) {
    const { operators, mcdrPermissions, opsJson, prefix } = commands
    if (!minecraft)
      warnings.push(
        warning(
          `server ${name}: without a bot (minecraft), nobody hears ${prefix} test notify`,
          'use pb-bridge test-notify',
        ),
      )
    else if (operators.length === 0 && mcdrPermissions === undefined && opsJson === undefined)
      warnings.push(
        warning(
          `server ${name}: commands.operators is empty, so nobody may use ${prefix} test notify`,
          'write your name into it',
        ),
      )
  }
  return warnings
}
