import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBridge } from '../src/bridge.ts'
import { systemClock } from '../src/clock.ts'
import { parseConfig } from '../src/config.ts'
import { createPrimeBackup } from '../src/demo/primebackup.ts'
import { createPracticeServer } from '../src/demo/server.ts'
import { openMemory } from '../src/outbox/database.ts'
import { createStore } from '../src/outbox/store.ts'
import { fakeLog } from './fake/log.ts'
import { answer, startReceiver } from './fake/receiver.ts'
import { until } from './fake/until.ts'

const BOT = 'PrimeBackupBot'

async function startGame(timings: { createMs?: number }) {
  const server = createPracticeServer({ clock: systemClock, operators: [BOT] })
  const { port } = await server.start()
  const primeBackup = createPrimeBackup({
    server,
    clock: systemClock,
    timings: { saveMs: 5, createMs: 5, ...timings },
  })
  primeBackup.start()
  return { port, primeBackup, stop: () => Promise.all([primeBackup.stop(), server.stop()]) }
}

/** Two servers, `survival` and `creative`, and a bridge whose config the test changes as it runs. */
async function startHouse(timings: { createMs?: number } = {}) {
  const receiver = await startReceiver()
  const games = { survival: await startGame(timings), creative: await startGame(timings) }
  const log = fakeLog()
  const database = openMemory()
  const exec = database.exec.bind(database)
  let refusal: Error | undefined
  database.exec = sql => {
    if (refusal) throw refusal
    exec(sql)
  }
  const store = createStore(() => database, { clock: systemClock, onHealth() {} })
  const hook = { name: 'hook', url: `${receiver.url}/hook` }
  type Change = {
    servers?: ('survival' | 'creative')[]
    endpoints?: object[]
    language?: string
    more?: object
  }

  function configOf({ servers = ['survival'], endpoints = [hook], language = 'en_us', more = {} }: Change) {
    const config = {
      servers: servers.map(name => ({ name, minecraft: { port: games[name].port }, ...more })),
      notification: { enabled: true, language, endpoints },
    }
    return parseConfig(JSON.stringify(config), 'test', {})
  }

  const bridge = createBridge(configOf({}), { store, clock: systemClock, log, random: Math.random })
  bridge.start()
  const joins = (server: string) =>
    log.lines.filter(
      ({ fields, message }) =>
        'server' in fields && fields.server === server && message.includes('is in play'),
    ).length
  const joined = (server: string, times: number) =>
    until(`${server} joined`, () => joins(server) === times, 20_000)
  await joined('survival', 1)
  return {
    receiver,
    games,
    hook,
    bridge,
    store,
    log,
    /** The disk takes nothing while there is an error. */
    refuse: (error: Error | undefined) => {
      refusal = error
    },
    joins,
    joined,
    reload: (change: Change) => bridge.reload(configOf(change)),
    paths: () => receiver.requests.map(({ path, body }) => `${path} ${JSON.parse(body).server.name}`),
    async [Symbol.asyncDispose]() {
      await bridge.stop()
      await Promise.all(Object.values(games).map(game => game.stop()))
      await receiver.stop()
      store.close()
    },
  }
}

test('the same config again touches nothing', async () => {
  await using house = await startHouse()
  assert.deepEqual(await house.reload({}), [])
  await house.games.survival.primeBackup.consoleMake('base')
  await until('the backup', () => house.receiver.requests.length === 2)
  assert.equal(house.joins('survival'), 1)
})

