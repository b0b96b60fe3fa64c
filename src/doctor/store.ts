/** The store and its lock: does a bridge run, and can its store be read by this one? */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { STORE_FILE } from '../outbox/database.ts'
import { openReader } from '../outbox/read.ts'
import { fault, ok, type Said, split, warning } from './finding.ts'
import type { Patient } from './patient.ts'

export function checkStore({ config, owner }: Patient): Said[] {
  const { dir } = config.state
  if (owner === null)
    return [
      warning(
        `whether a bridge runs can't be seen: this user may not look into ${dir}`,
        'run this as the user of the bridge, or as root',
      ),
    ]
  const runs = ok(
    owner === undefined
      ? 'no bridge runs with this config now'
      : `a bridge runs with this config now (${owner})`,
  )
  if (!existsSync(join(dir, STORE_FILE)))
    return [runs, ok(`there is no store in ${dir} yet: the first start makes it`)]
  try {
    const reader = openReader(dir)
    const { count } = reader.prepare('SELECT count(*) AS count FROM event').get() as { count: number }
    reader.close()
    return [runs, ok(`the store in ${dir} can be read: ${count} ${count === 1 ? 'event' : 'events'}`)]
  } catch (error) {
    const { message } = error as Error
    // The start of this bridge does what is needed.
    if (/ older bridge/.test(message)) return [runs, ok(message)]
    const { text, remedy } = split(message, ': ')
    return [runs, fault(text, remedy ?? `give the user of the bridge the right to read ${dir}`)]
  }
}
