/** `plugin.json`, the manifest: who we are, our commands and events; read at run time, never copied into code. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { EVENT_NAMES } from './event.ts'

const text = z.strictObject({ en_us: z.string(), zh_cn: z.string() })

const manifestSchema = z.strictObject({
  id: z.string(),
  version: z.string(),
  name: text,
  description: text,
  commands: z.array(
    z.strictObject({
      name: z.string(),
      /** `{prefix}` stands for Prime Backup's command prefix. */
      usage: text,
      description: text,
      /** The key of the config that says who may. */
      permission: z.string(),
    }),
  ),
  events: z.array(z.enum(EVENT_NAMES)),
})

export type Manifest = z.output<typeof manifestSchema>

export const manifest: Manifest = manifestSchema.parse(
  JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8')),
)
