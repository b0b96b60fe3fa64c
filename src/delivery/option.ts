/** The shapes of providers' options: as lenient as the services, which take numbers and texts alike. */
import { z } from 'zod'

/** A text or a number, sent as text; null and an empty text mean not set. */
export function textOption(description: string) {
  return z
    .union([z.string(), z.number(), z.null()], { error: 'is neither text nor number; write null for none' })
    .optional()
    .transform(toText)
    .describe(description)
}

/** A switch that the service wants as text: true is `"1"`, false `"0"`. */
export function flagOption(description: string) {
  return z
    .union([z.string(), z.number(), z.boolean(), z.null()], {
      error: 'is neither text, number nor true or false; write "1", or null for none',
    })
    .optional()
    .transform(value => (typeof value === 'boolean' ? (value ? '1' : '0') : toText(value)))
    .describe(description)
}

/** A whole number, also written as text. */
export function numberOption(description: string) {
  const error = 'is no whole number; write null for none'
  return z
    .union([z.int({ error }), z.string().regex(/^\s*-?\d*\s*$/, { error }), z.null()], { error })
    .optional()
    .transform(value => {
      const text = toText(value)?.trim()
      return text === undefined || text === '' ? undefined : Number(text)
    })
    .describe(description)
}

/** Several texts: an array, or one text with commas between them. */
export function listOption(description: string) {
  return z
    .union([z.string(), z.array(z.string()), z.null()], {
      error: 'is neither an array of texts nor a text; write null for none',
    })
    .optional()
    .transform(value => {
      const items = typeof value === 'string' ? value.split(',') : (value ?? [])
      return [...new Set(items.map(item => item.trim()).filter(item => item !== ''))]
    })
    .describe(description)
}

function toText(value: string | number | null | undefined): string | undefined {
  const text = value === null || value === undefined ? '' : String(value).trim()
  return text === '' ? undefined : text
}
