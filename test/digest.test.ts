import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBridge } from '../src/bridge.ts'
import { parseConfig } from '../src/config.ts'
import { openMemory } from '../src/outbox/database.ts'
import { createStore } from '../src/outbox/store.ts'
import { fullEvent } from './delivery/fixture.ts'
import { fakeLog } from './fake/log.ts'
import { passingClock } from './fake/passing.ts'
import { answer, startReceiver } from './fake/receiver.ts'
import { until } from './fake/until.ts'

test('a digest that can not be delivered is told of elsewhere, since it stands for events', async t => {
  const receiver = await startReceiver((response, request) =>
    answer(request.path === '/phone' ? 413 : 200)(response, request),
  )
  t.after(() => receiver.stop())
  const clock = passingClock()
  const store = createStore(() => openMemory(), { clock, onHealth() {} })
  const endpoints = ['phone', 'other'].map(name => ({ name, url: `${receiver.url}/${name}`, notices: true }))
  const config = {
    servers: [{ name: 'survival', mcdr: { log: '/nowhere/MCDR.log' } }],
    notification: { enabled: true, endpoints },
  }
  const bridge = createBridge(parseConfig(JSON.stringify(config), 'test', {}), {
    store,
    clock,
    log: fakeLog(),
    random: () => 0.5,
  })
  t.after(async () => {
    await bridge.stop()
    store.close()
  })
  bridge.start()
  await bridge.outbox.mute('phone', clock.now() + 60_000)
  const failed = (id: string) => fullEvent('backup_failure', { id, taskId: id, at: clock.now() })
  await bridge.outbox.accept([failed('a'), failed('b')])
  clock.pass(61_000)
  const codes = () =>
    receiver.requests.flatMap(({ path, body }) => {
      const { code, body: text } = JSON.parse(body)
      return path === '/other' && code === 'dead_letter' ? [text] : []
    })
  await until('the notice', () => codes().length === 1)
  assert.match(codes()[0], /a notification \(digest\) could not be delivered to phone: HTTP 413/)
})
