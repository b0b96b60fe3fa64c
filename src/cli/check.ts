import { styleText } from 'node:util'
import { systemClock } from '../clock.ts'
import { ConfigError } from '../config.ts'
import { examine } from '../doctor/checks.ts'
import { type Finding, fault, renderFinding } from '../doctor/finding.ts'
import { readPatient } from '../doctor/patient.ts'
import { harmless, jsonLine } from './table.ts'

/**
 * Says what would run, and what is wrong with it and with all that it names; without a secret. 0 where nothing is a
 * fault, 1 where something is; a faulty config is 2, as everywhere.
 */
export async function check(values: { [name: string]: unknown }): Promise<number> {
  const file = String(values.config)
  const online = values.online === true
  const asJson = values.json === true
  let found: Finding[]
  try {
    found = await examine(readPatient(file, process.env, systemClock), { online })
  } catch (error) {
    if (!asJson || !(error instanceof ConfigError)) throw error
    process.stdout.write(`${jsonLine(error.faults.map(text => ({ area: 'config', ...fault(text) })))}\n`)
    return 2
  }
  process.stdout.write(`${asJson ? jsonLine(found) : found.map(render).join('\n')}\n`)
  if (!asJson && !online) process.stdout.write('(--online asks the servers and the endpoints too)\n')
  return found.some(({ level }) => level === 'fault') ? 1 : 0
}

const COLORS = { ok: 'green', warning: 'yellow', fault: 'red' } as const

function render(finding: Finding): string {
  const line = harmless(renderFinding(finding))
  return styleText(COLORS[finding.level], line.slice(0, 1)) + line.slice(1)
}
