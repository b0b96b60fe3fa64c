import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern, isOperator } from '../../src/command/permission.ts'

const UUID = '069a79f4-44e9-4726-a5be-fca90e38aaf5'
const PLAIN = UUID.replaceAll('-', '')

test('an operator is known by UUID, with or without dashes, in any case, whatever the name', () => {
  for (const written of [UUID, PLAIN, UUID.toUpperCase(), PLAIN.toUpperCase()]) {
    for (const told of [UUID, PLAIN, UUID.toUpperCase()])
      assert.equal(isOperator({ uuid: told, name: 'Renamed' }, ['Alex', written]), true, `${written} ${told}`)
  }
})

test('another UUID is not that operator, nor is a player whose UUID the server does not tell', () => {
  const other = `${UUID.slice(0, -1)}6`
  assert.equal(isOperator({ uuid: other, name: UUID }, [UUID]), false)
  assert.equal(isOperator({ name: 'Steve' }, [UUID]), false)
  assert.equal(isOperator({ name: PLAIN }, [PLAIN]), false)
})

test('an operator is known by the exact name: where logins are offline, another case is another player', () => {
  assert.equal(isOperator({ name: 'Steve' }, ['Steve']), true)
  assert.equal(isOperator({ uuid: UUID, name: 'Steve' }, ['Steve']), true)
  for (const name of ['steve', 'STEVE', 'Steve ', 'Stev', 'Steve2', ''])
    assert.equal(isOperator({ name }, ['Steve']), false, name)
  assert.equal(isOperator({ uuid: 'Steve', name: 'Alex' }, ['Steve']), false)
})

test('nobody is an operator of an empty list, and an unknown player of none', () => {
  assert.equal(isOperator({ uuid: UUID, name: 'Steve' }, []), false)
  assert.equal(isOperator({}, ['Steve', UUID]), false)
})

test('a chat pattern must match the whole line, whether it says so or not', () => {
  for (const source of ['<(?<player>\\w+)> (?<message>.*)', '^<(?<player>\\w+)> (?<message>.*)$']) {
    const pattern = compilePattern(source)
    assert.deepEqual(
      { ...pattern.exec('<Steve> !!pb make\nx')?.groups },
      { player: 'Steve', message: '!!pb make\nx' },
    )
    assert.equal(pattern.exec('[PB] <Steve> !!pb make'), null)
  }
  const either = compilePattern('(?<player>a)|b(?<message>.)')
  assert.equal(either.exec('ab'), null)
  assert.equal(either.exec('xbc'), null)
})