test('a server that is added, changed or removed touches no other', async () => {
  await using house = await startHouse()
  assert.deepEqual(await house.reload({ servers: ['survival', 'creative'] }), ['server creative: added'])
  await house.joined('creative', 1)
  await house.games.creative.primeBackup.consoleMake('base')
  await until('the backup', () => house.receiver.requests.length === 2)
  assert.deepEqual(house.paths(), ['/hook creative', '/hook creative'])
  assert.deepEqual(await house.reload({ servers: ['creative'] }), ['server survival: removed'])
  await house.games.survival.primeBackup.consoleMake('unseen')
  assert.deepEqual(await house.reload({ servers: ['creative'], more: { watch: { stuck: false } } }), [
    'server creative: changed',
  ])
  await house.joined('creative', 2)
  await house.games.creative.primeBackup.consoleMake('next')
  await until('the next backup', () => house.receiver.requests.length === 4)
  assert.ok(house.paths().every(path => path === '/hook creative'))
  assert.equal(house.joins('survival'), 1)
})

test('an endpoint that is added or changed is told from then on, without a bot leaving the game', async () => {
  await using house = await startHouse()
  const phone = { name: 'phone', url: `${house.receiver.url}/phone` }
  assert.deepEqual(await house.reload({ endpoints: [house.hook, phone] }), ['endpoint phone: added'])
  const moved = { ...house.hook, url: `${house.receiver.url}/moved` }
  assert.deepEqual(await house.reload({ endpoints: [moved, phone] }), ['endpoint hook: changed'])
  await house.games.survival.primeBackup.consoleMake('base')
  await until('both', () => house.receiver.requests.length === 4)
  assert.deepEqual(new Set(house.paths()), new Set(['/moved survival', '/phone survival']))
  assert.equal(house.joins('survival'), 1)
})

test('what waits for an endpoint that is removed is kept as a dead letter', async () => {
  await using house = await startHouse()
  house.receiver.reply = answer(503)
  await house.games.survival.primeBackup.consoleMake('base')
  await until('both wait', () => house.bridge.outbox.status()[0]?.active === 2)
  await until('a try', () => house.receiver.requests.length >= 1)
  assert.deepEqual(await house.reload({ endpoints: [] }), ['endpoint hook: removed'])
  const dead = () =>
    house.store.read(database =>
      database
        .prepare("SELECT body FROM delivery WHERE state = 'dead' AND event_id NOT LIKE 'notice%'")
        .all(),
    )
  await until('the dead letters', () => {
    house.store.flush()
    return dead()?.length === 2
  })
  for (const { body } of dead() ?? []) assert.equal(JSON.parse(String(body)).why, 'removed')
  assert.deepEqual(house.bridge.outbox.status(), [])
})

test('a backup that runs while another server is removed is not disturbed', async () => {
  await using house = await startHouse({ createMs: 1500 })
  await house.reload({ servers: ['survival', 'creative'] })
  await house.joined('creative', 1)
  const made = house.games.survival.primeBackup.consoleMake('slow')
  await until('its start', () => house.receiver.requests.length === 1)
  await house.reload({ servers: ['survival'] })
  await made
  await until('its end', () => house.receiver.requests.length === 2)
  const [start, end] = house.receiver.requests.map(({ body }) => JSON.parse(body))
  assert.deepEqual(
    [start.event, end.event, end.extra.inferred],
    ['backup_start', 'backup_success', undefined],
  )
  assert.equal(end.task_id, start.task_id)
})

test('a server that is changed while the disk is full goes on from what waits for the disk', async () => {
  await using house = await startHouse()
  const full = new Error('database or disk is full')
  await house.games.survival.primeBackup.consoleMake('first')
  await until('the first', () => house.receiver.requests.length === 2)
  house.refuse(full)
  await house.games.survival.primeBackup.consoleMake('second')
  await until('the second', () => house.receiver.requests.length === 4)
  await house.reload({ more: { watch: { grace: '20m' } } })
  await house.joined('survival', 2)
  house.refuse(undefined)
  house.store.flush()
  await house.games.survival.primeBackup.consoleMake('third')
  await until('the third', () => house.receiver.requests.length === 6)
  const ids = house.receiver.requests.map(({ body }) => JSON.parse(body).id)
  assert.equal(new Set(ids).size, 6)
})
