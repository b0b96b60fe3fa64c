/** config.schema.json, made from the zod schema, so that an editor completes and explains the config. */
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { configSchema } from '../config.ts'

export function renderSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-7',
    // Said for people alone (`reference.ts`): no keywords of JSON Schema.
    override: ({ jsonSchema }) => {
      delete jsonSchema.unit
      delete jsonSchema.range
    },
  })
  return `${JSON.stringify({ title: 'Prime Backup Bridge', ...schema }, null, 2)}\n`
}

if (import.meta.main) writeFileSync(new URL('../../config.schema.json', import.meta.url), renderSchema())
