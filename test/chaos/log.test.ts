import assert from 'node:assert/strict'
import { test } from 'node:test'
import { besiegeLog } from './log-siege.ts'

test('forty times kill -9 of a bridge that follows a log loses no event of it, and tells none twice', async t => {
  const figures = await Promise.all([1, 2].map(seed => besiegeLog({ seed, kills: 20 })))
  for (const figure of figures) {
    t.diagnostic(JSON.stringify(figure))
    assert.ok(figure.events > 20 && figure.rotations > 0, 'too little happened')
  }
})
