import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { harmless, jsonLine, localTime, relativeTime, renderTable, widthOf } from '../../src/cli/table.ts'

describe('a table for a terminal', () => {
  it('has plain columns, aligned by what a terminal shows', () => {
    const rows = [
      ['phone', 'dead', 'x'],
      ['手机', 'waiting', ''],
      ['한글テスト', '-', 'longer than its head'],
    ]
    assert.deepEqual(renderTable(['NAME', 'STATE', 'WHY'], rows).split('\n'), [
      'NAME        STATE    WHY',
      'phone       dead     x',
      '手机        waiting',
      '한글テスト  -        longer than its head',
    ])
  })

  it('counts two columns for what is wide, none for what combines', () => {
    for (const [text, width] of [
      ['abc', 3],
      ['备份', 4],
      ['ｆｕ', 4],
      ['，。', 4],
      ['e\u0301', 1],
      ['😀', 2],
      ['𠮷', 2],
      ['é…✓', 3],
    ] as const)
      assert.equal(widthOf(text), width, text)
  })

  it('lets nothing from outside steer the terminal', () => {
    const nasty = '\u001b]0;owned\u0007a\r\n\u009b31mb\u202ec\ud800'
    assert.equal(harmless(nasty), ']0;owned a 31mb c\ufffd')
    assert.equal(renderTable(['A'], [[nasty]]).split('\n').length, 2)
    const line = jsonLine({ nasty })
    assert.doesNotMatch(line, /[\p{Cc}]/u)
    assert.deepEqual(JSON.parse(line), { nasty })
  })
})

describe('times', () => {
  it('are local', () => {
    const at = new Date(2026, 10, 25, 8, 51, 25).getTime()
    assert.equal(localTime(at), '2026-11-25 08:51:25')
  })

  it('are told as people say them', () => {
    const now = Date.UTC(2026, 10, 25)
    assert.equal(relativeTime(now, now), 'now')
    assert.equal(relativeTime(now - 400, now), 'now')
    assert.equal(relativeTime(now - 61_000, now), '1 min 1 s ago')
    assert.equal(relativeTime(now - 3 * 86_400_000, now), '3 d ago')
    assert.equal(relativeTime(now + 300_000, now), 'in 5 min')
  })
})
