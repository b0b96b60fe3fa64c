/** `pb-bridge service …`: the bridge as a service of systemd. */
import { spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { type Config, loadConfig } from '../config.ts'
import {
  ENVIRONMENT_FILE,
  renderUnit,
  STATE_DIRECTORY,
  UNIT_FILE,
  UNIT_HEAD,
  UNIT_NAME,
} from '../service/unit.ts'
import { UsageError } from './usage.ts'

const VERBS = ['install', 'uninstall', 'status', 'print'] as const

type Values = { [name: string]: string | boolean | undefined }

export function service(values: Values, verb: string | undefined): number {
  const file = String(values.config)
  const user = typeof values.user === 'string' ? values.user : undefined
  switch (verb) {
    case 'install':
      return install(file, user)
    case 'uninstall':
      return uninstall()
    case 'status':
      needSystemd()
      return (
        spawnSync('systemctl', ['status', '--no-pager', '--lines=20', UNIT_NAME], { stdio: 'inherit' })
          .status ?? 1
      )
    case 'print':
      process.stdout.write(unitOf(file, loadConfig(file, process.env), user ?? UNIT_NAME))
      return 0
    default:
      throw new UsageError(`service needs one of ${VERBS.join(', ')}`)
  }
}

function unitOf(file: string, config: Config, user: string): string {
  return renderUnit({
    node: realpathSync(process.execPath),
    cli: realpathSync(process.argv[1] ?? ''),
    config: resolve(file),
    stateDir: config.state.dir,
    user,
  })
}

function install(file: string, asked: string | undefined): number {
  needRoot('install')
  const environment = { ...process.env, ...readEnvironment() }
  const config = loadConfig(file, environment)
  if (existsSync(UNIT_FILE) && !readFileSync(UNIT_FILE, 'utf8').startsWith(UNIT_HEAD))
    throw new Error(`${UNIT_FILE} is not from here; move it away, then run this again`)
  const user = asked ?? ownerOf(file) ?? UNIT_NAME
  const ids = idsOf(user) ?? makeUser(user)
  needReadable(resolve(file), user)
  for (const path of readPaths(config)) {
    if (!mayRead(path, user))
      say(
        `warning: ${user} may not read ${path}; let it: setfacl -m u:${user}:r ${path}, and x on its folders; or --user NAME`,
      )
  }
  prepareState(config.state.dir, ids)
  writeFileSync(UNIT_FILE, unitOf(file, config, user), { mode: 0o644 })
  must('systemctl', 'daemon-reload')
  must('systemctl', 'enable', UNIT_NAME)
  must('systemctl', 'restart', UNIT_NAME)
  say(
    `${UNIT_NAME} runs as ${user}, now and at every start of the machine. Its log: journalctl -u ${UNIT_NAME}`,
  )
  return 0
}

function uninstall(): number {
  needRoot('uninstall')
  if (!existsSync(UNIT_FILE)) {
    say(`there is no ${UNIT_FILE}; nothing to do`)
    return 0
  }
  must('systemctl', 'disable', '--now', UNIT_NAME)
  rmSync(UNIT_FILE)
  must('systemctl', 'daemon-reload')
  say(`${UNIT_NAME} is gone; the config and the state are still where they were`)
  return 0
}

function needSystemd(): void {
  // sd_booted(3)
  if (!existsSync('/run/systemd/system'))
    throw new Error(
      'this machine was not started by systemd; other ways to keep the bridge running: docs/SERVICE.md',
    )
}

function needRoot(verb: string): void {
  needSystemd()
  if (process.geteuid?.() !== 0) throw new Error(`service ${verb} needs root: sudo pb-bridge service ${verb}`)
}

/** The user of the config's file; root is none to run as. */
function ownerOf(file: string): string | undefined {
  const { uid } = statSync(file)
  return uid === 0 ? undefined : text('id', '-nu', String(uid))
}

type Ids = { uid: number; gid: number }

function idsOf(user: string): Ids | undefined {
  const [uid, gid] = [text('id', '-u', user), text('id', '-g', user)].map(id =>
    id === undefined ? Number.NaN : Number(id),
  )
  return uid === undefined || gid === undefined || Number.isNaN(uid) ? undefined : { uid, gid }
}

function makeUser(user: string): Ids {
  must(
    'useradd',
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    STATE_DIRECTORY,
    '--shell',
    '/usr/sbin/nologin',
    user,
  )
  say(`made the system user ${user}`)
  const ids = idsOf(user)
  if (!ids) throw new Error(`the user ${user} could not be made; make it, or write --user NAME`)
  return ids
}

function mayRead(path: string, user: string): boolean {
  return spawnSync('runuser', ['-u', user, '--', 'test', '-r', path]).status === 0
}

function needReadable(path: string, user: string): void {
  if (!mayRead(path, user))
    throw new Error(
      `${user} may not read ${path}; run: chown ${user} ${path} (and let it through the folders above), or write --user NAME`,
    )
}

function readPaths({ servers }: Config): string[] {
  return servers.flatMap(({ mcdr, primeBackup, commands }) =>
    [mcdr?.log, primeBackup.database, primeBackup.config, commands.mcdrPermissions, commands.opsJson].filter(
      path => path !== undefined,
    ),
  )
}

/** The folder must be the user's own; what is in it of another is an older bridge's, and named. */
function prepareState(dir: string, { uid, gid }: Ids): void {
  if (!existsSync(dir)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    chownSync(dir, uid, gid)
  }
  if (statSync(dir).uid !== uid)
    throw new Error(
      `the state's folder ${dir} belongs to another user; stop that bridge, then run: chown -R ${uid}:${gid} ${dir}`,
    )
}

/** `NAME=value` lines; what systemd will give the service. */
function readEnvironment(): { [name: string]: string } {
  if (!existsSync(ENVIRONMENT_FILE)) return {}
  const lines = readFileSync(ENVIRONMENT_FILE, 'utf8').split('\n')
  return Object.fromEntries(
    lines.flatMap(line => {
      const [, name, value = ''] = /^\s*([A-Za-z_]\w*)=(.*?)\s*$/.exec(line) ?? []
      return name === undefined ? [] : [[name, value.replace(/^(["'])(.*)\1$/, '$2')]]
    }),
  )
}

function text(command: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

function must(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? `code ${status}`
  throw new Error(`${[command, ...args].join(' ')} failed: ${why}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
