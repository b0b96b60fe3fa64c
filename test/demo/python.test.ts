import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pythonJson, pythonRepr } from '../../src/demo/python.ts'

/** What Python 3.11 prints of each, `json.dumps(repr(text))`. */
const REPRS: [text: string, repr: string][] = [
  ['', "''"],
  ['hello', "'hello'"],
  ["it's", '"it\'s"'],
  ['say "hi"', '\'say "hi"\''],
  ['it\'s "both"', "'it\\'s \"both\"'"],
  ['a\\b', "'a\\\\b'"],
  ['tab\there\nline\r', "'tab\\there\\nline\\r'"],
  ['\0\x1f\x7f\x80\xa0é', "'\\x00\\x1f\\x7f\\x80\\xa0é'"],
  ['测试 §cred 🎉', "'测试 §cred 🎉'"],
  ['zero\u200bwidth\u2028sep\ufeff', "'zero\\u200bwidth\\u2028sep\\ufeff'"],
  ['\u{e0041}tag', "'\\U000e0041tag'"],
  ['\ue000\xad\u3000', "'\\ue000\\xad\\u3000'"],
  ['\u{1f9ff}\u{10ffff}', "'\u{1f9ff}\\U0010ffff'"],
  ['half \ud83c', "'half \\ud83c'"],
]

test('a text is quoted and escaped as Python does', () => {
  for (const [text, repr] of REPRS) assert.equal(pythonRepr(text), repr)
})

test('lists, dicts, numbers and booleans are printed as Python does', () => {
  assert.equal(pythonRepr(["a'b", 'c']), "[\"a'b\", 'c']")
  assert.equal(pythonRepr({ temporary: true, n: 3, no: false }), "{'temporary': True, 'n': 3, 'no': False}")
  assert.equal(pythonRepr([]), '[]')
  assert.equal(pythonRepr({}), '{}')
  assert.equal(pythonJson(['world', 'nether']), '["world", "nether"]')
  assert.equal(pythonJson({ temporary: true, scheduled: false }), '{"temporary": true, "scheduled": false}')
})
