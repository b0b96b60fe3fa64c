import { readFileSync } from 'node:fs'
import { commandsSchema, compilePattern } from '../command/permission.ts'
import { lifecycleSchema } from '../lifecycle.ts'
import { replayPayloads } from '../replay.ts'
import { readLanguage, UsageError } from './usage.ts'

type Values = { [name: string]: string | boolean | undefined }

/** Prints one payload a line and nothing else. With a config, that server's prefix, patterns and deadlines apply. */
export async function replay({
  chat,
  config,
  server,
  language,
  'no-settle': noSettle,
}: Values): Promise<number> {
  if (typeof chat !== 'string') throw new UsageError('replay needs --chat FILE')
  const rules = typeof config === 'string' ? await rulesOf(config, server) : defaults()
  const options = {
    server: String(server ?? rules.name),
    rules: { prefix: rules.commands.prefix, chatPatterns: rules.commands.chatPatterns.map(compilePattern) },
    lifecycle: rules.lifecycle,
    settle: noSettle !== true,
    language: readLanguage(language),
  }
  let text: string
  try {
    text = readFileSync(chat, 'utf8')
  } catch (error) {
    throw new UsageError(`${chat} can't be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  try {
    for (const line of replayPayloads(text, options)) process.stdout.write(`${line}\n`)
  } catch (error) {
    throw new UsageError(`${chat}: ${(error as Error).message}`)
  }
  return 0
}

function defaults() {
  return { name: 'minecraft', commands: commandsSchema.parse({}), lifecycle: lifecycleSchema.parse({}) }
}

async function rulesOf(file: string, name: string | boolean | undefined) {
  const { loadConfig } = await import('../config.ts')
  const { servers } = loadConfig(file, process.env)
  const found = name === undefined ? servers[0] : servers.find(server => server.name === name)
  if (!found) throw new UsageError(`${file} has no server "${String(name)}"`)
  return found
}
