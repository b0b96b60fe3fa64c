/** zod's issues as lines that a person can act on: `path: what is wrong, the value, what to write instead`. */
import type { z } from 'zod'
import { redact } from '../delivery/secret.ts'
import { type Substituted, showPath } from './environment.ts'

type Issue = z.core.$ZodIssue

/** Keys whose values, and all below them, are never shown. */
const SECRET_KEYS = new Set([
  'url',
  'headers',
  'proxy',
  'joinCommands',
  'device_key',
  'device_keys',
  'sendkey',
  'openid',
  'key',
  'token',
  'secret',
  'password',
])

export function describeIssues(
  issues: readonly Issue[],
  schema: z.ZodType,
  raw: unknown,
  { secretPaths, secrets, unsetPaths }: Pick<Substituted, 'secretPaths' | 'secrets' | 'unsetPaths'>,
): string[] {
  const tellable = issues.filter(({ path }) => !unsetPaths.has(showPath(path)))
  return tellable.flatMap(issue => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map(key => describeUnknownKey([...issue.path, key], knownKeys(schema, issue.path)))
    const value = issue.input ?? valueAt(raw, issue.path)
    const path = showPath(issue.path)
    const fromEnvironment = secretPaths.has(path)
    const told = describe(issue, value, fromEnvironment || isSecret(issue.path))
    // Words of our own may quote the value, or another from the environment.
    const quoted = fromEnvironment ? [value, ...secrets] : [...secrets]
    return [`${path || 'the config'}: ${redact(told, formsOf(quoted))}`]
  })
}

/** Hiding shorter values would only garble the words around them. */
const SHORTEST_SECRET = 4

function formsOf(secrets: unknown[]): string[] {
  return secrets
    .filter(secret => typeof secret === 'string' && secret.length >= SHORTEST_SECRET)
    .flatMap(secret => [String(secret), JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length)
}

function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some(key => typeof key === 'string' && SECRET_KEYS.has(key))
}

function describe(issue: Issue, value: unknown, hidden: boolean): string {
  const shown = showValue(value, hidden)
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return `is missing; write ${nameOfType(issue.expected)}`
      return `${BLOCKS.has(issue.expected) ? showKind(value) : shown} is of the wrong type; write ${nameOfType(issue.expected)}`
    case 'invalid_value':
      if (!issue.message.startsWith('Invalid')) return afterValue(shown, issue.message)
      return `${shown} is not allowed; write ${issue.values.map(choice => JSON.stringify(choice)).join(' or ')}`
    case 'too_small':
    case 'too_big': {
      if (!issue.message.startsWith('Too ')) return `${shown} ${issue.message}`
      const [bound, limit] =
        issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum]
      const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
      return `${shown} is too ${issue.code === 'too_small' ? 'small' : 'large'}; write ${bound} ${String(limit)}${unit}`
    }
    case 'invalid_union':
      if (!issue.message.startsWith('Invalid')) return afterValue(shown, issue.message)
      return `${shown} is of the wrong type; write a text or a number`
    case 'invalid_format':
    case 'custom':
      return afterValue(shown, issue.message)
    default:
      return `${shown}: ${issue.message}`
  }
}

/** Words of our own that begin with a verb follow the value; those of the fork say themselves what they are about. */
function afterValue(shown: string, words: string): string {
  return /^(is|has|names) /.test(words) ? `${shown} ${words}` : words
}

const BLOCKS = new Set(['array', 'object', 'record'])

/** Where a block belongs, a text may well be the key or the URL that should stand in it. */
function showKind(value: unknown): string {
  if (typeof value === 'string') return 'a text'
  return typeof value === 'number' ? 'a number' : showValue(value, false)
}

const TYPE_NAMES: { [type: string]: string } = {
  string: 'a text in double quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list: [ … ]',
  object: 'a block: { … }',
  record: 'a block: { … }',
}

function nameOfType(type: string): string {
  return TYPE_NAMES[type] ?? type
}

function showValue(value: unknown, hidden: boolean): string {
  if (hidden) return '(hidden)'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a block'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = raw
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return value
}

function describeUnknownKey(path: PropertyKey[], known: string[]): string {
  const key = String(path.at(-1))
  const nearest = nearestOf(key, known)
  const remedy = nearest ? `did you mean "${nearest}"?` : `known here: ${known.join(', ')}`
  return `${showPath(path)}: unknown key; ${remedy}`
}

/** The known key that is fewest changes away, if that is few. */
function nearestOf(key: string, known: string[]): string | undefined {
  const ranked = known
    .map(name => ({ name, changes: distance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.changes - b.changes)
  const [best] = ranked
  return best && best.changes <= Math.max(2, Math.floor(best.name.length / 3)) ? best.name : undefined
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The keys that the schema knows at `path`, through defaults, pipes and lists. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: SchemaNode | undefined = schema as unknown as SchemaNode
  for (const key of path)
    at = typeof key === 'number' ? unwrap(at)?.element : unwrap(at)?.shape?.[String(key)]
  return Object.keys(unwrap(at)?.shape ?? {}).filter(key => key !== '$schema')
}

/** What is used of a zod schema's inside; its public type hides which kind it is. */
type SchemaNode = {
  def?: { innerType?: SchemaNode; in?: SchemaNode; out?: SchemaNode; type?: string }
  shape?: { [key: string]: SchemaNode }
  element?: SchemaNode
}

function unwrap(schema: SchemaNode | undefined): SchemaNode | undefined {
  let at = schema
  while (at && !at.shape && !at.element) {
    const { def } = at
    at = def?.innerType ?? (def?.in?.def?.type === 'transform' ? def.out : def?.in)
  }
  return at
}
