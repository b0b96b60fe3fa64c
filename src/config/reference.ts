/** docs/CONFIG.md, made from the zod schema: a section for each block of the config, a row for each key. */
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { configSchema } from '../config.ts'

/** What of a JSON Schema is told. `unit`, `range` and `remedy` are ours: what the schema itself can't say. */
type Node = {
  type?: string | string[]
  description?: string
  default?: unknown
  enum?: unknown[]
  anyOf?: Node[]
  properties?: { [key: string]: Node }
  required?: string[]
  items?: Node
  propertyNames?: unknown
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  unit?: string
  range?: string
  remedy?: string
}

const INTRO = `# The config

Every key of \`config.json\`. This page is made from the schema that the program itself checks with (\`npm run generate\`), as is
[config.schema.json](../config.schema.json), which lets an editor complete and explain the keys: keep \`"$schema"\` in the
file. [config.example.json](../config.example.json) shows every key once; leave out what you don't need.

- **The file** is JSON; comments (\`// …\`, \`/* … */\`) may stand in it, a comma after the last entry may not. An unknown key is a
  fault, as is a key that stands twice in one block. All faults are told at once, each with its place and what to write
  instead: \`npm run pb-bridge -- check\`.
- **Secrets**: \`\${NAME}\` in any text is taken from the environment; \`$\${\` stands for \`\${\` itself. Keys of the config can't be
  made so. Use it for device keys, tokens and passwords, so that they need not stand in the file.
- **A path** that is not absolute begins at the folder of the config file.
- **A duration** is a number and a unit: \`"500ms"\`, \`"10s"\`, \`"15m"\`, \`"2h"\`, \`"7d"\`, \`"2mon"\` (60 days), \`"1y"\` (365 days),
  also \`"1.5h"\`. A bare number is seconds.
- **A size** is a number and a unit: \`"512KB"\`, \`"256MB"\`, \`"1GB"\`, each 1024 times the one before. A bare number is bytes.
- **No default** means: not set. **\`null\`** in the options of a service means "not set". Where a type says "text or number", a number is sent as text.
`

/** The whole file. */
export function renderReference(): string {
  const tree = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ zodSchema, jsonSchema }) => {
      const remedy = remedyOf(zodSchema)
      if (remedy !== undefined) jsonSchema.remedy = remedy
    },
  }) as Node
  const blocks = blocksOf(tree, '')
  const contents = blocks.map(({ path }) => {
    const depth = path === '' ? 0 : path.split('.').length - 1
    return `${'  '.repeat(depth)}- [${titleOf(path)}](#${slugOf(titleOf(path))})`
  })
  return `${[INTRO, ...contents, '', ...blocks.map(renderBlock)].join('\n')}`
}

function titleOf(path: string): string {
  return path === '' ? 'The file' : `\`${path}\``
}

type Block = { path: string; node: Node }

/** A block before the blocks in it, in the schema's order. */
function blocksOf(node: Node, path: string): Block[] {
  const { properties } = node
  if (!properties) return []
  const below = Object.entries(properties).flatMap(([key, child]) => {
    const inner = child.items?.properties ? child.items : child
    return blocksOf(inner, childPath(path, key, child)).map(block =>
      block.node === inner ? { ...block, node: { description: child.description, ...inner } } : block,
    )
  })
  return [{ path, node }, ...below]
}

function childPath(path: string, key: string, { items }: Node): string {
  return `${path === '' ? '' : `${path}.`}${key}${items?.properties ? '[]' : ''}`
}

function renderBlock({ path, node }: Block): string {
  const { properties = {}, required = [], description } = node
  const rows = Object.entries(properties).map(([key, child]) =>
    renderRow(path, key, child, required.includes(key)),
  )
  return [
    `## ${titleOf(path)}`,
    '',
    ...(description === undefined ? [] : [description, '']),
    '| key | type and limits | default | what it is |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

function renderRow(path: string, key: string, node: Node, required: boolean): string {
  const block = node.properties ?? node.items?.properties
  const place = childPath(path, key, node)
  const name = `\`${lastBlockOf(path)}${key}\``
  const cells = [
    block ? `[${name}](#${slugOf(place)})` : name,
    block ? (node.items ? `list of blocks${limitsOf(node)}` : 'block') : `${typeOf(node)}${limitsOf(node)}`,
    required ? '**required**' : block && !node.items ? '' : defaultOf(node),
    node.description ?? '',
  ]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** As the program's messages name a key: `minecraft.port`. */
function lastBlockOf(path: string): string {
  const last = path.split('.').at(-1) ?? ''
  return last === '' ? '' : `${last}.`
}

function defaultOf({ default: value }: Node): string {
  if (value === undefined) return ''
  if (Array.isArray(value) && value.length > 0)
    return value.map(item => `\`${JSON.stringify(item)}\``).join(', ')
  return `\`${JSON.stringify(value)}\``
}

const TYPES: { [type: string]: string[] } = {
  string: ['text'],
  integer: ['whole number'],
  number: ['number'],
  boolean: ['`true`', '`false`'],
  null: ['`null`'],
  object: ['block of texts'],
}

function typeOf(node: Node): string {
  const choices = [...new Set(choicesOf(node))]
  const last = choices.pop() ?? ''
  return choices.length === 0 ? last : `${choices.join(', ')} or ${last}`
}

function choicesOf(node: Node): string[] {
  if (node.unit !== undefined) return [node.unit]
  if (node.enum) return node.enum.map(choice => `\`${JSON.stringify(choice)}\``)
  if (node.items) return [`list of: ${typeOf(node.items)}${limitsOf(node.items)}`]
  if (node.anyOf) return node.anyOf.flatMap(choicesOf)
  return [node.type ?? []].flat().flatMap(type => TYPES[type] ?? [type])
}

/** `, 1 to 64 characters`; empty where there is no limit. */
function limitsOf(node: Node): string {
  const { unit, range, remedy, minimum, maximum, minLength, maxLength, minItems, maxItems } = node
  const limits = [
    range,
    between(minimum, maximum),
    unit === 'path' ? undefined : between(minLength, maxLength, 'characters'),
    between(minItems, maxItems, 'entries'),
  ].filter(limit => limit !== undefined)
  const told = `${limits.map(limit => `, ${limit}`).join('')}${remedy === undefined ? '' : `; ${remedy}`}`
  return told.replace(/"[^"]*"/g, '`$&`')
}

function between(min: number | undefined, max: number | undefined, unit = ''): string | undefined {
  const tail = unit === '' ? '' : ` ${unit}`
  if (min === 1 && max === undefined && unit !== '') return 'not empty'
  if (max !== undefined) return min === undefined ? `at most ${max}${tail}` : `${min} to ${max}${tail}`
  return min === undefined ? undefined : `at least ${min}${tail}`
}

/** What a pattern or a check of our own tells a person to write. */
function remedyOf(schema: z.core.$ZodTypes): string | undefined {
  for (const { _zod } of schema._zod.def.checks ?? []) {
    const { check, error } = _zod.def
    if (check !== 'string_format' && check !== 'custom') continue
    const message = error?.({ code: 'custom', input: undefined, path: [] } as never)
    const remedy = typeof message === 'string' ? /; (write .*)$/.exec(message)?.[1] : undefined
    if (remedy !== undefined) return remedy
  }
  return undefined
}

/** The anchor that GitHub makes of a heading. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-')
}

if (import.meta.main) writeFileSync(new URL('../../docs/CONFIG.md', import.meta.url), renderReference())
