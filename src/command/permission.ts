/** Who may ask the bridge for something in chat. */
import { z } from 'zod'
import { duration } from '../duration.ts'

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

export const REPLY_ROUTES = ['auto', 'tellraw', 'tell', 'public'] as const
export type ReplyRoute = (typeof REPLY_ROUTES)[number]

export const commandsSchema = z
  .strictObject({
    prefix: z
      .string()
      .regex(
        /^\S{1,32}$/,
        'is no prefix; write Prime Backup\'s command prefix without spaces, for example "!!pb"',
      )
      .default('!!pb')
      .describe("Prime Backup's command prefix."),
    operators: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Names or UUIDs of the players who may use the commands of the bridge. A name is as trustworthy as the login of the server; where plugins change the names in chat, write UUIDs (from Minecraft 1.16 on).',
      ),
    mcdrPermissions: optionalPath().describe(
      "MCDReforged's permission.yml: players who have the level there may use the commands too. It is read again when it changes. null: not looked at.",
    ),
    level: z
      .int()
      .min(0)
      .max(4)
      .default(4)
      .describe(
        'The level of mcdrPermissions that a player needs: 4 owner, 3 admin, 2 helper, 1 user, 0 guest.',
      ),
    opsJson: optionalPath().describe(
      "The Minecraft server's ops.json: every operator of the game may use the commands too. It is read again when it changes. null: not looked at.",
    ),
    cooldown: duration('10s', { max: '1h' }).describe('How long a player waits between two commands.'),
    reply: z
      .enum(REPLY_ROUTES)
      .default('auto')
      .describe('How the bot answers: "auto" takes /tellraw where it may, else /tell, else public chat.'),
    chatPatterns: z
      .array(z.string().superRefine(checkPattern))
      .default([])
      .describe(
        'For servers whose plugins turn chat into system messages: regular expressions over the whole line with the groups "player" and "message".',
      ),
  })
  .prefault({})
  .describe('The commands in game chat.')

export type CommandsConfig = z.output<typeof commandsSchema>

/** The path of a file that may be left out; null says so too. */
function optionalPath() {
  return z
    .string()
    .regex(/\S/, 'is no path; write that of the file, or null')
    .meta({ unit: 'path' })
    .nullish()
    .transform(path => path ?? undefined)
}

function checkPattern(source: string, context: z.RefinementCtx): void {
  try {
    compilePattern(source)
  } catch (error) {
    // V8 quotes the whole pattern before its reason.
    const why = String(error).split(': ').at(-1)
    context.addIssue({ code: 'custom', input: source, message: `is no regular expression: ${why}` })
    return
  }
  if (!source.includes('(?<player>') || !source.includes('(?<message>'))
    context.addIssue({
      code: 'custom',
      input: source,
      message: 'has no groups of these names; write (?<player>…) and (?<message>…)',
    })
}

/** Anchored at both ends, whether the config says so or not. */
export function compilePattern(source: string): RegExp {
  return new RegExp(`^(?:${source})$`, 'su')
}

/** By UUID where the server tells it, else by the exact name. */
export function isOperator(player: { uuid?: string; name?: string }, operators: readonly string[]): boolean {
  return operators.some(operator =>
    UUID.test(operator)
      ? player.uuid !== undefined && isSameUuid(operator, player.uuid)
      : operator === player.name,
  )
}

/** With hyphens or without, in either case. */
export function isSameUuid(one: string, other: string): boolean {
  return plainUuid(one) === plainUuid(other)
}

function plainUuid(uuid: string): string {
  return uuid.replaceAll('-', '').toLowerCase()
}
