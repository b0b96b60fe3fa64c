/**
 * Python's `repr` of plain values, as Prime Backup writes them into its log: lists, dicts, texts, numbers, True, False,
 * None. Source: facts/prime-backup.md section 2 and the Python Language Reference, "String and Bytes literals".
 */
import type { Json } from '../event.ts'

/** Deeper nesting than this is none of Prime Backup's. */
const MAX_DEPTH = 16

const SHORT_ESCAPES: { [letter: string]: string } = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
}

/** Digits that follow each of Python's numbered escapes. */
const CODE_LENGTHS: { [letter: string]: number } = { x: 2, u: 4, U: 8 }

const NAMES: { [name: string]: Json } = { True: true, False: false, None: null }

/** The value that begins at `at`, and where it ends; undefined where none does. Linear in the text's length. */
export function readPythonValue(
  text: string,
  at: number,
  depth = 0,
): { value: Json; end: number } | undefined {
  const first = text[at]
  if (first === "'" || first === '"') return readText(text, at)
  if (depth >= MAX_DEPTH) return undefined
  if (first === '[') return readList(text, at, ']', depth)
  if (first === '(') return readList(text, at, ')', depth)
  if (first === '{') return readDict(text, at, depth)
  const word = /[\w.+-]+/y
  word.lastIndex = at
  const found = word.exec(text)?.[0]
  if (found === undefined) return undefined
  if (Object.hasOwn(NAMES, found)) return { value: NAMES[found] ?? null, end: at + found.length }
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(found)
    ? { value: Number(found), end: at + found.length }
    : undefined
}

function readText(text: string, at: number): { value: string; end: number } | undefined {
  const quote = text[at]
  let value = ''
  for (let index = at + 1; index < text.length; index += 1) {
    const char = text[index] as string
    if (char === quote) return { value, end: index + 1 }
    if (char !== '\\') {
      value += char
      continue
    }
    const letter = text[index + 1] ?? ''
    const length = CODE_LENGTHS[letter]
    if (length !== undefined) {
      const digits = text.slice(index + 2, index + 2 + length)
      const code = digits.length === length && /^[0-9a-f]+$/i.test(digits) ? Number.parseInt(digits, 16) : -1
      if (code < 0 || code > 0x10ffff) return undefined
      value += String.fromCodePoint(code)
      index += 1 + length
    } else {
      const meant = SHORT_ESCAPES[letter]
      if (meant === undefined) return undefined
      value += meant
      index += 1
    }
  }
  return undefined
}

/** Also a tuple, which becomes a list. */
function readList(
  text: string,
  at: number,
  close: string,
  depth: number,
): { value: Json[]; end: number } | undefined {
  const value: Json[] = []
  let index = at + 1
  while (text[index] !== close) {
    const item = readPythonValue(text, index, depth + 1)
    if (!item) return undefined
    value.push(item.value)
    const next = afterComma(text, item.end, close)
    if (next === undefined) return undefined
    index = next
  }
  return { value, end: index + 1 }
}

function readDict(
  text: string,
  at: number,
  depth: number,
): { value: { [key: string]: Json }; end: number } | undefined {
  const entries: [string, Json][] = []
  let index = at + 1
  while (text[index] !== '}') {
    const key = readPythonValue(text, index, depth + 1)
    if (!key || !text.startsWith(': ', key.end)) return undefined
    const item = readPythonValue(text, key.end + 2, depth + 1)
    if (!item) return undefined
    entries.push([String(key.value), item.value])
    const next = afterComma(text, item.end, '}')
    if (next === undefined) return undefined
    index = next
  }
  return { value: Object.fromEntries(entries), end: index + 1 }
}

/** Where the next item or the closing bracket stands. */
function afterComma(text: string, at: number, close: string): number | undefined {
  if (text[at] === close) return at
  if (text.startsWith(', ', at)) return at + 2
  return text[at] === ',' ? at + 1 : undefined
}
