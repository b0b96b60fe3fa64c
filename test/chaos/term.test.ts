/** The program itself, stopped while it sends. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { resolveEndpoints } from '../../src/delivery/endpoint.ts'
import { recipientsOf } from '../../src/delivery/recipient.ts'
import { silentLog } from '../../src/log.ts'
import { openStore } from '../../src/outbox/open.ts'
import { createOutbox } from '../../src/outbox/outbox.ts'
import { fullEvent } from '../delivery/fixture.ts'
import { closedPort } from '../fake/game.ts'
import { answer, hang, startReceiver } from '../fake/receiver.ts'
import { until } from '../fake/until.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const COUNT = 10
/** On a machine that does much else. */
const PATIENCE_MS = 30_000

function startBridge(t: TestContext, config: string) {
  const child = spawn(process.execPath, [CLI, 'run', '--config', config], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  return { child, gone: once(child, 'exit') as Promise<[number | null, string | null]> }
}

test('SIGTERM in mid-delivery ends the program within 5 s with code 0; the next run delivers the rest under the same ids', async t => {
  const receiver = await startReceiver(hang)
  t.after(() => receiver.stop())
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-term-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'config.json')
  const config = {
    servers: [
      { name: 'survival', minecraft: { host: '127.0.0.1', port: await closedPort(), username: 'Bot' } },
    ],
    notification: {
      enabled: true,
      endpoints: [{ name: 'hook', type: 'webhook', url: receiver.url, timeout: '60s' }],
    },
  }
  writeFileSync(file, JSON.stringify(config))
  await fill(file)

  const first = startBridge(t, file)
  await until('four deliveries are under way', () => receiver.requests.length === 4, PATIENCE_MS)
  const asked = performance.now()
  first.child.kill('SIGTERM')
  assert.deepEqual(await first.gone, [0, null])
  assert.ok(performance.now() - asked < 5_000)
  assert.equal(receiver.requests.length, 4)

  receiver.reply = answer(200)
  const second = startBridge(t, file)
  await until('all are delivered', () => receiver.requests.length === 4 + COUNT, PATIENCE_MS)
  second.child.kill('SIGTERM')
  assert.deepEqual(await second.gone, [0, null])
  const ids = receiver.requests.map(({ headers }) => headers['webhook-id'])
  assert.equal(new Set(ids).size, COUNT)
  assert.deepEqual(ids.slice(0, 4).sort(), ids.slice(4, 8).sort())
  const { store, close } = openStore(join(dir, 'data'), {
    clock: systemClock,
    log: silentLog,
    onNews: () => {},
  })
  const states = store.read(database => database.prepare('SELECT DISTINCT state FROM delivery').all())
  close()
  assert.deepEqual(
    states?.map(({ state }) => state),
    ['delivered'],
  )
})

/** Leaves deliveries in the store, as a bridge that was just stopped does. */
async function fill(file: string) {
  const config = loadConfig(file, {})
  const { store, close } = openStore(config.state.dir, {
    clock: systemClock,
    log: silentLog,
    onNews: () => {},
  })
  const outbox = createOutbox(
    { recipients: recipientsOf(resolveEndpoints(config.notification).endpoints), startExpiryMs: 900_000 },
    { store, clock: systemClock, log: silentLog, random: Math.random, onNews: () => {}, onWork: () => {} },
  )
  const events = Array.from({ length: COUNT }, (_, index) =>
    fullEvent('backup_success', { id: `t${index}-success`, taskId: `t${index}`, at: Date.now() }),
  )
  await outbox.accept(events)
  close()
}
