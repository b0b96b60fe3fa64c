/** Versions: of what runs the bridge, and of what it watches. */
import { manifest } from '../manifest.ts'
import { fault, ok, type Said, warning } from './finding.ts'
import type { Patient } from './patient.ts'

/** As `engines` of package.json. */
const NODE_MAJOR = 24
/** The oldest whose lines are known: facts/prime-backup.md, its head and section 6. */
const OLDEST_PRIME_BACKUP = [1, 5]
const OLDEST_MCDR = [2, 12]

export function checkVersions({ servers }: Patient): Said[] {
  const node = process.versions.node
  return [
    Number.parseInt(node, 10) >= NODE_MAJOR
      ? ok(`${manifest.id} ${manifest.version} on Node.js ${node}`)
      : fault(`Node.js ${node} is too old`, `install Node.js ${NODE_MAJOR} or newer`),
    ...servers.flatMap(({ config: { name }, folder }) => {
      const { mcdr, primeBackup } = folder?.versions ?? {}
      return [
        ...judge(`server ${name}: MCDReforged`, mcdr, OLDEST_MCDR),
        ...judge(`server ${name}: Prime Backup`, primeBackup, OLDEST_PRIME_BACKUP),
      ]
    }),
  ]
}

function judge(what: string, version: string | undefined, oldest: number[]): Said[] {
  if (version === undefined) return []
  if (!isBefore(version, oldest)) return [ok(`${what} ${version}`)]
  return [
    warning(
      `${what} ${version} may say things that the bridge does not know`,
      `update it to ${oldest.join('.')} or newer`,
    ),
  ]
}

function isBefore(version: string, [major = 0, minor = 0]: number[]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
