/** What `init` says beside its questions: what it found, and what is left for a person to do. */
import { systemClock } from '../clock.ts'
import type { Language } from '../language.ts'
import { createDetails } from '../primebackup/database.ts'
import type { Places } from '../setup/find.ts'
import type { McdrFolder } from '../setup/folder.ts'
import { isProxyHandler } from '../setup/mcdr.ts'
import type { NotificationBlock } from '../setup/notification.ts'
import type { ServerPlan } from '../setup/plan.ts'
import { stepsAfter } from '../setup/steps.ts'
import type { Word } from '../setup/wording.ts'
import type { Ask } from './ask.ts'

export type InitDeps = {
  /** Undefined without a terminal: nothing is asked then. */
  ask?: Ask
  print(line: string): void
  env: { [name: string]: string | undefined }
  /** Where MCDReforged is looked for. */
  places: Places
}

export type Talk = InitDeps & {
  language: Language
  /** Language of the notifications. */
  notifyIn: Language
  say(word: Word, ...values: (string | number | boolean)[]): string
}

export type Told = {
  notification: NotificationBlock
  /** It is the fork's. */
  adopted: boolean
}

export function tellFolder(folder: McdrFolder, { say, print }: Talk): void {
  const { dir, config, server, primeBackup, versions, troubles } = folder
  print(say('foundMcdr', versions.mcdr ?? '', dir, config.language ?? '?', config.handler).replace('  ', ' '))
  if (isProxyHandler(config.handler)) print(say('isProxy', dir, config.handler))
  const { properties } = server
  if (properties) print(say('foundServer', properties.port, properties.onlineMode, properties.whitelist))
  if (primeBackup) {
    const { database } = primeBackup
    const details = createDetails({ file: database }, { clock: systemClock })
    details.find(0)
    const version = details.version()
    const read = version === undefined ? say('noSchema', database) : say('schema', database, version)
    const words = say('foundBackup', versions.primeBackup ?? '?', primeBackup.config?.prefix ?? '!!pb', read)
    print(words)
  }
  for (const trouble of troubles) print(`! ${trouble}`)
}

export function tellWhatIsLeft(
  file: string,
  plans: readonly ServerPlan[],
  told: Told,
  { say, print, language }: Talk,
): void {
  const steps = stepsAfter(plans, told.notification, told)
  print('')
  print(say('toDo'))
  for (const [index, { text, line }] of steps.entries()) {
    print(`${index + 1}. ${text[language]}`)
    if (line !== undefined) print(`     ${line}`)
  }
  const option = file === './config.json' ? '' : ` --config ${file}`
  print('')
  print(say('next'))
  print(`     ${say('nextCheck', option)}`)
  print(`     ${say('nextRun', option)}`)
}
