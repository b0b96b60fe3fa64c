/**
 * Who may use the commands of the bridge: whom the config names, whom MCDReforged's `permission.yml` gives the level,
 * and the operators of the game in `ops.json`. The files are read again when they change.
 */
import { readFileSync, statSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import type { Log } from '../log.ts'
import { type CommandsConfig, isOperator, isSameUuid } from './permission.ts'

/** More than any such file has; what is larger is not read. */
const MAX_BYTES = 4 * 1024 * 1024
/** MCDReforged's levels, the highest first; each is a list of names in its file. */
const LEVELS = { owner: 4, admin: 3, helper: 2, user: 1, guest: 0 } as const

export type Player = { uuid?: string; name?: string }

export type Roster = {
  /** Reads no more than the times of the files, where they have not changed. Never throws. */
  allows(player: Player): boolean
}

export type RosterConfig = Pick<CommandsConfig, 'operators' | 'mcdrPermissions' | 'level' | 'opsJson'>

/** While a file can't be read, its last good state holds; one that never could be read allows nobody. */
export function createRoster(commands: RosterConfig, { log }: { log: Log }): Roster {
  const { operators, level, mcdrPermissions, opsJson } = commands
  const permissions =
    mcdrPermissions === undefined ? undefined : followFile(mcdrPermissions, parsePermissions, log)
  const ops = opsJson === undefined ? undefined : followFile(opsJson, parseOps, log)

  return {
    allows: player => {
      if (isOperator(player, operators)) return true
      const known = permissions?.()
      if (known && levelOf(player, known) >= level) return true
      return ops?.()?.some(op => isOp(player, op)) ?? false
    },
  }
}

/** The keys of the config by which a player could be allowed, for people. */
export function rosterKeys({ mcdrPermissions, level, opsJson }: RosterConfig): string {
  const keys = ['commands.operators']
  if (mcdrPermissions !== undefined) keys.push(`commands.mcdrPermissions (level ${level})`)
  if (opsJson !== undefined) keys.push('commands.opsJson')
  return keys.join(', ')
}

type Permissions = { defaultLevel: number; levels: Map<string, number> }
type Op = { uuid?: string; name?: string }

/** Names are compared as MCDReforged does, letter by letter; the highest list that has a name counts. */
function levelOf({ name }: Player, { defaultLevel, levels }: Permissions): number {
  return (name === undefined ? undefined : levels.get(name)) ?? defaultLevel
}

/** By the UUID where chat tells it, else by the name. */
function isOp({ uuid, name }: Player, op: Op): boolean {
  if (uuid !== undefined) return op.uuid !== undefined && isSameUuid(op.uuid, uuid)
  return name !== undefined && op.name === name
}

/** Throws a SyntaxError, whose message says in one line what is wrong, for a text that is no `permission.yml`. */
function parsePermissions(text: string): Permissions {
  let yaml: unknown
  try {
    yaml = parseYaml(text, { logLevel: 'error' })
  } catch (error) {
    throw new SyntaxError(`is no YAML (${firstLine((error as Error).message)})`)
  }
  if (typeof yaml !== 'object' || yaml === null || Array.isArray(yaml))
    throw new SyntaxError('has no lists of players (owner, admin, helper, user, guest)')
  const lists: { [key: string]: unknown } = { ...yaml }
  const levels = new Map<string, number>()
  for (const [key, level] of Object.entries(LEVELS)) {
    const list = lists[key] ?? []
    if (!Array.isArray(list)) throw new SyntaxError(`has no list of names at "${key}"`)
    for (const name of list) if (typeof name === 'string' && !levels.has(name)) levels.set(name, level)
  }
  return { defaultLevel: readDefault(lists.default_level), levels }
}

/** A name, a number or a number as text, as MCDReforged takes it; `user` where it is left out. */
function readDefault(value: unknown): number {
  const text = String(value ?? 'user')
  if (/^[0-4]$/.test(text)) return Number(text)
  if (Object.hasOwn(LEVELS, text)) return LEVELS[text as keyof typeof LEVELS]
  throw new SyntaxError(`has no level at "default_level" (${JSON.stringify(value)})`)
}

const opsSchema = z.array(z.object({ uuid: z.string().optional(), name: z.string().optional() }))

/** Throws as `parsePermissions` does. */
function parseOps(text: string): Op[] {
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new SyntaxError(`is no JSON (${firstLine((error as Error).message)})`)
  }
  const result = opsSchema.safeParse(json)
  if (!result.success) throw new SyntaxError('is no list of operators, such as the game writes')
  return result.data
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/:$/, '') ?? ''
}

/**
 * The file as `parse` understands it, looked at with each call: the last good state, or undefined while there was none.
 * Each change of what is wrong with it is one line of the log.
 */
function followFile<State>(file: string, parse: (text: string) => State, log: Log): () => State | undefined {
  let state: State | undefined
  let seen: string | undefined
  let trouble: string | undefined

  function setTrouble(next: string | undefined) {
    if (next === trouble) return
    trouble = next
    if (next === undefined) return log.info({ file }, `${file} is read again`)
    const consequence = state === undefined ? 'it allows nobody' : 'what it said before holds'
    log.warn({ file }, `${file} ${next}; until then ${consequence}`)
  }

  return () => {
    try {
      const found = look(file)
      if (found === seen) return state
      const text = readFileSync(file, 'utf8')
      seen = found
      state = parse(text)
      setTrouble(undefined)
    } catch (error) {
      if (!(error instanceof SyntaxError)) seen = undefined
      setTrouble(troubleOf(error))
    }
    return state
  }
}

/** What is another after the file was written or replaced. Throws what the file system throws. */
function look(file: string): string {
  const stat = statSync(file, { bigint: true })
  if (!stat.isFile()) throw Object.assign(new Error('no file'), { code: 'EISDIR' })
  if (stat.size > MAX_BYTES) throw Object.assign(new Error('too large'), { code: 'EFBIG' })
  return [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ')
}

const REMEDIES: { [code: string]: string } = {
  ENOENT: 'is not there: correct the path in the config',
  ENOTDIR: 'is not there: correct the path in the config',
  EISDIR: 'is a folder or no regular file: name the file in it',
  EFBIG: 'is too large to be such a file: correct the path in the config',
  EACCES: 'may not be read: give the user of the bridge the right to (chmod, chown)',
  EPERM: 'may not be read: give the user of the bridge the right to (chmod, chown)',
}

function troubleOf(error: unknown): string {
  if (error instanceof SyntaxError) return `${error.message}: correct the file`
  const { code = '', message } = error as NodeJS.ErrnoException
  return REMEDIES[code] ?? `can't be read (${code || firstLine(message)}): check the file and the disk`
}
