import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openHouse } from './house.ts'
import { SPEED } from './scaled.ts'

test('a bridge that was frozen for a minute, more than once, goes on where it was', async t => {
  const house = await openHouse({ seed: 4, lines: 300 })
  try {
    await house.enter()
    const child = house.child()
    for (let count = 0; count < 8; count++) {
      await sleep(house.random() * 100)
      child.kill('SIGSTOP')
      // Longer than the minute that a request may take.
      await sleep((60_000 / SPEED) * 1.2)
      house.verify()
      child.kill('SIGCONT')
    }
    house.receiver.calm = true
    assert.equal(await house.gone(), 0)
    const { position } = house.verify()
    assert.ok(position > 300)
    const figures = await house.finish()
    t.diagnostic(JSON.stringify(figures))
  } finally {
    await house.leave()
  }
})
