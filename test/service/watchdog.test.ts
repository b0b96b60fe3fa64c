import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startWatchdog } from '../../src/service/watchdog.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { until } from '../fake/until.ts'

const dir = mkdtempSync(join(tmpdir(), 'pb-watchdog-'))
after(() => rmSync(dir, { recursive: true }))

/** A `systemd-notify` that writes down what it was told, and by which socket. */
const heard = join(dir, 'heard')
writeFileSync(join(dir, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${heard}\n`)
chmodSync(join(dir, 'systemd-notify'), 0o755)
const words = () => (existsSync(heard) ? readFileSync(heard, 'utf8').trim().split('\n') : [])

test('systemd hears that the bridge is up, and twice in each period that it lives', async () => {
  const clock = fakeClock()
  const log = fakeLog()
  const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '600000000', PATH: dir }
  const watchdog = startWatchdog(env, { clock, log })
  await until('ready', () => words().length === 1)
  await clock.advance(299_000)
  assert.deepEqual(words(), ['/run/x --ready'])
  await clock.advance(2_000)
  await until('a beat', () => words().length === 2)
  await clock.advance(300_000)
  await until('another', () => words().length === 3)
  assert.deepEqual(words().slice(1), ['/run/x WATCHDOG=1', '/run/x WATCHDOG=1'])
  watchdog.stop()
  assert.equal(clock.pending(), 0)
  assert.deepEqual(log.said(), [])
})

test('where systemd did not start it, or wants no beats, nothing is said', async () => {
  const clock = fakeClock()
  const log = fakeLog()
  startWatchdog({ PATH: dir }, { clock, log })
  assert.equal(clock.pending(), 0)
})

test('a machine without systemd-notify is told of once, and the bridge goes on', async () => {
  const clock = fakeClock()
  const log = fakeLog()
  const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '60000000', PATH: join(dir, 'nowhere') }
  const watchdog = startWatchdog(env, { clock, log })
  await until('the warning', () => log.said().length === 1)
  await clock.advance(65_000)
  watchdog.stop()
  assert.match(
    log.said().join('\n'),
    /^systemd can't be told that the bridge is alive .*; install systemd-notify/,
  )
  assert.equal(log.said().length, 1)
})
