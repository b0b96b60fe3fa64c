import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPythonValue } from '../../src/primebackup/python.ts'
import { fc } from '../fake/property.ts'

function read(text: string) {
  return readPythonValue(text, 0)?.value
}

test('texts are read with either quote and every escape that repr writes', () => {
  assert.equal(read("'hello'"), 'hello')
  assert.equal(read(`"it's"`), "it's")
  assert.equal(read(String.raw`'it\'s "both"'`), `it's "both"`)
  assert.equal(read(String.raw`'a\\b\n\r\t\x07\x00'`), 'a\\b\n\r\t\x07\0')
  assert.equal(read(String.raw`'\u2028 \U000e0001'`), '\u2028 \u{e0001}')
  assert.equal(read("'世界 😀'"), '世界 😀')
  assert.equal(read("''"), '')
})

test('lists, tuples, dicts, numbers and names are read', () => {
  assert.deepEqual(read("['world', 'it\\'s']"), ['world', "it's"])
  assert.deepEqual(read("('world',)"), ['world'])
  assert.deepEqual(read("{'scheduled': True, 'n': -1.5e3, 'x': None, 'in': {'y': [False]}}"), {
    scheduled: true,
    n: -1500,
    x: null,
    in: { y: [false] },
  })
  assert.deepEqual(read('[]'), [])
  assert.deepEqual(read('{}'), {})
})

test('a value ends where it ends, and what follows is left', () => {
  assert.deepEqual(readPythonValue("creator 'player:Steve', comment", 8), { value: 'player:Steve', end: 22 })
})

test('what is no value is none', () => {
  for (const text of [
    '',
    "'open",
    '[1',
    "{'a' 1}",
    "{'a': }",
    "'\\q'",
    "'\\x4'",
    "'\\U00110000'",
    'world',
    '[1 2]',
  ])
    assert.equal(readPythonValue(text, 0), undefined, text)
})

test('no text makes it throw, and none makes it go deep', () => {
  assert.equal(read('['.repeat(100_000)), undefined)
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'\'"[](){}\\,: xuUn0aTrue') }), text => {
      readPythonValue(text, 0)
    }),
  )
})

/** As Python's repr writes a text (CPython, `unicode_repr`), for the characters of the property below. */
function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const inner = [...text].map(char => {
    if (char === '\\' || char === quote) return `\\${char}`
    if (char === '\n') return '\\n'
    if (char === '\t') return '\\t'
    const code = char.codePointAt(0) ?? 0
    if (code < 32 || code === 127) return `\\x${code.toString(16).padStart(2, '0')}`
    return char
  })
  return `${quote}${inner.join('')}${quote}`
}

test('whatever a player writes into a comment is read as it was written', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom("'", '"', '\\', '\n', '\x01', ',', ' ', '}') }),
      (a, b) => {
        const text = a + b
        assert.equal(read(repr(text)), text)
      },
    ),
  )
})
