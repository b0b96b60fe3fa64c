/** `pb-bridge reload`: has the running bridge read its config again. */
import { z } from 'zod'
import { systemClock } from '../clock.ts'
import { loadStateDir } from '../config.ts'
import { askControl } from '../control.ts'

const requestSchema = z.strictObject({ type: z.literal('reload') })

/** What was added, changed or removed, one line each; or why the new config was refused. */
export type Reloaded = { changes: string[] } | { faults: string[] }

const reloadedSchema = z.union([
  z.object({ changes: z.array(z.string()) }),
  z.object({ faults: z.array(z.string()) }),
])

export function isReload(request: unknown): boolean {
  return requestSchema.safeParse(request).success
}

/** 0 when the config was taken over, 2 when it was refused, 1 when there is no bridge to ask. */
export async function reload(file: string): Promise<number> {
  const dir = loadStateDir(file, process.env)
  const asked = await askControl(dir, { type: 'reload' }, { clock: systemClock })
  if (asked.status === 'absent')
    throw new Error(`no bridge runs with its state in ${dir}; start it: pb-bridge run --config ${file}`)
  if (asked.status === 'failed') throw new Error(`the bridge can't be asked: ${asked.reason}`)
  const answer = reloadedSchema.parse(asked.answer)
  if ('faults' in answer) {
    process.stderr.write(
      `${['the new config is refused, and the old one stays:', ...answer.faults].join('\n  ')}\n`,
    )
    return 2
  }
  const { changes } = answer
  process.stdout.write(
    changes.length === 0 ? 'no server and no endpoint has changed\n' : `${changes.join('\n')}\n`,
  )
  return 0
}
