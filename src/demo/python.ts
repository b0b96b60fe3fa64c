/** Values as Python writes them: Prime Backup's log prints its fields so. */

export type PythonValue = string | number | boolean | readonly PythonValue[] | { [key: string]: PythonValue }

/** Python's `repr`. */
export function pythonRepr(value: PythonValue): string {
  if (typeof value === 'string') return reprOfText(value)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  if (isList(value)) return `[${value.map(pythonRepr).join(', ')}]`
  const fields = Object.entries(value).map(([key, field]) => `${reprOfText(key)}: ${pythonRepr(field)}`)
  return `{${fields.join(', ')}}`
}

/** Python's `json.dumps` of plain ASCII: a space after each comma and colon. */
export function pythonJson(value: readonly string[] | { [key: string]: boolean }): string {
  if (isList(value)) return `[${value.map(text => JSON.stringify(text)).join(', ')}]`
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}: ${field}`)
  return `{${fields.join(', ')}}`
}

/** `Array.isArray` knows nothing of readonly arrays. */
function isList(value: object): value is readonly never[] {
  return Array.isArray(value)
}

const NAMED_ESCAPES: { [character: string]: string } = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** Double quotes where that spares an escape. */
function reprOfText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let escaped = ''
  for (const character of text) {
    const named = NAMED_ESCAPES[character]
    if (character === quote) escaped += `\\${quote}`
    else if (named !== undefined) escaped += named
    else if (isPrintable(character)) escaped += character
    else escaped += hexEscape(character.codePointAt(0) ?? 0)
  }
  return quote + escaped + quote
}

/** Python's `str.isprintable`: no separator but the space, no control, format, unassigned or lone half. */
function isPrintable(character: string): boolean {
  return character === ' ' || !/[\p{C}\p{Z}]/u.test(character)
}

function hexEscape(codePoint: number): string {
  const hex = codePoint.toString(16)
  if (codePoint < 0x100) return `\\x${hex.padStart(2, '0')}`
  return codePoint < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
