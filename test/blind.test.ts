import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBridge } from '../src/bridge.ts'
import { parseConfig } from '../src/config.ts'
import { openMemory } from '../src/outbox/database.ts'
import { createStore } from '../src/outbox/store.ts'
import { startGame } from './fake/game.ts'
import { fakeLog } from './fake/log.ts'
import { passingClock } from './fake/passing.ts'
import { startReceiver } from './fake/receiver.ts'
import { until } from './fake/until.ts'

async function startBanned({ blind = true } = {}) {
  let banned = true
  const game = await startGame('1.20.4', {
    beforeLogin: client => {
      if (banned) client.end('You are not white-listed on this server!')
    },
  })
  const receiver = await startReceiver()
  const clock = passingClock()
  const log = fakeLog()
  const store = createStore(() => openMemory(), { clock, onHealth() {} })
  const config = {
    servers: [{ name: 'survival', minecraft: { port: game.port }, watch: { blind } }],
    notification: { enabled: true, endpoints: [{ name: 'hook', url: receiver.url, notices: true }] },
  }
  const bridge = createBridge(parseConfig(JSON.stringify(config), 'test', {}), {
    store,
    clock,
    log,
    random: () => 0.5,
  })
  bridge.start()
  await until('a refusal', () => log.said().some(line => /out of play|can't join/.test(line)), 15_000)
  return {
    clock,
    log,
    letIn: () => {
      banned = false
    },
    /** Once each: time that runs ahead of a request under way has it sent again. */
    codes: () => [
      ...new Map(receiver.requests.map(({ body }) => [JSON.parse(body).id, JSON.parse(body).code])).values(),
    ],
    async [Symbol.asyncDispose]() {
      await bridge.stop()
      await game.stop()
      await receiver.stop()
      store.close()
    },
  }
}

test('a bot that a server keeps out for five minutes is told of once, and so is its return', async () => {
  await using house = await startBanned()
  house.clock.pass(4 * 60_000)
  await sleep(50)
  assert.deepEqual(house.codes(), [])
  house.clock.pass(61_000)
  await until('the notice', () => house.codes().length === 1)
  assert.deepEqual(house.codes(), ['blind'])
  house.letIn()
  // The next try is due in ten minutes; from then on it takes the machine's own time.
  house.clock.pass(11 * 60_000)
  await until('its return', () => house.codes().length === 2, 30_000)
  assert.deepEqual(house.codes(), ['blind', 'sees_again'])
})

test('it is not told where that is switched off', async () => {
  await using house = await startBanned({ blind: false })
  house.clock.pass(6 * 60_000)
  await sleep(200)
  assert.deepEqual(house.codes(), [])
})
