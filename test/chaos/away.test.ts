/** A receiver that is away for two days, and one that stays away: what came, when, and what a person saw. Virtual time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createBridge } from '../../src/bridge.ts'
import { parseConfig } from '../../src/config.ts'
import { openMemory } from '../../src/outbox/database.ts'
import { createStore } from '../../src/outbox/store.ts'
import { fullEvent } from '../delivery/fixture.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { answer, startReceiver } from '../fake/receiver.ts'

const HOUR = 3_600_000
const STEP_MS = 30_000

type Came = { hour: number; event: string; task: string; title: string }

/** The real bridge without its bots, a receiver whose door can be shut, and a phone that hears the notices. */
async function scene(t: TestContext) {
  const clock = fakeClock()
  const begin = clock.now()
  const came: Came[] = []
  const hourNow = () => (clock.now() - begin) / HOUR
  const door = createServer((request, response) => {
    void text(request).then(body => {
      const { event, task_id: task, title } = JSON.parse(body)
      came.push({ hour: hourNow(), event, task, title })
      response.end()
    })
  })
  async function open(port = 0) {
    door.listen(port, '127.0.0.1')
    await once(door, 'listening')
    return (door.address() as AddressInfo).port
  }
  async function shut() {
    door.close()
    door.closeAllConnections()
    await once(door, 'close')
  }
  const port = await open()
  const phone = await startReceiver(answer(200, { code: 200, message: 'success', timestamp: 1 }))
  const heard: { hour: number; title: string; body: string }[] = []
  const { reply } = phone
  phone.reply = (response, request) => {
    const { title, body } = JSON.parse(request.body)
    heard.push({ hour: Math.round(hourNow()), title, body })
    reply(response, request)
  }
  const config = parseConfig(
    JSON.stringify({
      servers: [{ name: 'survival', minecraft: { username: 'Bot' } }],
      notification: {
        enabled: true,
        retry: { jitter: 0 },
        endpoints: [
          { name: 'away', type: 'webhook', url: `http://127.0.0.1:${port}/` },
          // Nothing but notices.
          { name: 'phone', type: 'bark', url: phone.url, bark: { device_key: 'k' }, events: [] },
        ],
      },
    }),
    'config.json',
    {},
  )
  const store = createStore(openMemory, { clock, onHealth: () => {} })
  const bridge = createBridge(config, { store, clock, log: fakeLog(), random: () => 0.5 })
  t.after(async () => {
    await bridge.stop()
    store.close()
    await phone.stop()
    if (door.listening) await shut()
  })

  /** Virtual time stands still while a request is on its way. */
  async function settle() {
    for (;;) {
      store.flush()
      const sending = store.read(database =>
        database.prepare("SELECT count(*) AS count FROM delivery WHERE state = 'sending'").get(),
      )
      if (sending?.count === 0) return
      await setImmediate()
    }
  }
  async function pass(ms: number) {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await clock.advance(Math.min(left, STEP_MS))
      await settle()
    }
  }

  return {
    clock,
    came,
    heard,
    pass,
    shut,
    open: () => open(port),
    outbox: bridge.outbox,
    /** A backup that takes five minutes. */
    async backup(id: number) {
      const of = { taskId: `backup-${id}`, backup: { id } }
      await bridge.outbox.accept([
        fullEvent('backup_start', { ...of, id: `backup-${id}-start`, at: clock.now() }),
      ])
      await settle()
      await pass(300_000)
      await bridge.outbox.accept([
        fullEvent('backup_success', { ...of, id: `backup-${id}-success`, at: clock.now() }),
      ])
      await settle()
    },
    states: () =>
      store.read(database =>
        Object.fromEntries(
          database
            .prepare("SELECT id, state FROM delivery WHERE endpoint = 'away' ORDER BY id")
            .all()
            .map(({ id, state }) => [id, state]),
        ),
      ),
  }
}

test('after two days away everything that still counts arrives, late and saying so, and nobody had to do anything', async t => {
  const { came, heard, pass, shut, open, backup, states } = await scene(t)
  await backup(1)
  assert.deepEqual(
    came.map(({ event }) => event),
    ['backup_start', 'backup_success'],
  )
  came.length = 0
  await shut()
  // Two days with a backup every twelve hours.
  for (const id of [2, 3, 4, 5]) {
    await backup(id)
    await pass(12 * HOUR - 300_000)
  }
  assert.equal(came.length, 0)
  await open()
  await pass(30 * HOUR)

  // Each success once; the starts were worth nothing any more.
  assert.deepEqual(
    came.map(({ event, task }) => `${task} ${event}`).sort(),
    [2, 3, 4, 5].map(id => `backup-${id} backup_success`),
  )
  for (const { title } of came) assert.match(title, /late/i)
  // The schedule's longest step is a day: nothing came later than that after the receiver was back, at hour 48.
  for (const { hour } of came) assert.ok(hour > 48 && hour <= 48.1 + 24, `${hour}`)
  assert.deepEqual(states(), {
    'backup-1-start@away': 'delivered',
    'backup-1-success@away': 'delivered',
    ...Object.fromEntries(
      [2, 3, 4, 5].flatMap(id => [
        [`backup-${id}-start@away`, 'expired'],
        [`backup-${id}-success@away`, 'delivered'],
      ]),
    ),
  })
  t.diagnostic(came.map(({ hour, task }) => `${task} at hour ${hour.toFixed(1)}`).join(', '))
  // Three days of failing is what a person is told of; two mend themselves.
  assert.deepEqual(heard, [])
})

test('an endpoint that stays away is paused after three days, is tried every six hours, and people hear of both its ends', async t => {
  const { came, heard, pass, shut, open, backup, outbox, states } = await scene(t)
  await shut()
  await backup(1)
  for (let day = 0; day < 4; day++) {
    await pass(24 * HOUR)
    await backup(day + 2)
  }
  const paused = heard.filter(({ title, body }) => /paused/.test(title + body))
  assert.equal(paused.length, 1)
  const [first] = paused
  assert.ok(first && first.hour >= 72 && first.hour <= 97, `${first?.hour}`)
  assert.match(first.body, /away/)
  assert.match(first.body, /resume away/)
  assert.notEqual(outbox.status().find(({ endpoint }) => endpoint === 'away')?.pausedAt, null)

  await open()
  await pass(6 * HOUR + 60_000)
  assert.ok(came.length > 0, 'the next try of the paused endpoint reached it')
  await pass(30 * HOUR)
  const last = heard.at(-1)
  assert.match(`${last?.title}${last?.body}`, /works again/)
  // What had its last try in vain before is a dead letter, and was told as one, with what to do; the rest arrived.
  const dead = heard.filter(({ body }) => /could not be delivered/.test(body))
  for (const { body } of dead) assert.match(body, /pb-bridge resend backup-\d-success@away/)
  const lost = [1, 2, 3, 4, 5].filter(id => states()?.[`backup-${id}-success@away`] === 'dead')
  assert.equal(dead.length, lost.length)
  assert.deepEqual(
    came.map(({ task, event }) => `${task} ${event}`).sort(),
    [1, 2, 3, 4, 5].filter(id => !lost.includes(id)).map(id => `backup-${id} backup_success`),
  )
  t.diagnostic(heard.map(({ hour, body }) => `hour ${hour}: ${body}`).join('\n'))
})
