import { readFileSync } from 'node:fs'
import { systemClock } from '../clock.ts'
import { commandsSchema, compilePattern } from '../command/permission.ts'
import { lifecycleSchema } from '../lifecycle.ts'
import type { Observation } from '../observation.ts'
import { type ChatRules, observeLog } from '../observe.ts'
import { createDetails } from '../primebackup/database.ts'
import { readRecording } from '../recording.ts'
import { mergeObservations, replayPayloads } from '../replay.ts'
import { readLog } from '../source/log/read.ts'
import { readLanguage, UsageError } from './usage.ts'

type Values = { [name: string]: string | boolean | string[] | undefined }

/**
 * Prints one payload a line and nothing else. With a config, that server's prefix, patterns, deadlines and time zone
 * apply. `more`: further logs, as a shell makes of `--log logs/*.zip`.
 */
export async function replay(values: Values, more: string[]): Promise<number> {
  const { chat, config, server, database } = values
  const logs = Array.isArray(values.log) ? [...new Set([...values.log, ...more])] : undefined
  if (!logs && more.length > 0) throw new UsageError(`"${more[0]}" stands alone; write --log before it`)
  if (typeof chat !== 'string' && !logs) throw new UsageError('replay needs --log FILE… or --chat FILE')
  const rules = typeof config === 'string' ? await rulesOf(config, server) : defaults()
  const seen = mergeObservations(
    typeof chat === 'string'
      ? readChat(chat, {
          prefix: rules.commands.prefix,
          chatPatterns: rules.commands.chatPatterns.map(compilePattern),
        })
      : [],
    logs && (await readLogs(logs, rules.timeZone)),
  )
  const find = typeof database === 'string' ? readDatabase(database, rules.timeZone) : undefined
  const options = {
    server: String(server ?? rules.name),
    lifecycle: rules.lifecycle,
    settle: values['no-settle'] !== true,
    language: readLanguage(values.language),
    ...(find && { find }),
  }
  for (const line of replayPayloads(seen, options)) process.stdout.write(`${line}\n`)
  return 0
}

function readChat(file: string, rules: ChatRules): Observation[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  try {
    return [...readRecording(text, rules)]
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`)
  }
}

/** MCDR's logs and the zips that it makes of them, in order of time. */
async function readLogs(files: string[], timeZone: string | undefined): Promise<Observation[]> {
  const parts: Observation[][] = []
  for (const file of files) {
    const part: Observation[] = []
    try {
      for await (const records of readLog(file)) {
        for (const record of records) {
          const seen = observeLog(record, timeZone, part.at(-1)?.at)
          if (seen) part.push(seen)
        }
      }
    } catch (error) {
      throw new UsageError((error as Error).message)
    }
    if (part.length === 0) process.stderr.write(`pb-bridge: ${file} says nothing of Prime Backup\n`)
    parts.push(part)
  }
  return parts.sort((a, b) => (a[0]?.at ?? 0) - (b[0]?.at ?? 0)).flat()
}

function readDatabase(file: string, timeZone: string | undefined) {
  const { find } = createDetails(
    { file, ...(timeZone !== undefined && { timeZone }) },
    {
      clock: systemClock,
      onTrouble: trouble => {
        if (trouble) process.stderr.write(`pb-bridge: ${trouble.reason}\n`)
      },
    },
  )
  return find
}

function defaults() {
  return {
    name: 'minecraft',
    commands: commandsSchema.parse({}),
    lifecycle: lifecycleSchema.parse({}),
    timeZone: undefined,
  }
}

async function rulesOf(file: string, name: Values[string]) {
  const { loadConfig } = await import('../config.ts')
  const { servers } = loadConfig(file, process.env)
  const found = name === undefined ? servers[0] : servers.find(server => server.name === name)
  if (!found) throw new UsageError(`${file} has no server "${String(name)}"`)
  return found
}
