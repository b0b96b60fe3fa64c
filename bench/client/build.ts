/** What the children run: the baselines' packages, and our source as plain JavaScript, as a release has it. */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const OUT = join(ROOT, 'bench/out')

/** For `createRequire`: where the baselines are. */
export const BASELINES = join(import.meta.dirname, 'package.json')

/** Node's flags with which `npm start` starts the bridge. */
export const OUR_FLAGS = readStartFlags()

function readStartFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  return (process.env.BENCH_FLAGS ?? scripts.start).split(' ').filter(word => word.startsWith('--'))
}

/** Installs the baselines where they are not yet, or are others. */
export function installBaselines(): void {
  const wanted = readFileSync(join(import.meta.dirname, 'package-lock.json'), 'utf8')
  const stamp = join(import.meta.dirname, 'node_modules/.installed')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.log(
    'installing what is measured against into bench/client/node_modules (npm ci, once; about 540 MB)',
  )
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('npm ci in bench/client failed; see above')
  writeFileSync(stamp, wanted)
}

/** Strips the types of `src` and of this folder, and gives the folder with the children's scripts. */
export function stripSource(): string {
  rmSync(OUT, { recursive: true, force: true })
  for (const file of globSync(['src/**/*.ts', 'bench/client/*.ts'], { cwd: ROOT })) {
    const target = join(OUT, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    const code = stripTypeScriptTypes(readFileSync(join(ROOT, file), 'utf8'))
    writeFileSync(target, code.replaceAll(/((?:from|import\(|import)\s*'\.[^']*)\.ts'/g, "$1.js'"))
  }
  for (const file of ['package.json', 'plugin.json'])
    writeFileSync(join(OUT, file), readFileSync(join(ROOT, file)))
  return join(OUT, 'bench/client')
}
