import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration, formatDuration, parseDuration } from '../src/duration.ts'
import { fc } from './fake/property.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Every unit of Prime Backup, and its length. */
const UNITS: [units: string, ms: number][] = [
  ['ms', 1],
  ['s sec', SECOND],
  ['m min', MINUTE],
  ['h hour', HOUR],
  ['d day', DAY],
  ['mon month', 30 * DAY],
  ['y year', 365 * DAY],
]

function faultOf(schema: ReturnType<typeof duration>, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message
}

for (const [units, unitMs] of UNITS) {
  for (const unit of units.split(' ')) {
    test(`a number with the unit ${unit} is so many times ${unitMs} ms, in any case, with or without a space`, () => {
      for (const text of [`3${unit}`, `3 ${unit}`, ` 3  ${unit.toUpperCase()} `])
        assert.equal(parseDuration(text), 3 * unitMs, text)
      assert.equal(parseDuration(`1.5${unit}`), 1.5 * unitMs)
      assert.equal(parseDuration(`.5${unit}`), 0.5 * unitMs)
      assert.equal(parseDuration(`0${unit}`), 0)
    })
  }
}

test('the units of the ms package are known in all their spellings', () => {
  const table = {
    '2 seconds': 2 * SECOND,
    '2 mins': 2 * MINUTE,
    '2hrs': 2 * HOUR,
    '2 Days': 2 * DAY,
    '1w': 7 * DAY,
  }
  for (const [text, ms] of Object.entries(table)) assert.equal(parseDuration(text), ms, text)
})

test('a bare number is seconds', () => {
  assert.equal(parseDuration(90), 90 * SECOND)
  assert.equal(parseDuration(0.25), 250)
  assert.equal(parseDuration(0), 0)
})

test('what has no unit, an unknown one or a sign is no duration', () => {
  const texts = [
    '',
    '5',
    '5.',
    's',
    '-5s',
    '+5s',
    '5 parsecs',
    '1h30m',
    '1e3s',
    '5,5s',
    '五秒',
    'Infinitys',
    '5s x',
  ]
  for (const text of texts) assert.equal(parseDuration(text), undefined, text)
  for (const number of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(parseDuration(number), undefined)
})

test('a word that every JavaScript object knows is no unit', () => {
  for (const word of ['constructor', 'tostring', 'valueof', '__proto__'])
    assert.equal(parseDuration(`5 ${word}`), undefined, word)
})

test('whatever the text, the answer is undefined or a number of milliseconds that is not negative', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.tuple(fc.integer(), fc.string()).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(texts, text => {
      const ms = parseDuration(text)
      assert.ok(ms === undefined || ms >= 0)
    }),
  )
})

test('a duration of the config falls back to its default, which is read as if it were written', () => {
  assert.equal(duration('10s').parse(undefined), 10 * SECOND)
  assert.equal(duration('1mon').parse(undefined), 30 * DAY)
})

test('a duration of the config takes its bounds, and names them in the unit of the file beyond', () => {
  const schema = duration('10s', { min: '1s', max: '1h' })
  assert.equal(schema.parse('1s'), SECOND)
  assert.equal(schema.parse('60min'), HOUR)
  assert.equal(faultOf(schema, '999ms'), 'is too short; write "1s" to "1h"')
  assert.equal(faultOf(schema, 3601), 'is too long; write "1s" to "1h"')
  assert.equal(faultOf(duration('10s', { min: '1s' }), 0), 'is too short; write at least "1s"')
  assert.equal(faultOf(duration('10s', { max: '1h' }), '2h'), 'is too long; write "0s" to "1h"')
})

test('what is no duration is told with an example', () => {
  const message =
    'is no duration; write a number and a unit, for example "10s" (units: ms, s, m, h, d, mon, y)'
  for (const value of ['soon', '10', -1]) assert.equal(faultOf(duration('10s'), value), message)
})

test('a duration is shown to people in two units at most', () => {
  const table: [number, string, string][] = [
    [0, '0 s', '0 秒'],
    [240, '0.24 s', '0.24 秒'],
    [5000, '5 s', '5 秒'],
    [12_345, '12.3 s', '12.3 秒'],
    [MINUTE - 51, '59.9 s', '59.9 秒'],
    [MINUTE - 50, '1 min', '1 分'],
    [MINUTE, '1 min', '1 分'],
    [2 * MINUTE + 5 * SECOND, '2 min 5 s', '2 分 5 秒'],
    [HOUR + 5 * SECOND, '1 h', '1 小时'],
    [HOUR + 59 * MINUTE + 59 * SECOND, '1 h 59 min', '1 小时 59 分'],
    [3 * DAY + 4 * HOUR + MINUTE, '3 d 4 h', '3 天 4 小时'],
    [2 * MINUTE - 1, '2 min', '2 分'],
  ]
  for (const [ms, english, chinese] of table) {
    assert.equal(formatDuration(ms), english)
    assert.equal(formatDuration(ms, 'zh_cn'), chinese)
  }
})
