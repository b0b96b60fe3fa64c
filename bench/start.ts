/** How soon a command answers: the release's `--version` beside a bare Node, taking turns. Builds `dist/` if it is missing. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildRelease } from '../build/build.ts'
import { median, table } from './measure.ts'

const ROUNDS = 31
const ROOT = join(import.meta.dirname, '..')
const RELEASE = join(ROOT, 'dist/cli.js')

export async function benchStart(): Promise<void> {
  if (!existsSync(RELEASE)) await buildRelease(join(ROOT, 'dist'), join(ROOT, 'dist-maps'))
  const cases: [string, string[]][] = [
    ['node -e 0', ['-e', '0']],
    ['node dist/cli.js --version', [RELEASE, '--version']],
    ['node src/cli.ts --version', [join(ROOT, 'src/cli.ts'), '--version']],
    ['node dist/cli.js schema', [RELEASE, 'schema']],
    ['node src/cli.ts schema', [join(ROOT, 'src/cli.ts'), 'schema']],
  ]
  const rounds: number[][] = []
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const times = cases.map(([, args]) => timeOf(args))
    if (round > 0) rounds.push(times)
  }
  const ratio = (index: number) => median(rounds.map(times => (times[index] ?? 0) / (times[0] ?? 1)))
  console.log(
    table(
      ['', 'ms', '× node'],
      cases.map(([name], index) => [
        name,
        median(rounds.map(times => times[index] ?? 0)).toFixed(0),
        ratio(index).toFixed(2),
      ]),
    ),
  )
  console.log(
    `\n--version = ${ratio(1).toFixed(2)} × node -e 0 (goal: at most 1.5): ${ratio(1) <= 1.5 ? 'met' : 'MISSED'}`,
  )
}

/** Milliseconds from the start of Node with these arguments to its end. */
function timeOf(args: string[]): number {
  const started = performance.now()
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
  return performance.now() - started
}
