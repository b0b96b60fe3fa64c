import assert from 'node:assert/strict'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createBridge } from '../src/bridge.ts'
import { systemClock } from '../src/clock.ts'
import { parseConfig } from '../src/config.ts'
import { createPrimeBackup } from '../src/demo/primebackup.ts'
import { createPracticeServer } from '../src/demo/server.ts'
import { initialState, lifecycleSchema, observe } from '../src/lifecycle.ts'
import { openMemory } from '../src/outbox/database.ts'
import { createStore } from '../src/outbox/store.ts'
import { fakeLog } from './fake/log.ts'
import { startReceiver } from './fake/receiver.ts'
import { until } from './fake/until.ts'

const BOT = 'PrimeBackupBot'

/** A database in which an earlier run left a backup open, begun an hour and a half ago. */
function leftOpen(): DatabaseSync {
  const database = openMemory()
  const at = Date.now() - 90 * 60_000
  const options = lifecycleSchema.parse({})
  const attached = observe(initialState('survival'), { type: 'attached', at, source: 'chat' }, options)
  const { state } = observe(attached.state, { type: 'backup_started', at, source: 'chat' }, options)
  database.prepare('INSERT INTO state (server, body) VALUES (?, ?)').run('survival', JSON.stringify(state))
  return database
}

async function startAll(open: () => DatabaseSync) {
  const receiver = await startReceiver()
  const server = createPracticeServer({ clock: systemClock, operators: [BOT] })
  const { port } = await server.start()
  const primeBackup = createPrimeBackup({ server, clock: systemClock, timings: { saveMs: 5, createMs: 5 } })
  primeBackup.start()
  const log = fakeLog()
  const store = createStore(open, {
    clock: systemClock,
    onHealth: health => bridge.storeNews({ type: 'health', health }),
  })
  const config = {
    servers: [{ name: 'survival', minecraft: { port } }],
    notification: { enabled: true, endpoints: [{ name: 'hook', url: receiver.url }] },
  }
  const bridge = createBridge(parseConfig(JSON.stringify(config), 'test', {}), {
    store,
    clock: systemClock,
    log,
    random: Math.random,
  })
  bridge.start()
  await until('the bot is in play', () => log.said().some(line => line.includes('is in play')), 15_000)
  return {
    receiver,
    primeBackup,
    store,
    log,
    async [Symbol.asyncDispose]() {
      await bridge.stop()
      await primeBackup.stop()
      await server.stop()
      await receiver.stop()
      store.close()
    },
  }
}

function told(bodies: { body: string }[]): [string, string | undefined][] {
  return bodies.map(({ body }) => {
    const { event, message } = JSON.parse(body)
    return [event, message]
  })
}

test('a backup that an earlier run left open ends as unknown, once', async () => {
  await using all = await startAll(leftOpen)
  await until('its end', () => all.receiver.requests.length === 1)
  assert.deepEqual(told(all.receiver.requests), [['backup_failure', 'outcome_unknown']])
})

test('a state that could not be read at the start is not written over, and its backup ends too', async () => {
  let refuses = true
  const database = leftOpen()
  await using all = await startAll(() => {
    if (refuses) throw new Error('disk full')
    return database
  })
  await until('the store is at risk', () => all.store.health().atRisk)
  refuses = false
  await until('the end of what was open', () => all.receiver.requests.length >= 1, 10_000)
  assert.deepEqual(told(all.receiver.requests), [['backup_failure', 'outcome_unknown']])
  await all.primeBackup.consoleMake('next')
  await until('the next backup', () => all.receiver.requests.length === 3)
  assert.deepEqual(told(all.receiver.requests).slice(1), [
    ['backup_start', undefined],
    ['backup_success', undefined],
  ])
})

test('a stored state that is none is set aside, and the lifecycle begins anew', async () => {
  for (const body of ['"x"', '{"backup":{},"restore":{}}', 'not JSON']) {
    const database = openMemory()
    database.prepare('INSERT INTO state (server, body) VALUES (?, ?)').run('survival', body)
    await using all = await startAll(() => database)
    await all.primeBackup.consoleMake('base')
    await until('the backup', () => all.receiver.requests.length === 2)
    const kept = database.prepare("SELECT body FROM state WHERE server LIKE 'survival (unreadable%'").get()
    assert.equal(kept?.body, body)
    assert.ok(all.log.said().some(line => line.includes('unreadable')))
  }
})
