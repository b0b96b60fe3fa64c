/** The config: each stage's schema put together, read from a file, and every fault of it told at once. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Node, type ParseError, parse as parseJson, parseTree, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import { bytes } from './bytes.ts'
import { commandsSchema } from './command/permission.ts'
import { substituteEnvironment } from './config/environment.ts'
import { describeIssues } from './config/fault.ts'
import { notificationSchema } from './delivery/endpoint.ts'
import { duration } from './duration.ts'
import { lifecycleSchema, watchSchema } from './lifecycle.ts'
import { isTimeZone } from './localtime.ts'
import { LOG_LEVELS } from './log.ts'
import { minecraftSchema } from './source/bot.ts'

/** A path in the config is relative to the config's file. */
const path = z.string().min(1, 'is empty; write a path, or leave the key out').meta({ unit: 'path' })

const mcdrSchema = z
  .strictObject({
    log: path.describe("MCDReforged's log file, logs/MCDR.log in its folder."),
    pollInterval: duration('1s', { min: '100ms', max: '1m' }).describe(
      'How often the log is looked at; a change is most often noticed sooner.',
    ),
  })
  .describe(
    "MCDReforged's log, which tells what chat can't: why a backup failed, how a restore ended. Without a bot it is enough alone.",
  )

const primeBackupSchema = z
  .strictObject({
    database: path
      .optional()
      .describe("Prime Backup's database, pb_files/prime_backup.db in MCDReforged's folder; only ever read."),
    config: path
      .optional()
      .describe(
        "Prime Backup's config, config/prime_backup/config.json in MCDReforged's folder: only to see whether its schedule rests while nobody is online.",
      ),
    show: z
      .boolean()
      .default(false)
      .describe(
        'Without the database, lets the bot ask "!!pb show" for the details. The question stands in public chat, the answer does not; the bot needs the permission.',
      ),
  })
  .prefault({})
  .describe('Where details of a backup come from: exact sizes, date, targets, tags.')

const serverSchema = z.strictObject({
  name: z
    .string()
    .min(1, 'is empty; write a name, for example "survival"')
    .max(64)
    .default('minecraft')
    .describe('Name of the server in notifications and logs; each server needs its own.'),
  minecraft: minecraftSchema
    .optional()
    .describe(
      'The game server that the bot joins, and the bot’s account. Leave it out beside mcdr.log to do without a bot.',
    ),
  mcdr: mcdrSchema.optional(),
  primeBackup: primeBackupSchema,
  timeZone: z
    .string()
    .refine(isTimeZone, 'is no time zone; write an IANA name, for example "Asia/Shanghai"')
    .optional()
    .describe(
      "Time zone of MCDReforged's log and of dates in notifications; by default that of the bridge's machine.",
    ),
  commands: commandsSchema,
  lifecycle: lifecycleSchema,
  watch: watchSchema,
})

const stateSchema = z
  .strictObject({
    dir: z
      .string()
      .min(1, 'is empty; write the path of a folder')
      .meta({ unit: 'path' })
      .default('./data')
      .describe('Folder for what the bridge keeps: its store, and the tokens of Microsoft accounts.'),
    retention: duration('30d', { min: '1h' }).describe('How long events and what came of them are kept.'),
    deadRetention: duration('90d', { min: '1h' }).describe(
      'How long a dead letter is kept, if nobody sends it again or drops it.',
    ),
    maxSize: bytes('256MB', '1MB').describe('How large the store may grow; then the oldest goes first.'),
  })
  .prefault({})
  .describe('What the bridge keeps between two runs.')

export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Path of config.schema.json, for editors.'),
    servers: z
      .array(serverSchema)
      .min(1, 'is empty; write at least one server')
      .max(500, 'is longer than 500 servers; run a second bridge with a state.dir of its own')
      .describe('The servers to watch.'),
    notification: notificationSchema.prefault({}),
    state: stateSchema,
    log: z
      .strictObject({
        level: z.enum(LOG_LEVELS).default('info').describe('How much is logged.'),
      })
      .prefault({})
      .describe('The log, on standard error.'),
  })
  .superRefine(checkNames, { when: () => true })

export type Config = z.output<typeof configSchema>
/** Watched by a bot, by the log, or by both. */
export type ServerConfig = Config['servers'][number]

