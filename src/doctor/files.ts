/** The config's own file, and the files of who may use the commands: who can read them. */
import { statSync } from 'node:fs'
import { createRoster } from '../command/roster.ts'
import { secretsOf } from '../delivery/secret.ts'
import { fault, ok, type Said, split, warning } from './finding.ts'
import type { Patient } from './patient.ts'

export function checkFiles(patient: Patient): Said[] {
  return [...checkConfigFile(patient), ...patient.servers.flatMap(({ config }) => checkRoster(config))]
}

const READ_BY_OTHERS = 0o004
const WRITTEN_BY_OTHERS = 0o002

/** Windows has no such modes. */
function checkConfigFile({ file, text, servers, endpoints }: Patient): Said[] {
  if (process.platform === 'win32') return []
  const mode = statSync(file).mode & 0o777
  const shown = mode.toString(8)
  if (mode & WRITTEN_BY_OTHERS)
    return [fault(`everybody on this machine may write ${file} (mode ${shown})`, `chmod 600 ${file}`)]
  if (!(mode & READ_BY_OTHERS)) return [ok(`others can't read ${file} (mode ${shown})`)]
  const secrets = [
    ...endpoints.flatMap(secretsOf),
    ...servers.flatMap(({ config }) => config.minecraft?.joinCommands ?? []),
  ]
  // Those that come from the environment are not in the text.
  if (secrets.some(secret => text.includes(JSON.stringify(secret).slice(1, -1))))
    return [
      warning(`everybody on this machine may read the keys in ${file} (mode ${shown})`, `chmod 600 ${file}`),
    ]
  return [ok(`${file} holds no secret (mode ${shown})`)]
}

function checkRoster({ name, commands }: Patient['config']['servers'][number]): Said[] {
  const said: Said[] = []
  const log = {
    debug() {},
    info() {},
    warn(_fields: object, message: string) {
      const { text, remedy } = split(message.replace(/; until then .*/, ''), ': ')
      said.push(warning(`server ${name}: ${text}`, remedy))
    },
    error() {},
  }
  createRoster(commands, { log }).allows({})
  return said
}