/** One or more faults of a config, each a line that a person can act on; never holds a secret. */
export class ConfigError extends Error {
  readonly faults: string[]
  constructor(file: string, faults: string[]) {
    super(
      [`${file}: ${faults.length === 1 ? 'one fault' : `${faults.length} faults`}`, ...faults].join('\n  '),
    )
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** Reads, checks and completes a config file. Paths in it are relative to it. Throws ConfigError. */
export function loadConfig(file: string, environment: NodeJS.ProcessEnv): Config {
  const path = resolve(file)
  const config = parseConfig(readText(file, path), file, environment)
  const place = (name: string) => resolve(dirname(path), name)
  return {
    ...config,
    servers: config.servers.map(server => placePaths(server, place)),
    state: { ...config.state, dir: place(config.state.dir) },
  }
}

/**
 * Where the bridge of a config keeps its state. For whoever needs no more: what else is wrong, or not in this
 * environment, is no concern of theirs. Throws ConfigError.
 */
export function loadStateDir(file: string, environment: NodeJS.ProcessEnv): string {
  const path = resolve(file)
  const raw = readJson(readText(file, path), file)
  const { state } = (raw ?? {}) as { state?: unknown }
  const { value, faults } = substituteEnvironment({ state }, environment)
  const result = z.object({ state: stateSchema }).safeParse(value)
  if (!result.success || faults.length > 0) return loadConfig(file, environment).state.dir
  return resolve(dirname(path), result.data.state.dir)
}

/** `text` as JSON, with `${NAME}` replaced from `environment`. Throws ConfigError with every fault. */
export function parseConfig(text: string, file: string, environment: NodeJS.ProcessEnv): Config {
  const json = text.replace(/^\uFEFF/, '')
  const substituted = substituteEnvironment(readJson(json, file), environment)
  const { value } = substituted
  const faults = [...repeatedKeys(json, parseTree(json)), ...substituted.faults]
  const result = configSchema.safeParse(value, { reportInput: true })
  if (result.success && faults.length === 0)
    return { ...result.data, servers: result.data.servers.map(addDefaultBot) }
  const issues = result.success ? [] : describeIssues(result.error.issues, configSchema, value, substituted)
  throw new ConfigError(file, [...faults, ...issues])
}

/** A server that nothing is said of is watched by a bot beside the bridge. */
function addDefaultBot(server: ServerConfig): ServerConfig {
  return server.minecraft || server.mcdr ? server : { ...server, minecraft: minecraftSchema.parse({}) }
}

function placePaths(server: ServerConfig, place: (name: string) => string): ServerConfig {
  const { mcdr, primeBackup, commands } = server
  const { database, config } = primeBackup
  const { mcdrPermissions, opsJson } = commands
  return {
    ...server,
    ...(mcdr && { mcdr: { ...mcdr, log: place(mcdr.log) } }),
    commands: {
      ...commands,
      ...(mcdrPermissions !== undefined && { mcdrPermissions: place(mcdrPermissions) }),
      ...(opsJson !== undefined && { opsJson: place(opsJson) }),
    },
    primeBackup: {
      ...primeBackup,
      ...(database !== undefined && { database: place(database) }),
      ...(config !== undefined && { config: place(config) }),
    },
  }
}

function readJson(text: string, file: string): unknown {
  const errors: ParseError[] = []
  const json = text.replace(/^\uFEFF/, '')
  const raw: unknown = parseJson(json, errors, { allowEmptyContent: false })
  if (errors[0]) throw new ConfigError(file, [jsonFault(json, errors[0])])
  return raw
}

function readText(file: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const remedies: { [code: string]: string } = {
      ENOENT: 'there is no such file; make one with pb-bridge init, or name another with --config',
      EISDIR: 'this is a folder; name the file in it',
      EACCES: 'it may not be read; give the user of the bridge the right to (chmod, chown)',
    }
    throw new ConfigError(file, [remedies[code ?? ''] ?? `it can't be read (${code})`])
  }
}

const JSON_REMEDIES: { [code: string]: string } = {
  CommaExpected: 'a comma is missing before this',
  PropertyNameExpected: 'a key in double quotes is expected; after the last entry there must be no comma',
  ValueExpected: 'a value is expected; after the last entry there must be no comma',
  ColonExpected: 'a colon is missing before this',
  CloseBraceExpected: 'a "}" is missing',
  CloseBracketExpected: 'a "]" is missing',
  EndOfFileExpected: 'there is more text after the end of the JSON',
  InvalidSymbol: 'this is no JSON value; texts stand in double quotes',
  UnexpectedEndOfString: 'a closing double quote is missing',
  UnexpectedEndOfComment: 'the end of a comment, "*/", is missing',
  UnexpectedEndOfNumber: 'a digit is missing in this number',
  InvalidUnicode: 'four hexadecimal digits must follow \\u',
  InvalidCharacter: 'a line break or another control character stands in a text; write it as \\n, \\t …',
  InvalidEscapeCharacter: 'a backslash in a text is written twice (\\\\)',
}

function jsonFault(text: string, { error, offset }: ParseError): string {
  const code = printParseErrorCode(error)
  return `${placeOf(text, offset)}: ${JSON_REMEDIES[code] ?? code}`
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n')
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

/** JSON takes the last of two equal keys and drops the first, with all that stands in it. */
function repeatedKeys(text: string, node: Node | undefined): string[] {
  const seen = new Set<unknown>()
  return (node?.children ?? []).flatMap(child => {
    const inner = repeatedKeys(text, child)
    if (node?.type !== 'object') return inner
    const key = child.children?.[0]
    const repeated = key !== undefined && seen.has(key.value)
    seen.add(key?.value)
    if (!repeated) return inner
    return [
      `${placeOf(text, key.offset)}: the key "${key.value}" stands here a second time; put both blocks together`,
      ...inner,
    ]
  })
}

function checkNames(config: unknown, context: z.RefinementCtx): void {
  const { servers, notification } = (config ?? {}) as { servers?: unknown; notification?: unknown }
  if (!Array.isArray(servers)) return
  const names = servers.map((server: { name?: unknown } | null) => server?.name)
  for (const [index, name] of names.entries()) {
    if (typeof name === 'string' && names.indexOf(name) < index)
      context.addIssue({
        code: 'custom',
        path: ['servers', index, 'name'],
        input: name,
        message: 'is the name of another server too; write a name of its own',
      })
  }
  const known = names.filter(name => typeof name === 'string')
  const { endpoints } = (notification ?? {}) as { endpoints?: unknown }
  for (const [index, endpoint] of (Array.isArray(endpoints) ? endpoints : []).entries()) {
    const wanted = (endpoint as { servers?: unknown } | null)?.servers
    for (const [place, name] of (Array.isArray(wanted) ? wanted : []).entries()) {
      if (typeof name === 'string' && !names.includes(name))
        context.addIssue({
          code: 'custom',
          path: ['notification', 'endpoints', index, 'servers', place],
          input: name,
          message: `names no server of this config; write one of ${known.map(name => JSON.stringify(name)).join(', ')}`,
        })
    }
  }
}
